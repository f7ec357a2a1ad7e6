"""Kernel rows of sparse points, of either precision."""

import os
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import core as machine
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import SVC, svm_smo

LINEAR, POLY, RBF, SIGMOID = 0, 1, 2, 3
KERNELS = [
    (LINEAR, 3, 1.0, 0.0),
    (POLY, 3, 0.25, 1.0),
    (POLY, 0, 0.25, 1.0),
    (RBF, 3, 0.375, 0.0),
    (SIGMOID, 3, 0.125, -0.25),
]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)
ROWS = {np.float32: core.sparse_rows_float32, np.float64: core.sparse_rows_float64}
SUMS = {np.float32: core.sparse_sums_float32, np.float64: core.sparse_sums_float64}
every_precision = pytest.mark.parametrize("dtype", ROWS, ids=lambda dtype: dtype.__name__)


def thinned(rng, n, d, shares=(0.005, 0.05, 0.1, 0.12, 0.3, 0.7, 1.0)):
    """Columns of any frequency, in any order; the first rows are empty or have one entry."""
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < rng.choice(shares, size=d))
    X[: min(n, 3)] = 0
    if n > 3:
        X[1, rng.integers(d)] = 2.5
    return X


def parts(X):
    csr = sp.csr_matrix(X)
    return csr.data, csr.indices.astype(np.int32), csr.indptr.astype(np.int32), csr.shape[1]


def rows(X, kernel, which=None, dtype=np.float64, index=None, **options):
    """Rows `which` of the kernel matrix of X[index]."""
    index = np.arange(X.shape[0]) if index is None else index
    which = np.arange(len(index)) if which is None else which
    given_ = X if isinstance(X, tuple) else parts(X)
    return ROWS[dtype](given_, kernel, index, which, **options)[0]


def definition(A, B, kernel):
    """Kernel values in extended precision."""
    kind, degree, gamma, coef0 = kernel
    A, B = A.astype(np.longdouble), B.astype(np.longdouble)
    if kind == RBF:
        return np.exp(-gamma * np.array([((a - B) ** 2).sum(1) for a in A]))
    G = np.array([(a * B).sum(1) for a in A])
    if kind == LINEAR:
        return G
    return (gamma * G + coef0) ** degree if kind == POLY else np.tanh(gamma * G + coef0)


def bound(A, B, kernel, dtype):
    """How far a value may be off: the bound in sparse_rows.hpp, u being that of the dtype."""
    kind, degree, gamma, coef0 = kernel
    A, B = A.astype(np.longdouble), B.astype(np.longdouble)
    single = dtype is np.float32
    u = np.longdouble(2.0) ** (-24 if single else -53)
    under = np.longdouble(2.0) ** (-125 if single else -1021)

    def grown(n):
        return n * u / (1 - n * u)

    shared = (A != 0).astype(float) @ (B != 0).T.astype(float)
    norm_a, norm_b = (A**2).sum(1)[:, None], (B**2).sum(1)[None]
    lengths = np.sqrt(norm_a) * np.sqrt(norm_b)
    h = under * (shared + np.sqrt(shared) * (np.sqrt(norm_a) + np.sqrt(norm_b)))
    of_product = grown(shared + 3) * lengths + h
    if kind == LINEAR:
        return of_product
    if kind == RBF:
        # In double the norms are summed in double as well.
        more = 0 if single else (A != 0).sum(1)[:, None] + (B != 0).sum(1)[None]
        of_distance = grown(shared + 8 + more) * (norm_a + norm_b) + 2 * h + under
        D = np.array([((a - B) ** 2).sum(1) for a in A])
        q = gamma * (of_distance + grown(3) * (D + of_distance))
        return np.exp(-gamma * D) * (np.exp(q) * (1 + 4 * u) - 1) + under
    t = gamma * np.array([(a * B).sum(1) for a in A]) + coef0
    s = gamma * of_product + grown(4) * (gamma * (lengths + of_product) + abs(coef0)) + under
    if kind == SIGMOID:
        return s + 4 * u
    return (np.abs(t) + s) ** degree * (1 + grown(2 * degree)) - np.abs(t) ** degree


