"""Lasso, lasso_path and lasso_cd: the definition, scikit-learn, optimality, degenerate data."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures

import mlqa_fast.linear_model
from mlqa_fast import reference
from mlqa_fast._mlqa_fast_core import core
from mlqa_fast.linear_model import Lasso, lasso_cd, lasso_path

UPDATES = ["gram", "covariance", "residual"]
every_update = pytest.mark.parametrize("updates", UPDATES)


def problem(n, p, seed=0, shift=1.0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shift
    w = np.where(rng.random(p) < 0.3, rng.normal(size=p), 0.0)
    return X, X @ w + noise * rng.normal(size=n) + 2.0


def standardised(degree):
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(degree, include_bias=False).fit_transform(X / X.std(0))
    return (X - X.mean(0)) / X.std(0), y - y.mean()


def gap_of(X, y, coef, alpha, *, weights=None, positive=False, fit_intercept=True):
    """The duality gap in extended precision, from the data as given."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    y, w = np.asarray(y).astype(np.longdouble), np.asarray(coef).astype(np.longdouble)
    n = len(y)
    s = np.ones(n) if weights is None else np.asarray(weights).astype(np.longdouble)
    s = s * (n / np.sum(s))
    if fit_intercept:
        X, y = X - s @ X / n, y - s @ y / n
    X, y = X * np.sqrt(s)[:, None], y * np.sqrt(s)
    lam = n * np.longdouble(alpha)
    return float(reference.linear_model.duality_gap(X, y, w, lam, positive) / n)


def energy(y):
    """The scale of gaps, ||y||^2 / (2n) of the centred target."""
    return np.mean((y - np.mean(y)) ** 2) / 2


# --- the definition and the peer ---------------------------------------------------------------


@every_update
@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (200, 5), (30, 30)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.sanitize
def test_equals_the_definition(updates, shape, fit_intercept, positive):
    X, y = problem(*shape)
    options = {"fit_intercept": fit_intercept, "positive": positive}
    options |= {"tol": 1e-10, "max_iter": 100_000}
    alphas = np.array([1.0, 0.1, 0.3])
    ours = lasso_cd(X, y, alphas, updates=updates, **options)
    want = reference.linear_model.lasso_cd(X, y, alphas, **options)
    np.testing.assert_allclose(ours.coef, want.coef, atol=1e-5)
    np.testing.assert_allclose(ours.intercept, want.intercept, atol=1e-4)
    assert np.all(ours.converged)
    for k, alpha in enumerate(alphas):
        gap = gap_of(X, y, ours.coef[:, k], alpha, positive=positive, fit_intercept=fit_intercept)
        assert gap <= ours.dual_gap[k] <= 1e-8 * (y @ y)


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csc_matrix, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"positive": True}])
@pytest.mark.sanitize
def test_equals_scikit_learn(shape, dtype, container, weighted, options):
    X, y = problem(*shape)
    X[np.abs(X) < 0.5] = 0
    X = X.astype(dtype)
    weights = np.random.default_rng(1).integers(0, 4, len(y)) + 0.5 if weighted else None
    want = peer.Lasso(0.1, tol=1e-12, max_iter=10**6, **options)
    want.fit(X.astype(np.float64), y, weights)
    tol, close = (1e-10, 1e-7) if dtype == np.float64 else (1e-6, 1e-4)
    ours = Lasso(0.1, tol=tol, **options).fit(container(X), y, weights)
    assert ours.coef_.dtype == dtype
    np.testing.assert_allclose(ours.coef_, want.coef_, atol=close)
    np.testing.assert_allclose(ours.intercept_, want.intercept_, atol=10 * close)
    np.testing.assert_allclose(
        ours.predict(container(X)), want.predict(X.astype(np.float64)), atol=100 * close
    )


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


def test_path_returns_passes_and_sorts_alphas():
    X, y = problem(30, 10)
    alphas, coefs, gaps, passes = lasso_path(X, y, alphas=[0.1, 1.0, 0.5], return_n_iter=True)
    np.testing.assert_array_equal(alphas, [1.0, 0.5, 0.1])
    assert (coefs.shape, gaps.shape) == ((10, 3), (3,))
    assert isinstance(passes, list)
    assert all(isinstance(n, int) for n in passes)
    again = lasso_cd(X, y, [0.1, 1.0, 0.5], fit_intercept=False)
    np.testing.assert_array_equal(again.coef, coefs[:, [2, 0, 1]])


