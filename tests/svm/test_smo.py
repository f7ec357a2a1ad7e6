"""One machine: against its definition, its optimality conditions, and the peer."""

import time

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import example, given
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast import reference
from mlqa_fast.svm import svm_smo
from svm_definitions import matrix_of, rbf

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 3, "gamma": 0.5, "coef0": 1.0},
    {"kernel": "poly", "degree": 2, "gamma": 0.3},
    {"kernel": "poly", "degree": 0},
    {"kernel": "rbf", "gamma": 0.7},
    {"kernel": "sigmoid", "gamma": 0.05, "coef0": 0.1},
]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)


def noisy(rng, n=80, d=3):
    X = rng.normal(size=(n, d))
    y = (X[:, 0] + 0.7 * rng.normal(size=n) > 0).astype(int)
    return X, y


def conditions(K, y, beta, bound, intercept):
    """Violation m - M and the true gap, from the coefficients."""
    sign = np.where(y == np.max(y), 1.0, -1.0)
    alpha = sign * beta
    assert np.all((alpha >= 0) & (alpha <= bound))
    assert abs(beta.sum()) <= 1e-12 * max(1.0, np.abs(beta).sum())
    f = K @ beta
    up = np.where(sign > 0, alpha < bound, alpha > 0)
    low = np.where(sign > 0, alpha > 0, alpha < bound)
    objective = alpha.sum() - beta @ f / 2
    primal = beta @ f / 2 + bound @ np.maximum(0, 1 - sign * (f + intercept))
    return (sign - f)[up].max() - (sign - f)[low].min(), primal - objective, objective


@every_kernel
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_agrees_with_the_definition(kernel, rng):
    X, y = noisy(rng)
    got = svm_smo(X, y, C=2.0, tol=1e-9, **kernel)
    want = reference.svm.svm_smo(X, y, C=2.0, tol=1e-9, **kernel)
    # The coefficients need not be unique; decisions and objective are.
    K = matrix_of(X, **kernel)
    assert got.objective == pytest.approx(want.objective, rel=1e-8)
    np.testing.assert_allclose(
        K @ got.dual_coef + got.intercept, K @ want.dual_coef + want.intercept, atol=1e-6
    )


@every_kernel
@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-8])
@pytest.mark.parametrize("cache_size", [200, 0.05])
@pytest.mark.usefixtures("isa")
def test_certificates_are_true(kernel, tol, cache_size, rng):
    X, y = noisy(rng, 150)
    result = svm_smo(X, y, C=5.0, tol=tol, cache_size=cache_size, **kernel)
    bound = np.full(len(y), 5.0)
    K = matrix_of(X, **kernel)
    violation, gap, objective = conditions(K, y, result.dual_coef, bound, result.intercept)
    assert result.kkt_violation <= tol
    assert violation <= tol + 1e-11
    assert result.kkt_violation == pytest.approx(max(violation, 0), abs=1e-11)
    assert result.objective == pytest.approx(objective, rel=1e-12)
    assert gap - 1e-11 * objective <= result.dual_gap <= gap + 1e-8 * objective


@pytest.mark.parametrize("tol", [1e-2, 1e-4])
def test_the_gap_bounds_the_distance_to_the_optimum(tol, rng):
    X, y = noisy(rng)
    rough = svm_smo(X, y, tol=tol)
    best = svm_smo(X, y, tol=1e-11)
    assert 0 <= best.objective - rough.objective <= rough.dual_gap


@every_kernel
def test_small_caches_change_nothing_but_the_path(kernel, rng):
    """A working set of as few as two points reaches the same solution."""
    X, y = noisy(rng, 60)
    want = svm_smo(X, y, tol=1e-9, **kernel)
    for cache_size in (1e-6, 2e-3, 5e-3, 2e-2):
        got = svm_smo(X, y, tol=1e-9, cache_size=cache_size, **kernel)
        assert got.objective == pytest.approx(want.objective, rel=1e-9)
        assert got.kkt_violation <= 1e-9


