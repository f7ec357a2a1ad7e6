"""Machines of all classes at once: against their definition and their optimality conditions."""

import time

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast import reference
from mlqa_fast.svm import all_at_once
from mlqa_fast.svm._all_at_once import train_all_at_once
from mlqa_fast.svm._problem import Limits, kernel_tuple
from svm_definitions import matrix_of, rbf

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 3, "gamma": 0.5, "coef0": 1.0},
    {"kernel": "poly", "degree": 0},
    {"kernel": "rbf", "gamma": 0.7},
    {"kernel": "sigmoid", "gamma": 0.05, "coef0": 0.1},
]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)
both = pytest.mark.parametrize("loss", ["crammer_singer", "weston_watkins"])


def noisy(rng, n=80, d=3, k=4):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] + 0.8 * rng.normal(size=(n, d)), y


def conditions(K, y, beta, C, loss):
    """Violation, gap and objective from the coefficients; C is a number, or one a point."""
    n, k = len(y), len(beta)
    C = np.full(n, float(C)) if np.ndim(C) == 0 else C
    own = y == np.arange(k)[:, None]
    assert np.all(np.abs(beta.sum(axis=0)) <= 1e-13 * k * np.maximum(C, 1))
    assert np.all(beta[~own] <= 0)
    f = beta @ K
    G = f + ~own
    s = G - f[y, np.arange(n)]
    if loss == "crammer_singer":
        assert np.all(beta <= np.where(own, C, 0.0))
        violation = G.max(0) - np.where(beta < np.where(own, C, 0.0), G, np.inf).min(0)
        losses = s.max(0)
    else:
        assert np.all(beta[~own] >= -np.broadcast_to(C, beta.shape)[~own])
        grows = np.where(own | (beta <= -C), 0.0, s)
        falls = np.where(own | (beta >= 0), 0.0, -s)
        violation = np.maximum(grows, falls).max(0)
        losses = np.maximum(s, 0.0).sum(0)
    objective = -np.sum(beta * f) / 2 - np.sum(beta[~own])
    return violation[C > 0].max(), np.sum(beta * f) / 2 + C @ losses - objective, objective


@every_kernel
@both
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_agrees_with_the_definition(kernel, loss, rng):
    X, y = noisy(rng, 40)
    X = X if kernel["kernel"] == "rbf" else X / 2
    got = all_at_once(X, y, loss=loss, C=2.0, tol=1e-5, **kernel)
    want = reference.svm.all_at_once(X, y, loss=loss, C=2.0, tol=1e-5, **kernel)
    # The coefficients need not be unique; decisions and objective are: the objective is at least
    # |w - w*|^2 / 2 above the least one.
    K = matrix_of(X, **kernel)
    assert abs(got.objective - want.objective) <= max(got.dual_gap, want.dual_gap)
    distance = np.sqrt(2 * got.dual_gap) + np.sqrt(2 * want.dual_gap)
    apart = np.abs(got.dual_coef @ K - want.dual_coef @ K)
    assert np.all(apart <= distance * np.sqrt(np.maximum(np.diag(K), 0)) + 1e-9)


@every_kernel
@both
@pytest.mark.parametrize("n", [60, 400], ids=["double", "float"])
@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-7])
@pytest.mark.parametrize("cache_size", [200, 0.05])
@pytest.mark.usefixtures("isa")
def test_certificates_are_true(kernel, loss, n, tol, cache_size, rng):
    """Float rows drive the larger ones; violation, gap and objective are those of double values."""
    X, y = noisy(rng, n)
    X = X + 3.0 if kernel["kernel"] == "rbf" else X / 2
    result = all_at_once(X, y, loss=loss, C=5.0, tol=tol, cache_size=cache_size, **kernel)
    K = matrix_of(X, **kernel)
    violation, gap, objective = conditions(K, y, result.dual_coef, 5.0, loss)
    assert result.kkt_violation <= tol
    assert result.kkt_violation == pytest.approx(violation, abs=1e-10)
    assert result.objective == pytest.approx(objective, rel=1e-11)
    assert gap - 1e-10 * objective <= result.dual_gap <= gap + 1e-6 * objective