def test_multi_task_paths_are_scikit_learns():
    X, y = problem(30, 6)
    Y = np.c_[y, X[:, 0]]
    for mine, want in zip(lasso_path(X, Y, alphas=5), peer.lasso_path(X, Y, alphas=5), strict=True):
        np.testing.assert_array_equal(mine, want)
    with pytest.raises(ValueError, match="positive=True is not allowed"):
        lasso_path(X, Y, positive=True)


def test_several_targets_are_fitted_one_by_one():
    X, y = problem(40, 8)
    Y = np.c_[y, X[:, 0] - X[:, 1], np.zeros(40)]
    both = Lasso(0.05).fit(X, Y)
    assert both.coef_.shape == (3, 8)
    assert both.predict(X).shape == (40, 3)
    for k in range(3):
        one = Lasso(0.05).fit(X, Y[:, k])
        np.testing.assert_array_equal(both.coef_[k], one.coef_)
        assert both.intercept_[k] == one.intercept_
        assert both.dual_gap_[k] == one.dual_gap_
        assert both.n_iter_[k] == one.n_iter_
    assert both.sparse_coef_.shape == (3, 8)


# --- certificates ------------------------------------------------------------------------------


@every_update
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-8])
@pytest.mark.parametrize("kind", ["plain", "weighted", "sparse", "far from the origin"])
@pytest.mark.sanitize
def test_the_gap_is_a_true_bound(updates, dtype, tol, kind):
    X, y = problem(80, 50, shift=1e3 if kind == "far from the origin" else 1.0)
    if kind == "sparse":
        X[np.abs(X) < 0.8] = 0
    X = X.astype(dtype)
    weights = np.random.default_rng(3).uniform(0, 2, 80) if kind == "weighted" else None
    solution = lasso_cd(
        sp.csc_matrix(X) if kind == "sparse" else X,
        y,
        np.geomspace(2, 2e-3, 12),
        sample_weight=weights,
        tol=tol,
        updates=updates,
        max_iter=10**5,
    )
    for k, alpha in enumerate(np.geomspace(2, 2e-3, 12)):
        gap = gap_of(X, y, solution.coef[:, k], alpha, weights=weights)
        assert gap <= solution.dual_gap[k]
        # Beyond the tolerance only what the data's precision hides.
        hidden = np.finfo(dtype).eps * (np.abs(X) @ np.abs(solution.coef[:, k])).max()
        assert solution.dual_gap[k] <= 2 * tol * energy(y) * 1.5 + 100 * hidden * np.std(y)


@every_update
def test_optimality_conditions(updates):
    X, y = problem(100, 40)
    alpha = 0.05
    ours = lasso_cd(X, y, alpha, tol=1e-12, updates=updates, max_iter=10**5)
    r = y - X @ ours.coef - ours.intercept
    g = (X - X.mean(0)).T @ r / len(y)
    support = ours.coef != 0
    assert 0 < support.sum() < 40
    np.testing.assert_allclose(g[support], alpha * np.sign(ours.coef[support]), atol=1e-6)
    assert np.all(np.abs(g[~support]) <= alpha * (1 + 1e-6))
    assert abs(r.mean()) < 1e-10


