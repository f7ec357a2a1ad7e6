"""Large tall problems are solved by their moments: the same answers as by their rows."""

import numpy as np
import pytest

from lasso_problems import gap_of, problem
from mlqa_fast.linear_model import ElasticNet, Lasso, _tall, enet_path, lasso_cd, lasso_path

WEIGHTS = np.where(np.arange(300) % 5 == 2, 0.0, np.linspace(0.5, 2, 300))


@pytest.fixture(params=[1.0, 1e4], ids=["near 0", "far off"])
def data(request):
    return problem(300, 10, shift=request.param)


@pytest.fixture
def by_moments(monkeypatch):
    """Counts the problems that are solved by their moments, whatever their size."""
    calls = []
    solve = _tall.fold_moments
    monkeypatch.setattr(_tall, "LARGE", 0)
    monkeypatch.setattr(_tall, "fold_moments", lambda rows: calls.append(1) or solve(rows))
    return calls


@pytest.mark.parametrize("estimator", [Lasso, ElasticNet])
@pytest.mark.parametrize(
    "options",
    [{}, {"positive": True}, {"bounds": (-0.2, 0.5)}, {"penalty_factor": np.r_[0, np.ones(9)]}],
)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_estimators(data, by_moments, monkeypatch, estimator, options, weights, dtype):
    X, y = data[0].astype(dtype), data[1]
    options = {"alpha": 0.03, "tol": 1e-10 if dtype is np.float64 else 1e-6} | options
    one = estimator(**options).fit(X, y, weights)
    assert by_moments
    ratio = 1.0 if estimator is Lasso else 0.5
    penalty = {name: value for name, value in options.items() if name not in ("alpha", "tol")}
    gap = gap_of(X, y, one.coef_, 0.03, l1_ratio=ratio, weights=weights, **penalty)
    assert gap <= one.dual_gap_
    monkeypatch.setattr(_tall, "LARGE", 1 << 20)
    other = estimator(**options).fit(X, y, weights)
    close = 1e-6 if dtype is np.float64 else 1e-2
    np.testing.assert_allclose(one.coef_, other.coef_, atol=close)
    assert one.coef_.dtype == dtype
    assert one.intercept_ == pytest.approx(other.intercept_, rel=close, abs=close)


def test_paths_and_their_grids(by_moments, monkeypatch):
    X, y = problem(300, 10)

    def paths():
        yield lasso_path(X, y, alphas=20, tol=1e-10)
        yield enet_path(X, y, l1_ratio=0.4, alphas=20, tol=1e-10)
        yield np.array([0.01, 0.1]), lasso_cd(X, y, [0.01, 0.1], tol=1e-10).coef

    ours = list(paths())
    assert len(by_moments) == 3
    monkeypatch.setattr(_tall, "LARGE", 1 << 20)
    for one, other in zip(ours, paths(), strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=1e-10)
        np.testing.assert_allclose(one[1], other[1], atol=1e-5)


def test_what_needs_rows_is_solved_by_them(by_moments):
    X, y = problem(300, 10)
    lasso_path(X, y, alphas=3, precompute=X.T @ X)
    lasso_path(X, y, alphas=3, coef_init=np.ones(10))
    lasso_cd(X, y, 0.1, updates="residual")
    Lasso().fit(X, np.c_[y, y])
    Lasso().fit(*problem(50, 20))
    assert not by_moments
    constant = np.r_[np.ones(299), 1 + 1e-9]
    model = Lasso(alpha=1e-3).fit(np.c_[X, constant], y)
    assert len(by_moments) == 1
    assert np.all(np.isfinite(model.coef_))