def assert_within_bound(X, kernel, dtype, which):
    got = rows(X, kernel, which, dtype)
    A = X[which]
    assert got.dtype == dtype
    error = np.abs(got.astype(np.longdouble) - definition(A, X, kernel))
    allowed = bound(A, X, kernel, dtype)
    assert (error <= allowed).all()
    return float((error[allowed > 0] / allowed[allowed > 0]).max(initial=0))


def fused(a, b, c):
    """a b + c as the level in use rounds it."""
    if machine.isa_current() == "x86-64-v2":
        return float(a) * float(b) + float(c)
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_double_products_are_summed_in_the_order_of_the_columns(rng):
    """As those of dense points are, to the last bit, whichever columns are frequent."""
    X = thinned(rng, 45, 30)
    got = rows(X, KERNELS[0], np.arange(0, 45, 4))
    for r, i in enumerate(range(0, 45, 4)):
        for j in range(45):
            dot = 0.0
            for k in range(30):
                dot = fused(X[i, k], X[j, k], dot)
            assert got[r, j] == dot


@every_kernel
@every_precision
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_values_are_within_their_bound(kernel, dtype, rng):
    """Two runs of points, the second a short one."""
    X = thinned(rng, 2100, 40)
    assert_within_bound(X, kernel, dtype, np.array([0, 1, 2, 3, 700, 2047, 2048, 2099]))


def positive(rng, n, d):
    return np.where(rng.random((n, d)) < 0.5, rng.random((n, d)) + 0.1, 0)


def nearly_equal(rng, n, d):
    """Distances of which a float32 holds few digits."""
    X = rng.normal(size=(1, d)) + 1e-4 * rng.random((n, d))
    return np.where(rng.random((1, d)) < 0.7, X, 0)


def far_apart(rng, n, d):
    return thinned(rng, n, d) * 10.0 ** rng.integers(-12, 5, size=(n, 1))


def subnormal(rng, n, d):
    return thinned(rng, n, d) * 1e-40


def one_column(rng, n, d):
    X = np.zeros((n, d))
    X[:, 3] = rng.normal(size=n)
    return X


@every_kernel
@every_precision
@pytest.mark.parametrize("kind", [positive, nearly_equal, far_apart, subnormal, one_column])
@pytest.mark.usefixtures("isa")
def test_bound_holds_on_hard_points(kind, kernel, dtype, rng):
    assert_within_bound(kind(rng, 90, 50), kernel, dtype, np.arange(0, 90, 5))


@pytest.mark.usefixtures("isa")
def test_bound_is_not_idle(rng):
    """A tenth of it is attained: with less the statement would be false."""
    everything = np.arange(400)
    assert assert_within_bound(positive(rng, 400, 12), KERNELS[0], np.float32, everything) > 0.1
    X = 30 * nearly_equal(rng, 400, 4)
    assert assert_within_bound(X, KERNELS[3], np.float32, everything) > 0.1


@every_precision
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_a_value_does_not_depend_on_its_company(dtype, rng):
    """The same bits from any block, range and order; symmetric."""
    X, kernel = thinned(rng, 2200, 25), KERNELS[3]
    which = np.array([5, 2199, 0, 2048, 77, 1, 2047, 1000, 78])
    want = rows(X, kernel, which, dtype)
    np.testing.assert_array_equal(rows(X, kernel, which[::-1], dtype), want[::-1])
    for r, i in enumerate(which):
        np.testing.assert_array_equal(rows(X, kernel, [i], dtype)[0], want[r])
    for step in (1, 3, 40, 1000):
        np.testing.assert_array_equal(rows(X, kernel, which, dtype, step=step), want)
    np.testing.assert_array_equal(want[:, which], want[:, which].T)


@every_precision
@pytest.mark.usefixtures("isa")
def test_any_number_of_threads_gives_the_same_bits(dtype, rng):
    X, kernel = thinned(rng, 5000, 30), KERNELS[3]
    which = rng.permutation(5000)[:150]
    want = rows(X, kernel, which, dtype)
    weight = rng.normal(size=(1, 5000))
    sums = SUMS[dtype](parts(X), kernel, parts(X[which]), weight, [0])
    for n_jobs in (2, 3):
        np.testing.assert_array_equal(rows(X, kernel, which, dtype, n_jobs=n_jobs), want)
        again = SUMS[dtype](parts(X), kernel, parts(X[which]), weight, [0], n_jobs=n_jobs)
        np.testing.assert_array_equal(again, sums)