def test_a_tolerance_below_rounding_is_reached_there():
    X, y = problem(60, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in (np.float64, np.float32):
            assert Lasso(0.01, tol=0.0).fit(X.astype(dtype), y).n_iter_ < 1000


@every_update
def test_warning_carries_the_gap_reached(updates):
    X, y = standardised(2)
    with pytest.warns(ConvergenceWarning, match="Objective did not converge") as caught:
        solution = lasso_cd(X, y, 1e-3, max_iter=1, updates=updates)
    assert f"Duality gap: {solution.dual_gap * len(y):.6e}" in str(caught[0].message)
    assert not solution.converged
    assert solution.n_iter == 1
    assert gap_of(X, y, solution.coef, 1e-3) <= solution.dual_gap


def test_time_limit_ends_with_the_warning_and_a_certificate():
    X, y = standardised(3)
    with pytest.warns(ConvergenceWarning):
        solution = lasso_cd(X, y, 1e-6, tol=1e-14, max_iter=10**9, max_time=0, updates="residual")
    assert gap_of(X, y, solution.coef, 1e-6) <= solution.dual_gap


# --- warm starts -------------------------------------------------------------------------------


@every_update
def test_a_start_within_tolerance_is_the_answer(updates):
    X, y = problem(80, 30)
    first = lasso_cd(X, y, 0.05, updates=updates)
    again = lasso_cd(X, y, 0.05, updates=updates, coef_init=first.coef)
    assert first.n_iter > 0
    assert again.n_iter == 0
    np.testing.assert_array_equal(first.coef, again.coef)


def test_warm_start_of_the_estimator():
    X, y = problem(80, 30)
    model = Lasso(0.05, warm_start=True).fit(X, y)
    coef, passes = model.coef_.copy(), model.n_iter_
    assert passes > 0
    assert model.fit(X, y).n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, coef)
    assert Lasso(0.05).fit(X, y).n_iter_ == passes
    assert model.set_params(alpha=0.01).fit(X, y).n_iter_ > 0
    np.testing.assert_allclose(model.coef_, Lasso(0.01).fit(X, y).coef_, atol=1e-3)


@every_update
@pytest.mark.parametrize("start", [1e6, -1e-3])
def test_bad_starts_are_left_behind(updates, start):
    X, y = problem(60, 20)
    options = {"tol": 1e-10, "max_iter": 10**5, "updates": updates}
    ours = lasso_cd(X, y, 0.1, coef_init=np.full(20, start), **options)
    np.testing.assert_allclose(ours.coef, lasso_cd(X, y, 0.1, **options).coef, atol=1e-6)


# --- invariances -------------------------------------------------------------------------------


def test_columns_may_be_permuted():
    X, y = problem(60, 25)
    order = np.random.default_rng(2).permutation(25)
    ours = Lasso(0.05, tol=1e-12).fit(X[:, order], y)
    np.testing.assert_allclose(ours.coef_, Lasso(0.05, tol=1e-12).fit(X, y).coef_[order], atol=1e-9)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e100])
def test_data_may_be_scaled(scale):
    X, y = problem(60, 25)
    plain = Lasso(0.05, tol=1e-10).fit(X, y)
    target = Lasso(0.05 * scale, tol=1e-10).fit(X, y * scale)
    np.testing.assert_allclose(target.coef_, plain.coef_ * scale, rtol=1e-6, atol=1e-7 * scale)
    data = Lasso(0.05 * scale, tol=1e-10).fit(X * scale, y)
    np.testing.assert_allclose(data.coef_ * scale, plain.coef_, rtol=1e-6, atol=1e-7)


@every_update
@pytest.mark.parametrize("container", [np.asarray, sp.csc_matrix])
def test_weights_are_repetitions(updates, container):
    X, y = problem(40, 15)
    counts = np.random.default_rng(4).integers(0, 4, 40)
    options = {"tol": 1e-10, "updates": updates, "max_iter": 10**5}
    weighted = lasso_cd(container(X), y, 0.1, sample_weight=counts, **options)
    repeated = lasso_cd(container(X.repeat(counts, 0)), y.repeat(counts), 0.1, **options)
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-6)
    np.testing.assert_allclose(weighted.intercept, repeated.intercept, atol=1e-5)


@pytest.mark.parametrize("shift", [0.0, 3.0, 1e4])
def test_sparse_equals_dense(shift):
    X, y = problem(200, 60)
    X[np.abs(X) < 1.5] = 0
    X[X != 0] += shift
    for fit_intercept in (True, False):
        options = {"fit_intercept": fit_intercept, "tol": 1e-10, "max_iter": 10**5}
        alphas = [1.0, 0.1]
        dense = lasso_cd(X, y, alphas, **options)
        thin = lasso_cd(sp.csc_matrix(X), y, alphas, **options)
        np.testing.assert_allclose(thin.coef, dense.coef, atol=1e-6)
        np.testing.assert_allclose(thin.intercept, dense.intercept, atol=1e-5 * (1 + shift))


