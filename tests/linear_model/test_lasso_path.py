"""lasso_path and enet_path: scikit-learn's results, collinear data."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model as peer
from sklearn.exceptions import ConvergenceWarning

from lasso_problems import energy, gap_of, peer_path, problem, standardised
from mlqa_fast.linear_model import enet_path, lasso_alpha_max, lasso_cd, lasso_path


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("positive", [False, True])
def test_path_equals_scikit_learn(degree, positive):
    X, y = standardised(degree)
    options = {"positive": positive, "tol": 1e-8}
    alphas, coefs, gaps = lasso_path(X, y, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # theirs, on collinear monomials
        want = peer.lasso_path(X, y, max_iter=5000, **options)
    np.testing.assert_allclose(alphas, want[0], rtol=1e-12)
    assert coefs.shape == want[1].shape
    assert gaps.shape == want[2].shape
    scale = np.abs(y).max()
    np.testing.assert_allclose(X @ coefs, X @ want[1], atol=1e-2 * scale)
    assert np.all(gaps <= want[2] + 1e-12 * y @ y)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.01])
@pytest.mark.parametrize("positive", [False, True])
def test_elastic_net_path_equals_scikit_learn(l1_ratio, positive):
    X, y = problem(60, 40, shift=0.0)
    options = {"l1_ratio": l1_ratio, "positive": positive, "tol": 1e-9, "max_iter": 10**6}
    alphas, coefs, gaps = enet_path(X, y, alphas=20, **options)
    want = peer.enet_path(X, y, alphas=alphas, **options)
    np.testing.assert_allclose(alphas, enet_path(X, y, alphas=20, **options)[0], rtol=1e-12)
    np.testing.assert_allclose(coefs, want[1], atol=1e-5)
    assert np.all(gaps <= want[2] + 1e-12 * y @ y)
    c = X.T @ y
    largest = np.max(c if positive else np.abs(c)) / (60 * l1_ratio)
    np.testing.assert_allclose(alphas, np.geomspace(largest, 1e-3 * largest, 20), rtol=1e-12)


def test_a_grid_begins_where_the_penalised_features_enter():
    """Free features are fitted first."""
    X, y = problem(60, 12, shift=0.0)
    factor = np.array([0.0, 0.0, *np.linspace(0.5, 2, 10)])
    alphas, coefs, _ = lasso_path(X, y, alphas=10, penalty_factor=factor, tol=1e-10)
    assert np.all(np.count_nonzero(coefs, axis=0) >= 2)
    assert np.count_nonzero(coefs[:, 0]) == 2
    np.testing.assert_allclose(coefs[:2, 0], np.linalg.lstsq(X[:, :2], y, rcond=None)[0])
    nearly = lasso_path(X, y, alphas=[0.999 * alphas[0]], penalty_factor=factor, tol=1e-10)[1]
    assert np.count_nonzero(nearly) == 3


def test_no_grid_without_a_penalty_on_absolute_values():
    X, y = problem(20, 5)
    with pytest.raises(ValueError, match="not supported for l1_ratio=0"):
        enet_path(X, y, l1_ratio=0.0)


def test_path_returns_passes_and_sorts_alphas():
    X, y = problem(30, 10)
    alphas, coefs, gaps, passes = lasso_path(X, y, alphas=[0.1, 1.0, 0.5], return_n_iter=True)
    np.testing.assert_array_equal(alphas, [1.0, 0.5, 0.1])
    assert (coefs.shape, gaps.shape) == ((10, 3), (3,))
    assert isinstance(passes, list)
    assert all(isinstance(n, int) for n in passes)
    again = lasso_cd(X, y, [0.1, 1.0, 0.5], fit_intercept=False)
    np.testing.assert_array_equal(again.coef, coefs[:, [2, 0, 1]])


def test_no_correlated_feature_gives_the_peers_grid():
    X = np.ones((5, 2))
    want = peer_path(X, np.zeros(5), 3)
    alphas, coefs, gaps = lasso_path(X, np.zeros(5), alphas=3)
    np.testing.assert_array_equal(alphas, want[0])
    assert not np.any(coefs)
    assert not np.any(gaps)


def test_collinear_path_is_exact():
    """Monomials of degree three, many of them exact copies: the solver has to move along ties."""
    X, y = standardised(3)
    alphas, coefs, gaps = lasso_path(X, y)
    worst = max(gap_of(X, y, coefs[:, k], alphas[k], fit_intercept=False) for k in range(0, 100, 9))
    assert worst <= gaps.max() <= 1.01e-4 * 2 * energy(y)
    assert np.median(gaps) < 1e-9 * energy(y)


@pytest.mark.parametrize("shape", [(60, 200), (200, 60), (50, 50)])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("factors", [False, True])
def test_paths_are_exact_while_features_come_and_go(shape, positive, factors):
    """The factor of the support grows and shrinks along the path; every solution is exact."""
    rng = np.random.default_rng(7)
    n, p = shape
    X = rng.normal(size=(n, 12)) @ rng.normal(size=(12, p)) + 0.3 * rng.normal(size=(n, p))
    y = X[:, :8] @ rng.normal(size=8) + rng.normal(size=n)
    given = {"positive": positive, "penalty_factor": rng.uniform(0.5, 2, p) if factors else None}
    alphas, coefs, gaps = lasso_path(X, y, alphas=60, tol=1e-11, **given)
    support = coefs != 0
    left = np.sum(support[:, :-1] & ~support[:, 1:])
    assert left > 1
    for k in range(0, 60, 7):
        gap = gap_of(X, y, coefs[:, k], alphas[k], fit_intercept=False, **given)
        assert gap <= gaps[k]
    assert gaps.max() < 1e-10 * energy(y)


COLUMNS = {
    "normal": lambda rng, n, p: rng.normal(size=(n, p)),
    "one large entry": lambda rng, n, p: rng.normal(size=(n, p)) + 50 * np.eye(n, p),
    "of many sizes": lambda rng, n, p: rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-8, 8, p),
    "whole numbers": lambda rng, n, p: rng.integers(-1, 2, (n, p)).astype(float),
    "half steps of 1/127": lambda rng, n, p: np.vstack(
        [np.ones((1, p)), (rng.integers(-120, 120, (n - 1, p)) + 0.499) / 127]
    ),
}


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.usefixtures("isa")
def test_no_feature_is_missed_among_many(columns, dtype, fit_intercept):
    """Enough for copies of the columns in 8 bits, whose errors the bounds have to cover."""
    rng = np.random.default_rng(3)
    X = COLUMNS[columns](rng, 70, 2100).astype(dtype)
    scale = np.linalg.norm(X[:, :6], axis=0)
    y = X[:, :6].astype(float) @ (rng.normal(size=6) / scale) + 0.05 * rng.normal(size=70)
    alphas = lasso_alpha_max(X, y, fit_intercept=fit_intercept) * np.geomspace(1, 1e-2, 25)
    tol = 1e-10 if dtype == np.float64 else 1e-6
    path = lasso_cd(X, y, alphas, fit_intercept=fit_intercept, tol=tol, max_iter=10**5)
    assert np.all(path.converged)
    for k in range(0, 25, 4):
        gap = gap_of(X, y, path.coef[:, k], alphas[k], fit_intercept=fit_intercept)
        assert gap <= path.dual_gap[k]


def test_the_replacement_of_n_alphas_is_named():
    X, y = problem(20, 5)
    with pytest.raises(ValueError, match="n_alphas was replaced by alphas"):
        lasso_path(X, y, n_alphas=3)


def test_verbose_shows_progress(capsys):
    X, y = problem(20, 5)
    lasso_path(X, y, alphas=4, verbose=True)
    assert "lasso path" in capsys.readouterr().err