def test_batched_machine_on_more_points(rng):
    """More points than a direct machine takes: working sets, cache, gradient in runs."""
    X, y = noisy(rng, 6000, 5)
    result = svm_smo(X, y, C=1.0, gamma=0.3)
    again = svm_smo(X, y, C=1.0, gamma=0.3, cache_size=15)
    K = np.exp(-0.3 * np.maximum(((X**2).sum(1)[:, None] + (X**2).sum(1) - 2 * X @ X.T), 0))
    violation, gap, objective = conditions(
        K, y, result.dual_coef, np.ones(len(y)), result.intercept
    )
    assert violation <= 1e-3 + 1e-10
    assert result.kkt_violation == pytest.approx(violation, abs=1e-9)
    assert gap * (1 - 1e-9) <= result.dual_gap <= gap + 1e-4
    assert result.objective == pytest.approx(objective)
    np.testing.assert_array_equal(again.dual_coef, result.dual_coef)


@every_kernel
@pytest.mark.parametrize(
    ("C", "scale", "tol"), [(1.0, 1.0, 1e-3), (100.0, 1.0, 1e-3), (1.0, 5.0, 1e-5)]
)
@pytest.mark.parametrize("cache_size", [200, 1.0], ids=["all points", "working sets"])
@pytest.mark.usefixtures("isa")
def test_certificates_of_batched_machines_are_true(kernel, C, scale, tol, cache_size, rng):
    """Float rows drive these, steps over all points or, where the cache is too small for that,
    working sets; violation, gap and objective are those of double values."""
    X, y = noisy(rng, 600, 4)
    X = scale * X + 3.0
    if kernel["kernel"] != "rbf":
        X /= 5.0 * scale
    result = svm_smo(X, y, C=C, tol=tol, cache_size=cache_size, **kernel)
    K = matrix_of(X, **kernel)
    violation, gap, objective = conditions(
        K, y, result.dual_coef, np.full(len(y), C), result.intercept
    )
    assert result.kkt_violation <= tol
    assert result.kkt_violation == pytest.approx(max(violation, 0), abs=1e-10 * C)
    assert result.objective == pytest.approx(objective, rel=1e-10)
    assert gap - 1e-10 * objective <= result.dual_gap <= gap + 1e-7 * objective


@pytest.mark.parametrize("tol", [1e-3, 1e-8, 1e-9])
def test_steps_in_float_lead_only_so_far(tol, rng):
    """Beyond what a float gradient resolves, working sets go on from where it came to."""
    X, y = noisy(rng, 700, 6)
    result = svm_smo(X, y, C=20.0, gamma=0.2, tol=tol)
    violation, gap, objective = conditions(
        rbf(X, X, 0.2), y, result.dual_coef, np.full(len(y), 20.0), result.intercept
    )
    assert result.kkt_violation <= tol
    assert result.kkt_violation == pytest.approx(max(violation, 0), abs=1e-10)
    assert gap - 1e-9 <= result.dual_gap <= gap + 1e-7 * objective


@pytest.mark.parametrize("C", [0.5, 5.0])
def test_points_that_float_values_cannot_tell_apart(C, rng):
    """Every point has neighbours nearer than the error of float: violators show in double."""
    X, y = noisy(rng, 200, 3)
    X = np.repeat(X, 4, axis=0) + 1e-6 * rng.normal(size=(800, 3))
    y = np.repeat(y, 4)
    result = svm_smo(X, y, C=C, gamma=0.5, tol=1e-6)
    violation, _, _ = conditions(
        rbf(X, X, 0.5), y, result.dual_coef, np.full(len(y), C), result.intercept
    )
    assert result.kkt_violation <= 1e-6
    assert result.kkt_violation == pytest.approx(max(violation, 0), abs=1e-10)


def hidden_violator(kernel, tau, d, n=100):
    """Two points a class, many times, and one that float32 takes for the wrong side of a margin.

    Squares of 17 are steps of 2**-15 apart in float32. Products of the other features are just
    below half a step, and lost one by one when they are added to those of the first. With the sign
    of the last point they lower its decision value by more than `tau` raises it.
    """
    first = np.repeat([17.0, 16.0, 17.0 + tau], [n, n, 1])
    side = np.repeat([1.0, 0.0, -1.0], [n, n, 1])
    X = np.column_stack([first, np.outer(side, np.full(d - 1, 0.99 * 2.0**-8))])
    y = np.repeat([1, 0, 1], [n, n, 1])
    if kernel == "rbf":  # a mirror image keeps the mean, which is taken away first, at the origin
        X, y = np.concatenate([X, X * np.r_[-1, np.ones(d - 1)]]), np.tile(y, 2)
    return X, y