def test_sparse_with_repeated_entries_and_wide_indices():
    X, y = problem(30, 8)
    X[np.abs(X) < 0.7] = 0
    clean = sp.csc_matrix(X)
    double = sp.csc_matrix(
        (np.repeat(clean.data / 2, 2), np.repeat(clean.indices, 2), clean.indptr * 2),
        shape=X.shape,
    )
    want = lasso_cd(clean, y, 0.1, tol=1e-10)
    np.testing.assert_allclose(lasso_cd(double, y, 0.1, tol=1e-10).coef, want.coef, atol=1e-9)
    assert double.nnz == 2 * clean.nnz


@pytest.mark.parametrize("updates", UPDATES)
def test_layouts_give_the_same_bits(updates):
    X, y = problem(70, 20)
    want = lasso_cd(np.asfortranarray(X), y, [0.1, 0.01], fit_intercept=False, updates=updates)
    read_only = X.copy()
    read_only.flags.writeable = False
    padded = np.zeros((140, 60))
    padded[::2, ::3] = X
    layouts = [X, read_only, padded[::2, ::3], X[::-1, ::-1].copy()[::-1, ::-1]]
    for layout in layouts:
        got = lasso_cd(layout, y, [0.1, 0.01], fit_intercept=False, updates=updates)
        np.testing.assert_array_equal(got.coef, want.coef)
        np.testing.assert_array_equal(got.dual_gap, want.dual_gap)


@pytest.mark.parametrize("level", core.isa_levels())
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 513])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_length_on_every_instruction_set(level, n, dtype):
    """Every remainder of every loop, from all but the definition's own arithmetic."""
    X, y = problem(n, 7, seed=n)
    X = X.astype(dtype)
    before = core.isa_current()
    core.isa_use(level)
    try:
        for updates in UPDATES:
            options = {"fit_intercept": False, "tol": 1e-9, "max_iter": 10**5}
            ours = lasso_cd(X, y, [0.5, 0.05], updates=updates, **options)
            want = reference.linear_model.lasso_cd(X, y, [0.5, 0.05], **options)
            for k, alpha in enumerate([0.5, 0.05]):
                a, b = (
                    gap_of(X, y, s.coef[:, k], alpha, fit_intercept=False) for s in (ours, want)
                )
                assert a <= max(b, 0) + 1e-6 * (y @ y)
                assert a <= ours.dual_gap[k]
    finally:
        core.isa_use(before)


# --- degenerate data ---------------------------------------------------------------------------


@every_update
def test_duplicate_and_opposite_columns(updates):
    X, y = problem(50, 10)
    twice = np.hstack([X, X, -X[:, :5]])
    alphas = np.geomspace(1, 1e-4, 20)
    ours = lasso_cd(twice, y, alphas, tol=1e-9, updates=updates, max_iter=10**5)
    once = lasso_cd(X, y, alphas, tol=1e-9, max_iter=10**5)
    assert np.all(ours.converged)
    np.testing.assert_allclose(twice @ ours.coef, X @ once.coef, atol=1e-3 * np.abs(y).max())


@every_update
def test_linearly_dependent_columns(updates):
    X, y = problem(60, 12)
    rng = np.random.default_rng(5)
    X = np.hstack([X, X @ rng.normal(size=(12, 8)) / 3])
    for alpha in (0.5, 0.05, 0.005):
        solution = lasso_cd(X, y, alpha, updates=updates, max_iter=10**5)
        assert solution.converged
        assert gap_of(X, y, solution.coef, alpha) <= solution.dual_gap <= 4e-4 * energy(y)


@every_update
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e8])
@pytest.mark.parametrize("container", [np.asarray, sp.csc_matrix])
def test_constant_columns_have_no_weight(updates, value, container):
    X, y = problem(50, 6)
    X[:, [1, 4]] = value
    ours = lasso_cd(container(X), y, [0.1, 1e-9], updates=updates, max_iter=10**5)
    assert np.all(ours.coef[[1, 4]] == 0)
    rest = np.delete(X, [1, 4], axis=1)
    want = lasso_cd(rest, y, [0.1, 1e-9], updates=updates, max_iter=10**5)
    np.testing.assert_allclose(np.delete(ours.coef, [1, 4], axis=0), want.coef, atol=1e-3)


