"""Lasso, lasso_path and lasso_cd: the definition, scikit-learn, optimality, degenerate data."""

import numpy as np
import pytest
import scipy.sparse as sp

from mlqa_fast import reference
from mlqa_fast.linear_model import lasso_cd

UPDATES = ["gram", "covariance", "residual"]
every_update = pytest.mark.parametrize("updates", UPDATES)


def problem(n, p, seed=0, shift=1.0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shift
    w = np.where(rng.random(p) < 0.3, rng.normal(size=p), 0.0)
    return X, X @ w + noise * rng.normal(size=n) + 2.0


def gap_of(X, y, coef, alpha, *, weights=None, positive=False, fit_intercept=True):
    """The duality gap in extended precision, from the data as given."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    y, w = np.asarray(y).astype(np.longdouble), np.asarray(coef).astype(np.longdouble)
    n = len(y)
    s = np.ones(n) if weights is None else np.asarray(weights) * (n / np.sum(weights))
    if fit_intercept:
        X, y = X - s @ X / n, y - s @ y / n
    root = np.sqrt(s)
    return float(
        reference.linear_model.duality_gap(
            X * root[:, None], y * root, w, n * np.longdouble(alpha), positive
        )
        / n
    )


@every_update
@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (200, 5), (30, 30)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
def test_equals_the_definition(updates, shape, fit_intercept, positive):
    X, y = problem(*shape)
    kwargs = {
        "fit_intercept": fit_intercept,
        "positive": positive,
        "tol": 1e-10,
        "max_iter": 100_000,
    }
    alphas = np.array([1.0, 0.1, 0.3])
    ours = lasso_cd(X, y, alphas, updates=updates, **kwargs)
    want = reference.linear_model.lasso_cd(X, y, alphas, **kwargs)
    np.testing.assert_allclose(ours.coef, want.coef, atol=1e-5)
    np.testing.assert_allclose(ours.intercept, want.intercept, atol=1e-4)
    assert np.all(ours.converged)
    for k, alpha in enumerate(alphas):
        gap = gap_of(X, y, ours.coef[:, k], alpha, positive=positive, fit_intercept=fit_intercept)
        assert gap <= ours.dual_gap[k] <= 1e-8 * (y @ y)