@pytest.mark.parametrize(
    ("kernel", "gamma", "tau", "d"), [("linear", 1.0, 0.0075, 1001), ("rbf", 0.3, 0.0035, 201)]
)
@pytest.mark.usefixtures("isa")
def test_a_violator_that_float_values_hide(kernel, gamma, tau, d):
    """It lies within the bound on the error of float32, and beyond a 64th of it."""
    X, y = hidden_violator(kernel, tau, d)
    result = svm_smo(X, y, C=10.0, kernel=kernel, gamma=gamma)
    K = matrix_of(X, kernel, gamma=gamma)
    violation, _, _ = conditions(K, y, result.dual_coef, np.full(len(y), 10.0), result.intercept)
    assert violation <= 1e-3 + 1e-9
    assert result.kkt_violation == pytest.approx(violation, abs=1e-9)
    assert result.dual_coef[200] > 0.1, "without it there would be nothing to find"


@pytest.mark.parametrize("cache_size", [200, 2])
def test_points_at_rest_come_back(cache_size, rng):
    """Enough points that those at a bound rest, and a cache that holds all rows, or a hundred."""
    X, y = noisy(rng, 4000, 3)
    result = svm_smo(X, y, C=50.0, gamma=0.5, tol=1e-4, cache_size=cache_size)
    violation, gap, objective = conditions(
        rbf(X, X, 0.5), y, result.dual_coef, np.full(len(y), 50.0), result.intercept
    )
    assert violation <= 1e-4 + 1e-9
    assert result.kkt_violation == pytest.approx(violation, abs=1e-9)
    assert gap * (1 - 1e-9) <= result.dual_gap <= gap + 1e-6 * objective
    assert result.objective == pytest.approx(objective, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-3, 1e3, 1e20])
def test_values_beyond_the_range_of_float(scale, rng):
    """Products up to 1e40: the answer scales with the points."""
    X, y = noisy(rng, 300, 4)
    want = svm_smo(X, y, C=1.0, kernel="linear", tol=1e-6)
    got = svm_smo(X * scale, y, C=1.0 / scale**2, kernel="linear", tol=1e-6)
    assert got.objective * scale**2 == pytest.approx(want.objective, rel=1e-5)
    assert got.kkt_violation <= 1e-6


def test_a_huge_bound_turns_to_double_values(rng):
    """Float values cannot tell the points of one pair from another."""
    X = rng.normal(size=(400, 2))
    X[200:] = X[:200] + 1e-4 * rng.normal(size=(200, 2))
    y = np.repeat([0, 1], 200)
    result = svm_smo(X, y, C=1e3, gamma=1.0, max_iter=2_000_000)
    bound = np.full(len(y), 1e3)
    violation, _, _ = conditions(rbf(X, X, 1.0), y, result.dual_coef, bound, result.intercept)
    assert result.kkt_violation <= 1e-3
    assert violation <= 1e-3 + 1e-8


def test_cache_size_auto_is_a_share_of_memory(rng):
    X, y = noisy(rng, 300, 3)
    np.testing.assert_array_equal(
        svm_smo(X, y, cache_size="auto").dual_coef, svm_smo(X, y).dual_coef
    )


@every_kernel
def test_sparse_is_dense(kernel, rng):
    """The sums run over the features in the same order, and zeros change no bit."""
    X, y = noisy(rng, 90, 20)
    X[rng.random(X.shape) < 0.7] = 0
    dense, csr = svm_smo(X, y, **kernel), svm_smo(sp.csr_matrix(X), y, **kernel)
    np.testing.assert_array_equal(dense.dual_coef, csr.dual_coef)
    assert dense.intercept == csr.intercept


def test_sparse_rows_without_entries_and_unsorted(rng):
    X, y = noisy(rng, 50, 6)
    X[:5] = 0
    csr = sp.csr_matrix(X)
    backwards = csr.copy()
    for i in range(50):
        part = slice(csr.indptr[i], csr.indptr[i + 1])
        backwards.indices[part] = csr.indices[part][::-1]
        backwards.data[part] = csr.data[part][::-1]
    backwards.has_sorted_indices = False
    want = svm_smo(X, y, gamma=0.5)
    for given_ in (csr, backwards):
        np.testing.assert_array_equal(svm_smo(given_, y, gamma=0.5).dual_coef, want.dual_coef)