@both
def test_many_points(loss, rng):
    """Working sets, runs of slopes, a cache that holds a part of the rows."""
    X, y = noisy(rng, 3000, 5, k=11)
    result = all_at_once(X, y, loss=loss, gamma=0.3)
    again = all_at_once(X, y, loss=loss, gamma=0.3, cache_size=6)
    violation, gap, objective = conditions(rbf(X, X, 0.3), y, result.dual_coef, 1.0, loss)
    assert result.kkt_violation <= 1e-3
    assert result.kkt_violation == pytest.approx(violation, abs=1e-10)
    assert gap * (1 - 1e-9) <= result.dual_gap <= gap + 1e-6 * objective
    assert result.objective == pytest.approx(objective)
    np.testing.assert_array_equal(again.dual_coef, result.dual_coef)


@both
@pytest.mark.parametrize("tol", [1e-2, 1e-4])
def test_the_gap_bounds_the_distance_to_the_optimum(loss, tol, rng):
    X, y = noisy(rng)
    rough = all_at_once(X, y, loss=loss, tol=tol)
    best = all_at_once(X, y, loss=loss, tol=1e-10)
    assert 0 <= best.objective - rough.objective <= rough.dual_gap


@both
def test_two_classes_are_one_machine(loss, rng):
    """f_1 = -f_0 and |w_0|^2 + |w_1|^2 = 2 |w_1|^2: a binary machine without a constant."""
    X, y = noisy(rng, 50, k=2)
    result = all_at_once(X, y, loss=loss, C=1.5, gamma=0.5, tol=1e-9)
    np.testing.assert_allclose(result.dual_coef[0], -result.dual_coef[1], atol=1e-14)
    K = rbf(X, X, 0.5)
    # 1/2 |v|^2 + 2 C sum max(0, 1 - z v(x)) with v = 2 w_1, by coordinate descent.
    sign, alpha = np.where(y == 1, 1.0, -1.0), np.zeros(50)
    for _ in range(3000):
        for i in range(50):
            slope = sign[i] * (K[i] @ (sign * alpha)) - 1
            alpha[i] = np.clip(alpha[i] - slope / K[i, i], 0, 2 * 1.5)
    np.testing.assert_allclose(2 * result.dual_coef[1], sign * alpha, atol=1e-6)


@both
def test_a_margin_of_two_doubles_the_decisions_at_twice_the_cost(loss, rng):
    """The scaling that the documentation states, on the primal objective with either margin."""
    X, y = noisy(rng, 40)
    C, K = 0.8, rbf(X, X, 0.5)
    f = all_at_once(X, y, loss=loss, C=C, gamma=0.5, tol=1e-9).dual_coef @ K
    beta = np.linalg.solve(K, f.T).T

    def primal(scale, cost, margin, beta):
        f, own = beta @ K, y == np.arange(4)[:, None]
        s = np.where(own, 0.0, margin + f - f[y, np.arange(40)])
        losses = s.max(0) if loss == "crammer_singer" else np.maximum(s, 0).sum(0)
        return np.sum(beta * f) / 2 + cost * losses.sum()

    assert primal(1, 2 * C, 2.0, 2 * beta) == pytest.approx(4 * primal(1, C, 1.0, beta), rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = 2 * beta + 1e-3 * rng.normal(size=beta.shape)
        assert primal(1, 2 * C, 2.0, other) >= primal(1, 2 * C, 2.0, 2 * beta)


@every_kernel
@both
def test_sparse_is_dense(kernel, loss, rng):
    """The sums run over the features in the same order, and zeros change no bit."""
    X, y = noisy(rng, 90, 20)
    X[rng.random(X.shape) < 0.7] = 0
    dense = all_at_once(X, y, loss=loss, **kernel)
    csr = all_at_once(sp.csr_matrix(X), y, loss=loss, **kernel)
    np.testing.assert_array_equal(dense.dual_coef, csr.dual_coef)


@both
def test_sparse_and_precomputed_of_more_points(loss, rng):
    """Their rows are double from the start."""
    X, y = noisy(rng, 500, 20)
    X[rng.random(X.shape) < 0.7] = 0
    K = rbf(X, X, 0.1)
    want = all_at_once(X, y, loss=loss, gamma=0.1, tol=1e-7)
    for result in (
        all_at_once(sp.csr_matrix(X), y, loss=loss, gamma=0.1, tol=1e-7, cache_size=0.3),
        all_at_once(K, y, loss=loss, kernel="precomputed", tol=1e-7, cache_size=0.3),
    ):
        violation, gap, objective = conditions(K, y, result.dual_coef, 1.0, loss)
        assert result.kkt_violation == pytest.approx(violation, abs=1e-11)
        assert gap - 1e-10 * objective <= result.dual_gap <= gap + 1e-6 * objective
        np.testing.assert_allclose(result.dual_coef, want.dual_coef, atol=1e-4)


@both
def test_whole_weights_are_repetitions_and_zero_is_absence(loss, rng):
    X, y = noisy(rng, 40)
    weight = rng.integers(0, 4, 40)
    weight[:4] = 1
    weighted = all_at_once(X, y, loss=loss, sample_weight=weight, gamma=0.5, tol=1e-9)
    repeated = all_at_once(
        np.repeat(X, weight, axis=0), np.repeat(y, weight), loss=loss, gamma=0.5, tol=1e-9
    )
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-8)
    assert np.all(weighted.dual_coef[:, weight == 0] == 0)
    np.testing.assert_allclose(
        weighted.dual_coef @ rbf(X, X, 0.5),
        repeated.dual_coef @ rbf(np.repeat(X, weight, axis=0), X, 0.5),
        atol=1e-6,
    )