@every_precision
@pytest.mark.usefixtures("isa")
def test_a_part_of_the_points_is_a_set(dtype, rng):
    """Chosen in any order; float32 values depend on the frequent columns, the order of sums."""
    X, kernel = thinned(rng, 300, 40), KERNELS[3]
    index = rng.permutation(300)[:90]
    got = rows(X, kernel, index=index, dtype=dtype)
    np.testing.assert_array_equal(got, rows(X[index], kernel, dtype=dtype))


@every_precision
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 1), (7, 3), (16, 2), (17, 9), (33, 4)])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_few_points(shape, dtype, rng):
    X = np.where(rng.random(shape) < 0.6, rng.normal(size=shape), 0)
    for kernel in KERNELS:
        assert_within_bound(X, kernel, dtype, np.arange(shape[0]))


@every_precision
def test_points_without_entries(dtype):
    X = np.zeros((20, 5))
    np.testing.assert_array_equal(rows(X, KERNELS[0], dtype=dtype), np.zeros((20, 20)))
    np.testing.assert_array_equal(rows(X, KERNELS[3], dtype=dtype), np.ones((20, 20)))
    assert rows(X, KERNELS[0], which=[], dtype=dtype).shape == (0, 20)
    assert rows(X, KERNELS[0], which=[], index=[], dtype=dtype).shape == (0, 0)


@every_precision
@pytest.mark.usefixtures("isa")
def test_stored_zeros_change_nothing(dtype, rng):
    X = thinned(rng, 200, 12)
    full = sp.csr_matrix(np.where(X == 0, 1.0, X))
    full.data[np.asarray(X == 0).ravel()] = 0.0
    assert full.nnz == X.size
    # All columns are frequent where zeros are stored, so that float32 sums have another order.
    got = rows(full, KERNELS[3], dtype=dtype)
    if dtype is np.float64:
        np.testing.assert_array_equal(got, rows(X, KERNELS[3]))
    assert (np.abs(got - definition(X, X, KERNELS[3])) <= bound(X, X, KERNELS[3], dtype)).all()


@every_precision
@pytest.mark.usefixtures("isa")
def test_more_full_columns_than_have_a_place(dtype, rng):
    """Dense columns are limited by the entries; of equally full ones the first are taken."""
    n, d = 4000, 500
    X = np.zeros((n, d))
    for k in range(d):
        X[rng.permutation(n)[: 400 + 3 * (k % 7)], k] = rng.normal()
    assert_within_bound(X, KERNELS[0], dtype, np.arange(0, n, 601))


@pytest.fixture
def all_kept():
    """What a call takes from the arena in large blocks is kept, to be measured."""
    limit = machine.arena_limit()
    machine.arena_set_limit(2**30)
    machine.arena_trim()
    yield
    machine.arena_set_limit(limit)