@every_kernel
def test_precomputed_is_the_kernel(kernel, rng):
    X, y = noisy(rng)
    K = matrix_of(X, **kernel)
    got = svm_smo(K, y, kernel="precomputed", tol=1e-9)
    want = svm_smo(X, y, tol=1e-9, **kernel)
    assert got.objective == pytest.approx(want.objective, rel=1e-9)
    np.testing.assert_allclose(
        K @ got.dual_coef + got.intercept, K @ want.dual_coef + want.intercept, atol=1e-6
    )


def test_float32_is_its_float64_copy(rng):
    X, y = noisy(rng)
    single = X.astype(np.float32)
    got, want = svm_smo(single, y), svm_smo(single.astype(np.float64), y)
    np.testing.assert_array_equal(got.dual_coef, want.dual_coef)


def test_swapping_the_labels_flips_the_signs(rng):
    X, y = noisy(rng)
    one, other = svm_smo(X, y, tol=1e-10), svm_smo(X, 1 - y, tol=1e-10)
    np.testing.assert_allclose(one.dual_coef, -other.dual_coef, atol=1e-7)
    assert one.intercept == pytest.approx(-other.intercept, abs=1e-8)


def test_the_order_of_the_points_does_not_matter(rng):
    X, y = noisy(rng)
    order = rng.permutation(len(y))
    one, other = svm_smo(X, y, tol=1e-10), svm_smo(X[order], y[order], tol=1e-10)
    np.testing.assert_allclose(one.dual_coef[order], other.dual_coef, atol=1e-7)


def test_whole_weights_are_repetitions_and_zero_is_absence(rng):
    X, y = noisy(rng, 40)
    weight = rng.integers(0, 4, 40)
    weighted = svm_smo(X, y, sample_weight=weight, gamma=0.5, tol=1e-10)
    repeated = svm_smo(np.repeat(X, weight, axis=0), np.repeat(y, weight), gamma=0.5, tol=1e-10)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-9)
    assert np.all(weighted.dual_coef[weight == 0] == 0)
    K = rbf(X, X, 0.5)
    np.testing.assert_allclose(
        K @ weighted.dual_coef + weighted.intercept,
        rbf(X, np.repeat(X, weight, axis=0), 0.5) @ repeated.dual_coef + repeated.intercept,
        atol=1e-7,
    )


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_huge_bounds_on_unscaled_features(scale):
    """C = 1e6 and features from 1e-2 to 1e3: the violation holds in float64."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    result = svm_smo(X, y, C=scale)
    gamma = 1 / (X.shape[1] * X.var())
    bound = np.full(len(y), scale)
    violation, _, _ = conditions(rbf(X, X, gamma), y, result.dual_coef, bound, result.intercept)
    assert result.kkt_violation <= 1e-3
    assert violation <= 1e-3 + 1e-6


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_points_far_from_the_origin(offset, rng):
    """The distance is computed after centring, so that an offset costs no digits but its own."""
    X, y = noisy(rng)
    X = np.round(X * 2**20) / 2**20  # an offset of 1e6 leaves these numbers exact
    want = svm_smo(X, y, gamma=0.5, tol=1e-8)
    got = svm_smo(X + offset, y, gamma=0.5, tol=1e-8)
    np.testing.assert_allclose(got.dual_coef, want.dual_coef, atol=1e-5)


def test_duplicates_with_opposite_labels(rng):
    X = np.repeat(rng.normal(size=(20, 2)), 2, axis=0)
    result = svm_smo(X, np.arange(40) % 2, C=3.0, gamma=1.0)
    np.testing.assert_array_equal(np.abs(result.dual_coef), 3.0)
    assert result.kkt_violation == 0


def test_constant_features():
    result = svm_smo(np.ones((10, 3)), np.arange(10) % 2)
    assert result.kkt_violation <= 1e-3
    assert abs(result.dual_coef.sum()) < 1e-12


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
def test_two_points(kernel):
    """On a line at -1 and 1 with a linear kernel, alpha = 1/2 and the boundary is at 0."""
    result = svm_smo([[-1.0], [1.0]], ["a", "b"], kernel=kernel, C=100.0, gamma=1.0)
    assert result.intercept == pytest.approx(0, abs=1e-12)
    if kernel == "linear":
        np.testing.assert_allclose(result.dual_coef, [-0.5, 0.5], rtol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 15, 16, 17, 33])
@pytest.mark.parametrize("n", [3, 8, 15, 16, 17, 33])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_shapes_around_the_width_of_vectors(n, d, rng):
    X = rng.normal(size=(n, d))
    y = np.arange(n) % 3 == 0
    for cache_size in (200, 1e-6):
        got = svm_smo(X, y, C=10, gamma=0.1, tol=1e-8, cache_size=cache_size)
        want = reference.svm.svm_smo(X, y, C=10, gamma=0.1, tol=1e-8)
        np.testing.assert_allclose(got.dual_coef, want.dual_coef, atol=1e-5)


@given(
    n=st.integers(2, 25),
    d=st.integers(1, 5),
    kernel=st.sampled_from(KERNELS),
    C=st.floats(1e-3, 10),
    seed=st.integers(0, 2**32 - 1),
    whole=st.booleans(),
)
@example(n=2, d=1, kernel=KERNELS[0], C=1.0, seed=0, whole=True)
def test_any_small_problem_is_solved(n, d, kernel, C, seed, whole):
    """Whole numbers bring ties and duplicates."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float) if whole else rng.normal(size=(n, d))
    y = rng.permutation(np.arange(n) % 2)
    result = svm_smo(X, y, C=C, tol=1e-3, **kernel)
    K = matrix_of(X, **kernel)
    violation, _, _ = conditions(K, y, result.dual_coef, np.full(n, C), result.intercept)
    assert violation <= 1e-3 + 1e-12 * C * n * max(1, np.abs(K).max())