@both
def test_the_order_of_points_and_classes_does_not_matter(loss, rng):
    X, y = noisy(rng, 300)
    order, names = rng.permutation(300), np.array(["d", "a", "c", "b"])
    one = all_at_once(X, y, loss=loss, gamma=0.5, tol=1e-8)
    other = all_at_once(X[order], names[y[order]], loss=loss, gamma=0.5, tol=1e-8)
    np.testing.assert_allclose(
        one.dual_coef[:, order], other.dual_coef[np.argsort(np.argsort(names))], atol=1e-5
    )


@both
@pytest.mark.parametrize("n", [120, 500])
def test_goes_on_from_coefficients(loss, n, rng):
    X, y = noisy(rng, n)
    limits = Limits(1e-8, -1, None, 200, None)
    kernel, bound = kernel_tuple("rbf", 3, 0.5, 0.0), np.ones(n)
    first = train_all_at_once(X, y, 4, bound, kernel, limits, loss=loss)
    beta = np.zeros((4, n))
    beta[:, first.support] = first.dual_coef
    again = train_all_at_once(X, y, 4, bound, kernel, limits, loss=loss, initial=beta)
    assert again.n_iter == 0
    np.testing.assert_array_equal(again.support, first.support)
    np.testing.assert_allclose(again.dual_coef, first.dual_coef, atol=1e-12)
    # Those of a larger bound, and any numbers, are moved to where they are allowed.
    for start in (3 * beta, rng.normal(size=(4, n))):
        moved = train_all_at_once(X, y, 4, bound, kernel, limits, loss=loss, initial=start)
        assert moved.kkt_violation <= 1e-8
        assert moved.objective == pytest.approx(first.objective, rel=1e-7)


@both
def test_support_is_sorted_by_class(loss, rng):
    X, y = noisy(rng, 60)
    bound = np.where(np.arange(60) % 7 == 0, 0.0, 1.0)
    trained = train_all_at_once(
        X,
        y,
        4,
        bound,
        kernel_tuple("rbf", 3, 0.5, 0.0),
        Limits(1e-3, -1, None, 200, None),
        loss=loss,
    )
    assert trained.dual_coef.shape == (4, len(trained.support))
    assert np.all(np.diff(y[trained.support]) >= 0)
    np.testing.assert_array_equal(trained.n_support, np.bincount(y[trained.support], minlength=4))
    assert np.all(bound[trained.support] > 0)