@every_precision
@pytest.mark.skipif(os.name != "posix", reason="blocks are kept on POSIX systems alone")
@pytest.mark.usefixtures("isa", "all_kept")
def test_dense_columns_take_at_most_six_numbers_an_entry(dtype):
    """All columns are a tenth full: frequent for 16 lanes, and ten numbers an entry if dense."""
    n, d = 40_000, 400
    columns = (np.arange(n)[:, None] % 10 + 10 * np.arange(d // 10)).astype(np.int32)
    pointers = np.arange(0, columns.size + 1, d // 10, dtype=np.int32)
    X = np.linspace(0.5, 1.5, columns.size), columns.ravel(), pointers, d
    rows(X, KERNELS[0], which=[], dtype=dtype, index=np.arange(n))
    width, entries = np.dtype(dtype).itemsize, columns.size
    blocks = 4  # the columns, the values and points of rare entries, a workspace: of 2 MB pages
    assert machine.arena_kept() <= 6 * width * entries + (width + 2) * entries + blocks * 2**21
    if machine.isa_current().startswith("x86-64-v4") and dtype is np.float32:
        assert machine.arena_kept() >= 6 * width * entries, "or this is no test of the limit"


@every_precision
@pytest.mark.usefixtures("isa")
def test_far_more_columns_than_entries(dtype, rng):
    """Columns are looked up by search then, and runs are longer."""
    n, d, wide = 5000, 30_000, 10**6
    i = np.arange(n)
    entry = sp.coo_matrix(
        (
            rng.normal(size=2 * n + n // 40),
            (
                np.concatenate([i, i, i[::40]]),
                np.concatenate([rng.integers(1, d, size=2 * n), np.zeros(n // 40, dtype=int)]),
            ),
        ),
        shape=(n, d),
    )
    X = entry.tocsr()
    names = np.sort(rng.choice(wide, d, replace=False))
    renamed = sp.csr_matrix((X.data, names[X.indices], X.indptr), shape=(n, wide))
    which = np.arange(0, n, 250)
    got = rows(renamed, KERNELS[3], which, dtype)
    np.testing.assert_array_equal(got, rows(X, KERNELS[3], which, dtype))
    squared = np.asarray(X.multiply(X).sum(1)).ravel()
    D = squared[which][:, None] + squared - 2 * (X[which] @ X.T).toarray()
    np.testing.assert_allclose(got, np.exp(-0.375 * D), rtol=1e-4 if dtype is np.float32 else 1e-13)
    # Points with columns that no point of the set has.
    others = sp.random(30, wide, 1e-4, format="csr", random_state=1) + renamed[:30]
    weight = rng.normal(size=(1, n))
    sums = SUMS[dtype](parts(renamed), KERNELS[0], parts(others), weight, [0])[:, 0]
    want = others @ (renamed.T @ weight[0])
    np.testing.assert_allclose(sums, want, atol=1e-4 if dtype is np.float32 else 1e-11)


@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_sums_are_those_of_the_rows_in_the_order_of_the_points(rng):
    """Each over its own range of points, also across runs; to the last bit."""
    X, Z, kernel = thinned(rng, 2300, 20), thinned(rng, 11, 20), KERNELS[3]
    weight, first = rng.normal(size=(4, 900)), np.array([0, 700, 1395, 1400])
    got = core.sparse_sums_float64(parts(X), kernel, parts(Z), weight, first)
    values = rows(np.concatenate([X, Z]), kernel, np.arange(2300, 2311))[:, :2300]
    for r in range(11):
        for s in range(4):
            want = 0.0
            for w, value in zip(weight[s], values[r, first[s] : first[s] + 900], strict=True):
                want = fused(w, value, want)
            assert got[r, s] == want


@pytest.mark.usefixtures("isa")
def test_sums_of_float32_values_are_double(rng):
    X, kernel = thinned(rng, 2300, 20), KERNELS[3]
    weight, which = rng.random((1, 2300)), np.arange(0, 2300, 211)
    got = core.sparse_sums_float32(parts(X), kernel, parts(X[which]), weight, [0])[:, 0]
    want = rows(X, kernel, which, np.float32).astype(np.longdouble) @ weight[0]
    np.testing.assert_allclose(got, want.astype(float), rtol=1e-12)


@pytest.mark.parametrize("width", [1, 8, 16])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_panels_hold_the_rows(width, rng):
    X, Z = thinned(rng, 2100, 20), thinned(rng, 35, 20)
    got = core.sparse_panels(parts(X), KERNELS[3], parts(Z), width)
    values = rows(np.concatenate([X, Z]), KERNELS[3], np.arange(2100, 2135))[:, :2100]
    assert got.shape == (-(-35 // width), 2100, width)
    for r in range(35):
        np.testing.assert_array_equal(got[r // width, :, r % width], values[r])


def test_norms_and_diagonal(rng):
    X = thinned(rng, 50, 9)
    for kernel in KERNELS:
        _, norms, diagonal, finite = core.sparse_rows_float64(parts(X), kernel, np.arange(50), [])
        np.testing.assert_allclose(norms, (X**2).sum(1), rtol=1e-14)
        want = np.diag(definition(X, X, kernel)).astype(float)
        np.testing.assert_allclose(diagonal, want, rtol=1e-12)
        assert finite


def test_what_a_precision_cannot_hold_is_noticed(rng):
    X = thinned(rng, 30, 6)
    huge = parts(X * 1e20)
    everything = np.arange(30)
    assert not core.sparse_rows_float32(huge, KERNELS[0], everything, [])[3]
    assert core.sparse_rows_float64(huge, KERNELS[0], everything, [])[3]
    assert not core.sparse_rows_float64(parts(X * 1e155), KERNELS[0], everything, [])[3]
    assert not core.sparse_rows_float32(parts(X), (RBF, 3, 1e39, 0.0), everything, [])[3]


@given(
    n=st.integers(1, 60),
    d=st.integers(1, 12),
    share=st.floats(0, 1),
    kernel=st.sampled_from(KERNELS),
    seed=st.integers(0, 2**20),
)
def test_any_shape(n, d, share, kernel, seed):
    rng = np.random.default_rng(seed)
    X = np.where(rng.random((n, d)) < share, rng.integers(-3, 4, size=(n, d)), 0).astype(float)
    for dtype in ROWS:
        assert_within_bound(X, kernel, dtype, np.arange(n))


def test_arguments_are_checked(rng):
    X = parts(thinned(rng, 10, 4))
    every = np.arange(10)
    for bad in ([10], [-1]):
        with pytest.raises(ValueError, match="which must be below 10"):
            core.sparse_rows_float64(X, KERNELS[0], every, bad)
        with pytest.raises(ValueError, match="index must be below 10"):
            core.sparse_rows_float64(X, KERNELS[0], bad, [])
    with pytest.raises(ValueError, match="kernel must be"):
        core.sparse_rows_float64(X, (4, 3, 1.0, 0.0), every, [0])
    with pytest.raises(ValueError, match="same columns"):
        core.sparse_sums_float64(X, KERNELS[0], parts(np.eye(5)), np.ones((1, 10)), [0])
    with pytest.raises(ValueError, match="first must be below 3"):
        core.sparse_sums_float64(X, KERNELS[0], X, np.ones((1, 8)), [3])


def labelled(rng, n=240, d=40):
    X = thinned(rng, n, d)
    return X, (X @ rng.normal(size=d) + 0.5 * rng.normal(size=n) > 0).astype(int)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.usefixtures("isa")
def test_machines_are_those_of_dense_points(kernel, rng):
    X, y = labelled(rng)
    # So few points have all values in double, whether dense or sparse.
    dense = svm_smo(X[:120], y[:120], kernel=kernel, gamma=0.25)
    csr = svm_smo(sp.csr_matrix(X[:120]), y[:120], kernel=kernel, gamma=0.25)
    np.testing.assert_array_equal(csr.dual_coef, dense.dual_coef)
    assert csr.intercept == dense.intercept


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf"])
@pytest.mark.usefixtures("isa")
def test_many_sparse_points_reach_the_objective_of_dense_ones(kernel, rng):
    """A machine that does not keep all values; the dense one goes by rows in float32."""
    X, y = labelled(rng)
    points, labels = np.tile(X, (12, 1)), np.tile(y, 12)
    dense = svm_smo(points, labels, kernel=kernel, gamma=0.25)
    csr = svm_smo(sp.csr_matrix(points), labels, kernel=kernel, gamma=0.25)
    assert max(dense.kkt_violation, csr.kkt_violation) <= 1e-3
    assert abs(csr.objective - dense.objective) <= max(csr.dual_gap, dense.dual_gap)


def test_unsorted_and_duplicate_indices_are_put_in_order(rng):
    X, y = labelled(rng)
    coo = sp.coo_matrix(X)
    half = coo.data / 2  # exact, and so is the sum of two halves
    shuffled = rng.permutation(2 * coo.nnz)
    order = shuffled[np.argsort(np.concatenate([coo.row, coo.row])[shuffled], kind="stable")]
    given_ = sp.csr_matrix(X.shape)
    given_.data = np.concatenate([half, half])[order]
    given_.indices = np.concatenate([coo.col, coo.col])[order].astype(np.int32)
    counts = 2 * np.bincount(coo.row, minlength=X.shape[0])
    given_.indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    before = given_.data.copy(), given_.indices.copy()
    want, got = SVC().fit(sp.csr_matrix(X), y), SVC(gamma="scale").fit(given_, y)
    np.testing.assert_array_equal(got.dual_coef_.toarray(), want.dual_coef_.toarray())
    np.testing.assert_array_equal(got.decision_function(given_), want.decision_function(X))
    np.testing.assert_array_equal(given_.data, before[0])
    np.testing.assert_array_equal(given_.indices, before[1])


def test_wide_indices_are_refused_as_by_scikit_learn(rng):
    X, y = labelled(rng)
    wide = sp.csr_matrix(X)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for svc in (SVC(), sklearn.svm.SVC()):
        with pytest.raises(ValueError, match="Only sparse matrices with 32-bit integer indices"):
            svc.fit(wide, y)