def test_max_iter_warns_with_the_certificate(rng):
    X, y = noisy(rng)
    with pytest.warns(ConvergenceWarning, match=r"\(max_iter=3\).*KKT violation reached") as caught:
        result = svm_smo(X, y, max_iter=3)
    assert result.n_iter == 3
    assert result.kkt_violation > 1e-3
    assert f"{result.kkt_violation:.3g}" in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning points at the call"
    K = rbf(X, X, 1 / (3 * X.var()))
    bound = np.ones(len(y))
    violation, gap, _ = conditions(K, y, result.dual_coef, bound, result.intercept)
    assert violation == pytest.approx(result.kkt_violation)
    assert gap <= result.dual_gap * (1 + 1e-12)


def test_max_time_ends_with_the_certificate(rng):
    X, y = noisy(rng, 8000, 30)
    start = time.perf_counter()
    with pytest.warns(ConvergenceWarning, match=r"\(max_time=0.05\).*KKT violation reached"):
        result = svm_smo(X, y, C=1e4, gamma=0.05, max_time=0.05)
    assert time.perf_counter() - start < 5
    assert result.kkt_violation > 1e-3


@pytest.mark.parametrize("cost", [1.0, 1e3])
@pytest.mark.parametrize("cache_size", [200, 0.05])
def test_a_tolerance_beyond_double_precision_ends(cost, cache_size, rng):
    X, y = noisy(rng)
    with pytest.warns(ConvergenceWarning, match="double precision"):
        result = svm_smo(X, y, gamma=1.0, C=cost, tol=1e-17, cache_size=cache_size)
    assert result.kkt_violation < 1e-9 * cost


def test_agrees_with_libsvm(rng):
    X, y = noisy(rng, 200)
    peer = sklearn.svm.SVC(C=3.0, gamma=0.4, tol=1e-8).fit(X, y)
    ours = svm_smo(X, y, C=3.0, gamma=0.4, tol=1e-8)
    np.testing.assert_array_equal(np.sort(peer.support_), np.flatnonzero(ours.dual_coef))
    # LIBSVM keeps its kernel values in single precision.
    dual = np.zeros(len(y))
    dual[peer.support_] = peer.dual_coef_[0]
    np.testing.assert_allclose(ours.dual_coef, dual, atol=1e-3)
    ours_of_x = rbf(X, X, 0.4) @ ours.dual_coef + ours.intercept
    np.testing.assert_allclose(ours_of_x, peer.decision_function(X), atol=1e-5)


@pytest.mark.parametrize(("C", "finite"), [(np.inf, False), (1e308, True)])
def test_an_infinite_bound_is_a_hard_margin(C, finite, rng):
    X = np.concatenate([rng.normal(size=(20, 2)) - 4, rng.normal(size=(20, 2)) + 4])
    y = np.repeat([0, 1], 20)
    hard, soft = svm_smo(X, y, C=C, kernel="linear"), svm_smo(X, y, C=1e10, kernel="linear")
    np.testing.assert_allclose(hard.dual_coef, soft.dual_coef)