def hidden_violator(tau, d=1001, n=100):
    """Two points a class, many times, and one that float32 takes for the wrong side of a margin.

    Squares of 17 are steps of 2**-15 apart in float32. Products of the other features are just
    below half a step, and lost one by one when they are added to those of the first. With the sign
    of the last point they lower its decision value by more than `tau` raises it.
    """
    first = np.repeat([17.0, 16.0, 17.0 + tau], [n, n, 1])
    side = np.repeat([1.0, 0.0, -1.0], [n, n, 1])
    X = np.column_stack([first, np.outer(side, np.full(d - 1, 0.99 * 2.0**-8))])
    return X, np.repeat([1, 0, 1], [n, n, 1])


@both
@pytest.mark.usefixtures("isa")
def test_a_violator_that_float_values_hide(loss):
    """It lies within the bound on the error of float32, and beyond a 64th of it."""
    X, y = hidden_violator(0.0075)
    result = all_at_once(X, y, loss=loss, C=10.0, kernel="linear")
    violation, _, _ = conditions(X @ X.T, y, result.dual_coef, 10.0, loss)
    assert violation <= 1e-3 + 1e-9
    assert result.kkt_violation == pytest.approx(violation, abs=1e-9)
    assert result.dual_coef[1, 200] > 0.01, "without it there would be nothing to find"


@both
@pytest.mark.parametrize("C", [1e4, np.inf])
def test_a_bound_that_nothing_meets(loss, C, rng):
    """Separable classes: the margin is hard."""
    y = np.arange(300) % 3
    X = 4 * np.eye(3)[y] + 0.3 * rng.normal(size=(300, 3))
    result = all_at_once(X, y, loss=loss, C=C, kernel="linear")
    want = all_at_once(X, y, loss=loss, C=1e3, kernel="linear")
    assert result.kkt_violation <= 1e-3
    assert np.abs(result.dual_coef).max() < 100
    assert result.objective == pytest.approx(want.objective, rel=1e-2)
    f = result.dual_coef @ (X @ X.T)
    assert np.all(f.argmax(0) == y)


@both
def test_points_without_a_direction(loss):
    """Rows of zeros: no weight can tell them, and their coefficients lie in a corner."""
    X = np.zeros((9, 2))
    X[:3] = [[1, 0], [0, 1], [-1, -1]]
    y = np.arange(9) % 3
    result = all_at_once(X, y, loss=loss, kernel="linear", C=2.0)
    violation, gap, _ = conditions(X @ X.T, y, result.dual_coef, 2.0, loss)
    assert violation <= 1e-3
    assert gap <= result.dual_gap * (1 + 1e-12)
    total = 2.0 if loss == "crammer_singer" else 4.0
    np.testing.assert_allclose(result.dual_coef[y[3:], np.arange(3, 9)], total)


@both
def test_duplicates_with_other_labels(loss, rng):
    X = np.repeat(rng.normal(size=(20, 2)), 3, axis=0)
    y = np.arange(60) % 3
    result = all_at_once(X, y, loss=loss, C=3.0, gamma=1.0)
    violation, _, _ = conditions(rbf(X, X, 1.0), y, result.dual_coef, 3.0, loss)
    assert violation <= 1e-3 + 1e-12


@pytest.mark.parametrize("k", [3, 8, 17, 33])
@pytest.mark.parametrize("n", [pytest.param(70, marks=pytest.mark.sanitize), 129])
@both
@pytest.mark.usefixtures("isa")
def test_shapes_around_the_width_of_vectors(n, k, loss, rng):
    X, y = noisy(rng, n, 4, k)
    for cache_size in (200, 1e-6):
        result = all_at_once(X, y, loss=loss, C=10, gamma=0.1, tol=1e-6, cache_size=cache_size)
        violation, gap, objective = conditions(rbf(X, X, 0.1), y, result.dual_coef, 10.0, loss)
        assert violation <= 1e-6 + 1e-12
        assert gap <= result.dual_gap <= gap + 1e-6 * objective


