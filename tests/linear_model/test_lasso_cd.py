"""lasso_cd: the definition, its certificate, invariances, degenerate data."""

import warnings
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from lasso_problems import UPDATES, energy, gap_of, problem, standardised
from mlqa_fast import reference
from mlqa_fast._mlqa_fast_core import core
from mlqa_fast.linear_model import Lasso, lasso_cd

every_update = pytest.mark.parametrize("updates", UPDATES)


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


ALPHAS = np.array([1.0, 0.1, 0.3])
FACTORS = {
    "none": lambda p: None,
    "unequal": lambda p: np.random.default_rng(8).uniform(0.2, 3, p),
    "free": lambda p: np.where(np.arange(p) % 5 == 1, 0.0, 1.5),
    "left out": lambda p: np.where(np.arange(p) % 4 == 1, np.inf, np.arange(p) % 3),
}
RANGES = {
    "none": lambda p: {},
    "positive": lambda p: {"positive": True},
    "a box": lambda p: {"bounds": (-0.3, 0.2)},
    "some": lambda p: {
        "bounds": (
            np.where(np.arange(p) % 3 == 0, 0.0, -np.inf),
            np.where(np.arange(p) % 4 == 0, 0.1, np.inf),
        )
    },
}


def penalised(shape, l1_ratio, factors, ranges):
    X, y = problem(*shape)
    given = {"l1_ratio": l1_ratio, "penalty_factor": FACTORS[factors](shape[1])}
    return X, y, given | RANGES[ranges](shape[1])


@cache
def by_definition(*case):
    X, y, given = penalised(*case)
    return reference.linear_model.lasso_cd(X, y, ALPHAS, tol=1e-9, max_iter=10**5, **given)


@every_update
@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.02])
@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("ranges", RANGES)
def test_penalties_and_bounds_are_those_of_the_definition(
    updates, shape, l1_ratio, factors, ranges
):
    X, y, given = penalised(shape, l1_ratio, factors, ranges)
    ours = lasso_cd(X, y, ALPHAS, updates=updates, tol=1e-10, max_iter=10**5, **given)
    want = by_definition(shape, l1_ratio, factors, ranges)
    np.testing.assert_allclose(X @ ours.coef, X @ want.coef, atol=1e-3)
    if shape[0] > shape[1]:
        np.testing.assert_allclose(ours.coef, want.coef, atol=1e-4)
    assert np.all(ours.converged)
    low, high = given.get("bounds", (-np.inf, np.inf))
    for k, alpha in enumerate(ALPHAS):
        coef = ours.coef[:, k]
        assert np.all((coef >= low) & (coef <= high) & (coef >= 0 if "positive" in given else True))
        assert gap_of(X, y, coef, alpha, **given) <= ours.dual_gap[k] <= 1e-8 * (y @ y)


@every_update
def test_free_features_that_depend_on_each_other(updates):
    X, y = problem(50, 12)
    X[:, 2] = X[:, 0] - X[:, 1]
    factor = np.where(np.arange(12) < 3, 0.0, 1.0)
    ours = lasso_cd(X, y, 0.1, updates=updates, penalty_factor=factor, tol=1e-9, max_iter=10**5)
    assert ours.converged
    less = lasso_cd(np.delete(X, 2, 1), y, 0.1, penalty_factor=np.delete(factor, 2), tol=1e-9)
    fitted = X @ ours.coef + ours.intercept
    np.testing.assert_allclose(fitted, np.delete(X, 2, 1) @ less.coef + less.intercept, atol=1e-3)
    assert ours.dual_gap <= 1e-7 * energy(y)