@every_update
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_smallest_shapes(updates, shape, fit_intercept):
    X, y = problem(*shape, seed=3)
    ours = lasso_cd(X, y, 0.1, fit_intercept=fit_intercept, updates=updates, tol=1e-10)
    gap = gap_of(X, y, ours.coef, 0.1, fit_intercept=fit_intercept)
    assert gap <= ours.dual_gap <= 1e-8 * (1 + y @ y)
    if shape[0] == 1 and fit_intercept:
        assert np.all(ours.coef == 0)
        assert ours.intercept == y[0]


@every_update
@pytest.mark.parametrize("positive", [False, True])
def test_the_largest_useful_penalty(updates, positive):
    X, y = problem(40, 9)
    c = (X - X.mean(0)).T @ (y - y.mean()) / 40
    largest = np.max(c if positive else np.abs(c))
    options = {"updates": updates, "positive": positive, "tol": 0.0}
    assert not np.any(lasso_cd(X, y, largest * (1 + 1e-9), **options).coef)
    assert lasso_cd(X, y, 10 * largest, **options).n_iter == 0
    assert np.sum(lasso_cd(X, y, largest * 0.999, **options).coef != 0) == 1


@every_update
def test_no_penalty_is_least_squares(updates):
    X, y = problem(60, 8)
    ours = lasso_cd(X, y, 0.0, tol=1e-14, max_iter=10**5, updates=updates)
    want = peer.LinearRegression().fit(X, y)
    np.testing.assert_allclose(ours.coef, want.coef_, atol=1e-5)
    with pytest.warns(UserWarning, match="With alpha=0, this algorithm does not converge well"):
        Lasso(0.0).fit(X, y)


def test_no_penalty_and_positive_is_non_negative_least_squares():
    from scipy.optimize import nnls

    X, y = problem(60, 8, shift=0.0)
    ours = lasso_cd(X, y, 0.0, positive=True, fit_intercept=False, tol=1e-14, max_iter=10**5)
    np.testing.assert_allclose(ours.coef, nnls(X, y)[0], atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_target(value):
    X, _ = problem(30, 5)
    ours = Lasso(0.1).fit(X, np.full(30, value))
    assert not np.any(ours.coef_)
    assert (ours.intercept_, ours.dual_gap_, ours.n_iter_) == (value, 0.0, 0)


def test_no_correlated_feature_gives_the_peers_grid():
    X = np.ones((5, 2))
    want = peer.lasso_path(X, np.zeros(5), alphas=3)
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


def test_overflow_is_an_error():
    X, y = problem(20, 3)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter values"):
        Lasso(0.1).fit(X * 1e307, y)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 30),
    p=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
    alpha=st.floats(1e-3, 10),
    lattice=st.booleans(),
    positive=st.booleans(),
    fit_intercept=st.booleans(),
    weighted=st.booleans(),
    thin=st.booleans(),
    updates=st.sampled_from(["auto", *UPDATES]),
)
def test_any_problem_is_solved_to_its_certificate(
    n, p, seed, alpha, lattice, positive, fit_intercept, weighted, thin, updates
):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = rng.normal(size=n)
    if lattice:  # ties, copies, constant columns
        X, y = np.round(X), np.round(y)
    weights = rng.integers(0, 3, n).astype(float) if weighted else None
    assume(not weighted or weights.sum() > 0)
    solution = lasso_cd(
        sp.csc_matrix(X) if thin else X,
        y,
        alpha,
        fit_intercept=fit_intercept,
        sample_weight=weights,
        positive=positive,
        updates=updates,
        max_iter=10**6,
        tol=1e-6,
    )
    gap = gap_of(
        X, y, solution.coef, alpha, weights=weights, positive=positive, fit_intercept=fit_intercept
    )
    assert solution.converged
    assert gap <= solution.dual_gap <= 1e-5 * (1 + y @ y)
    assert not positive or np.all(solution.coef >= 0)


# --- the estimator and its arguments -----------------------------------------------------------