@given(
    n=st.integers(2, 25),
    d=st.integers(1, 5),
    k=st.integers(2, 6),
    kernel=st.sampled_from(KERNELS),
    loss=st.sampled_from(["crammer_singer", "weston_watkins"]),
    C=st.floats(1e-3, 10),
    seed=st.integers(0, 2**32 - 1),
    whole=st.booleans(),
)
@example(n=2, d=1, k=2, kernel=KERNELS[0], loss="crammer_singer", C=1.0, seed=0, whole=True)
def test_any_small_problem_is_solved(n, d, k, kernel, loss, C, seed, whole):
    """Whole numbers bring ties and duplicates."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float) if whole else rng.normal(size=(n, d))
    y = rng.permutation(np.arange(n) % min(k, n))
    result = all_at_once(X, y, loss=loss, C=C, tol=1e-3, **kernel)
    K = matrix_of(X, **kernel)
    violation, gap, _ = conditions(K, y, result.dual_coef, C, loss)
    rounding = 1e-12 * C * n * max(1, np.abs(K).max())
    assert violation <= 1e-3 + rounding
    assert gap <= result.dual_gap + rounding * max(1, C * n)


def test_float32_is_its_float64_copy(rng):
    X, y = noisy(rng)
    single = X.astype(np.float32)
    got, want = all_at_once(single, y), all_at_once(single.astype(np.float64), y)
    np.testing.assert_array_equal(got.dual_coef, want.dual_coef)


def test_real_data(real_data):
    X, y = real_data
    codes = np.unique(y, return_inverse=True)[1]
    for loss in ("crammer_singer", "weston_watkins"):
        result = all_at_once(X, y, loss=loss, C=10.0, gamma=0.01)
        violation, gap, objective = conditions(rbf(X, X, 0.01), codes, result.dual_coef, 10.0, loss)
        assert result.kkt_violation == pytest.approx(violation, abs=1e-9)
        assert gap - 1e-9 * objective <= result.dual_gap <= gap + 1e-6 * objective


def test_max_iter_warns_with_the_certificate(rng):
    X, y = noisy(rng)
    with pytest.warns(ConvergenceWarning, match=r"\(max_iter=3\).*KKT violation reached") as caught:
        result = all_at_once(X, y, max_iter=3)
    assert result.n_iter == 3
    assert f"{result.kkt_violation:.3g}" in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning points at the call"
    K = rbf(X, X, 1 / (3 * X.var()))
    violation, gap, _ = conditions(K, y, result.dual_coef, 1.0, "crammer_singer")
    assert violation == pytest.approx(result.kkt_violation)
    assert violation > 1e-3
    assert gap <= result.dual_gap * (1 + 1e-12)


def test_max_time_ends_with_the_certificate(rng):
    X, y = noisy(rng, 20_000, 5)
    start = time.perf_counter()
    with pytest.warns(ConvergenceWarning, match=r"\(max_time=0.05\).*KKT violation reached"):
        result = all_at_once(X, y, C=100.0, tol=1e-12, max_time=0.05)
    assert time.perf_counter() - start < 10
    assert result.kkt_violation > 1e-12


def test_a_tolerance_beyond_double_precision_ends(rng):
    X, y = noisy(rng, 50)
    with pytest.warns(ConvergenceWarning, match="rounding error of double precision"):
        result = all_at_once(X, y, C=100.0, gamma=0.5, tol=1e-18)
    assert result.kkt_violation < 1e-10


def test_values_beyond_the_range_are_refused(rng):
    X, y = noisy(rng)
    with pytest.raises(ValueError, match="not finite"):
        all_at_once(X * 1e200, y, kernel="linear", gamma=1.0)


@pytest.mark.parametrize("weight", [np.zeros(80), -np.ones(80)])
def test_weights_of_nothing_are_refused(weight, rng):
    X, y = noisy(rng)
    with pytest.raises(ValueError, match="zero or negative weights"):
        all_at_once(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match="all samples of class 2"):
        all_at_once(X, y, sample_weight=y != 2)
    with pytest.raises(ValueError, match="same class"):
        all_at_once(X, y, sample_weight=y == 2)


def test_one_class_is_refused(rng):
    X, _ = noisy(rng)
    with pytest.raises(ValueError, match="greater than one; got 1 class"):
        all_at_once(X, np.zeros(80))