@pytest.mark.parametrize("kind", ["plain", "weighted", "sparse"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tol", [1e-2, 1e-8])
def test_the_gap_bounds_that_of_every_penalty(kind, dtype, tol):
    X, y = problem(80, 50)
    if kind == "sparse":
        X[np.abs(X) < 0.8] = 0
    X = X.astype(dtype)
    weights = np.random.default_rng(3).uniform(0, 2, 80) if kind == "weighted" else None
    alphas = np.geomspace(2, 2e-3, 8)
    for l1_ratio in (0.9, 0.1):
        for factors, ranges in [("free", "none"), ("unequal", "some"), ("none", "a box")]:
            given = {"l1_ratio": l1_ratio, "penalty_factor": FACTORS[factors](50)}
            given |= RANGES[ranges](50)
            options = {"sample_weight": weights, "tol": tol, "max_iter": 10**5}
            data = sp.csc_matrix(X) if kind == "sparse" else X
            solution = lasso_cd(data, y, alphas, **options, **given)
            for k, alpha in enumerate(alphas):
                gap = gap_of(X, y, solution.coef[:, k], alpha, weights=weights, **given)
                assert gap <= solution.dual_gap[k]


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


@every_update
def test_a_start_within_tolerance_is_the_answer(updates):
    X, y = problem(80, 30)
    first = lasso_cd(X, y, 0.05, updates=updates)
    again = lasso_cd(X, y, 0.05, updates=updates, coef_init=first.coef)
    assert first.n_iter > 0
    assert again.n_iter == 0
    np.testing.assert_array_equal(first.coef, again.coef)


@every_update
@pytest.mark.parametrize("start", [1e6, -1e-3])
def test_bad_starts_are_left_behind(updates, start):
    X, y = problem(60, 20)
    options = {"tol": 1e-10, "max_iter": 10**5, "updates": updates}
    ours = lasso_cd(X, y, 0.1, coef_init=np.full(20, start), **options)
    np.testing.assert_allclose(ours.coef, lasso_cd(X, y, 0.1, **options).coef, atol=1e-6)
    assert gap_of(X, y, ours.coef, 0.1) <= ours.dual_gap <= 2.1e-10 * energy(y)


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


@every_update
@pytest.mark.parametrize("container", [np.asarray, sp.csc_matrix])
def test_a_far_penalty_from_a_cold_start(updates, container):
    """Many more features than join at once, and a penalty far below the first."""
    X, y = problem(80, 700, noise=5.0)
    X[np.abs(X) < 0.5] = 0
    largest = np.abs((X - X.mean(0)).T @ (y - y.mean())).max() / 80
    for fold in (5, 50, 500):
        solution = lasso_cd(container(X), y, largest / fold, updates=updates, max_iter=10**5)
        assert solution.converged
        gap = gap_of(X, y, solution.coef, largest / fold)
        assert gap <= solution.dual_gap <= 2.1e-4 * energy(y)


@every_update
@pytest.mark.parametrize("most", [1, 2, 30])
def test_passes_stay_within_the_allowance(updates, most):
    X, y = problem(80, 700, noise=5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        solution = lasso_cd(X, y, [1e-3, 1e-4], updates=updates, max_iter=most, tol=1e-9)
    assert np.all(solution.n_iter <= most)
    for k, alpha in enumerate([1e-3, 1e-4]):
        assert gap_of(X, y, solution.coef[:, k], alpha) <= solution.dual_gap[k]


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
    l1_ratio=st.sampled_from([1.0, 0.7, 0.05]),
    factors=st.sampled_from(sorted(FACTORS)),
    ranges=st.sampled_from(sorted(RANGES)),
    updates=st.sampled_from(["auto", *UPDATES]),
)
def test_any_problem_is_solved_to_its_certificate(
    n,
    p,
    seed,
    alpha,
    lattice,
    positive,
    fit_intercept,
    weighted,
    thin,
    l1_ratio,
    factors,
    ranges,
    updates,
):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = rng.normal(size=n)
    if lattice:  # ties, copies, constant columns
        X, y = np.round(X), np.round(y)
    weights = rng.integers(0, 3, n).astype(float) if weighted else None
    assume(not weighted or weights.sum() > 0)
    given = RANGES[ranges](p) | {
        "l1_ratio": l1_ratio,
        "penalty_factor": FACTORS[factors](p),
        "fit_intercept": fit_intercept,
    }
    given["positive"] = positive or given.get("positive", False)
    solution = lasso_cd(
        sp.csc_matrix(X) if thin else X,
        y,
        alpha,
        **given,
        sample_weight=weights,
        updates=updates,
        max_iter=10**6,
        tol=1e-6,
    )
    gap = gap_of(X, y, solution.coef, alpha, weights=weights, **given)
    assert solution.converged
    assert gap <= solution.dual_gap <= 1e-5 * (1 + y @ y)
    assert not positive or np.all(solution.coef >= 0)
