"""lasso_alpha_max: the definition, and the threshold seen in solutions."""

import numpy as np
import pytest
import scipy.sparse as sp

from lasso_problems import problem
from mlqa_fast import reference
from mlqa_fast.linear_model import lasso_alpha_max, lasso_cd

KINDS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "elastic net": {"l1_ratio": 0.3},
    "positive": {"positive": True},
    "weighted": {"sample_weight": np.linspace(0, 2, 50)},
    "factors": {"penalty_factor": np.linspace(0.5, 3, 12)},
    "free": {"penalty_factor": np.r_[0.0, 0.0, np.inf, np.ones(9)]},
    "free and positive": {"penalty_factor": np.r_[np.zeros(4), np.ones(8)], "positive": True},
    "bounded": {"bounds": (np.r_[np.zeros(6), -np.ones(6)], np.r_[np.ones(3), np.zeros(9)])},
}


@pytest.mark.parametrize("container", [np.asarray, sp.csc_matrix])
@pytest.mark.parametrize("kind", KINDS)
def test_is_the_definition(kind, container):
    X, y = problem(50, 12)
    X[np.abs(X) < 0.4] = 0
    want = reference.linear_model.lasso_alpha_max(X, y, **KINDS[kind])
    assert lasso_alpha_max(container(X), y, **KINDS[kind]) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_coefficient_leaves_zero_there(kind):
    X, y = problem(50, 12)
    alpha = lasso_alpha_max(X, y, **KINDS[kind])
    factor = KINDS[kind].get("penalty_factor", np.ones(12))
    for share, entered in ((1.001, 0), (0.999, 1)):
        coef = lasso_cd(X, y, share * alpha, tol=1e-12, max_iter=10**5, **KINDS[kind]).coef
        assert np.count_nonzero(coef[factor > 0]) == entered


def test_nothing_to_explain():
    assert lasso_alpha_max(np.eye(3), np.ones(3)) == 1e-15