def test_a_gram_matrix_may_be_given():
    X, y = problem(50, 10, shift=0.0)
    want = Lasso(0.05, fit_intercept=False, tol=1e-10).fit(X, y).coef_
    for gram in (X.T @ X, np.asfortranarray(X.T @ X), True):
        ours = Lasso(0.05, fit_intercept=False, tol=1e-10, precompute=gram).fit(X, y)
        np.testing.assert_allclose(ours.coef_, want, atol=1e-8)
    alphas, coefs, _ = lasso_path(X, y, precompute=X.T @ X, Xy=X.T @ y, tol=1e-10)
    plain = lasso_path(X, y, tol=1e-10)
    np.testing.assert_allclose(alphas, plain[0], rtol=1e-12)
    np.testing.assert_allclose(coefs, plain[1], atol=1e-7)


def test_a_gram_matrix_of_centred_data_with_an_intercept():
    X, y = problem(50, 10)
    with pytest.warns(UserWarning, match="Gram matrix was provided but X was centered"):
        ours = Lasso(0.05, precompute=X.T @ X).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, Lasso(0.05).fit(X, y).coef_)
    centred = X - X.mean(0)
    ours = Lasso(0.05, precompute=centred.T @ centred, tol=1e-10).fit(centred, y)
    want = Lasso(0.05, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(ours.coef_, want.coef_, atol=1e-8)


def test_nothing_is_written_to_the_inputs():
    X, y = problem(50, 10)
    weights = np.ones(50)
    start = np.ones(10)
    kept = copy.deepcopy((X, y, weights, start))
    Lasso(0.1, copy_X=False).fit(X, y, weights)
    lasso_cd(X, y, 0.1, coef_init=start, sample_weight=weights)
    lasso_path(X, y, copy_X=False, coef_init=start)
    for mine, before in zip((X, y, weights, start), kept, strict=True):
        np.testing.assert_array_equal(mine, before)


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(monkeypatch):
    X, y = problem(50, 10)
    model = Lasso(0.1).fit(X, y)
    before = pickle.dumps(model)

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlqa_fast.linear_model._lasso.solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(2 * X, y)
    assert pickle.dumps(model) == before


def test_fitted_state_is_plain_and_survives_pickling():
    X, y = problem(50, 10)
    model = pickle.loads(pickle.dumps(Lasso(0.1).fit(X, y)))
    np.testing.assert_array_equal(model.predict(X), Lasso(0.1).fit(X, y).predict(X))
    assert isinstance(model.n_iter_, int)
    assert model.sparse_coef_.shape == (1, 10)
    np.testing.assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)


def test_no_intercept_is_zero():
    X, y = problem(50, 10)
    assert Lasso(0.1, fit_intercept=False).fit(X, y).intercept_ == 0.0


def test_check_input_false_skips_the_checks():
    X, y = problem(50, 10)
    want = Lasso(0.1).fit(X, y).coef_
    np.testing.assert_array_equal(Lasso(0.1).fit(X, y, check_input=False).coef_, want)
    alphas, _, _ = lasso_path(X, y, alphas=3, check_input=False)
    assert alphas.shape == (3,)


def test_estimators_path_is_the_function():
    X, y = problem(20, 5)
    np.testing.assert_array_equal(
        Lasso.path(X, y, alphas=4, l1_ratio=1)[1], lasso_path(X, y, alphas=4)[1]
    )


def test_the_replacement_of_n_alphas_is_named():
    X, y = problem(20, 5)
    with pytest.raises(ValueError, match="n_alphas was replaced by alphas"):
        lasso_path(X, y, n_alphas=3)


def test_verbose_shows_progress(capsys):
    X, y = problem(20, 5)
    lasso_path(X, y, alphas=4, verbose=True)
    assert "lasso path" in capsys.readouterr().err


def test_missing_classes_name_scikit_learns():
    with pytest.raises(AttributeError, match=r"sklearn\.linear_model\.ElasticNet"):
        _ = mlqa_fast.linear_model.ElasticNet
    with pytest.raises(AttributeError, match=r"no attribute 'Nothing'$"):
        _ = mlqa_fast.linear_model.Nothing
