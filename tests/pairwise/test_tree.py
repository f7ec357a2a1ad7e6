"""Exact nearest neighbours in few dimensions: against the definition, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.reference import pairwise as reference
from rows import KINDS, NARROW, SCALES

LEAF, BUCKET = 32, 2048  # rows of a leaf; of a bucket, about


def expected(X, k, rows, queries=None):
    """Nearest rows of X to some of its rows, themselves left out, or to `queries`, by sorting."""
    distances = reference.squared_distances(X[rows] if queries is None else queries[rows], X)
    order = np.argsort(distances, axis=1, kind="stable")
    if queries is None:
        order = order[order != np.asarray(rows)[:, None]].reshape(len(rows), -1)
    return np.take_along_axis(distances, order[:, :k], axis=1), order[:, :k]


def assert_exact(X, k, rows=None, queries=None, n_jobs=1):
    """`rows`: of X, or of the queries, whose neighbours are looked at."""
    if queries is None:
        squared, index = core.knn_within(X, k, distances=True, n_jobs=n_jobs)
    else:
        squared, index = core.knn_between(X, queries, k, distances=True, n_jobs=n_jobs)
    rows = np.arange(len(index)) if rows is None else rows
    expected_squared, expected_index = expected(X, k, rows, queries)
    np.testing.assert_array_equal(index[rows], expected_index)
    np.testing.assert_array_equal(squared[rows], expected_squared)


def some(n):
    """Rows spread over all n."""
    return np.unique(np.linspace(0, n - 1, 150).astype(int))


@pytest.mark.sanitize
@pytest.mark.parametrize("d", range(1, 9))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_against_the_reference(kind, d, isa, rng):
    X = kind(rng, 210, d)
    assert_exact(X, 5)
    assert_exact(X, 20)
    with np.errstate(over="ignore"):
        single = X.astype(np.float32)
    if np.isfinite(single).all():
        assert_exact(single, 9)


@pytest.mark.parametrize("d", range(1, 9))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_many_buckets(kind, d, rng):
    """Rows enough for the cuts of a sample, several levels of nodes, and several threads."""
    X = kind(rng, 4 * BUCKET + 77, d)
    assert_exact(X, 5, some(len(X)), n_jobs=3)


@pytest.mark.parametrize("n", [33, 63, 64, 65, 255, 256, 257, 2047, 2048, 2049, 2050, 4097])
def test_every_remainder_of_rows(n, isa, rng):
    assert_exact(rng.normal(size=(n, 3)), 4, some(n))


@pytest.mark.sanitize
@pytest.mark.parametrize("k", [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65])
def test_numbers_of_neighbours(k, isa, rng):
    """In registers, in memory, and beyond the tree; with duplicates as well."""
    X = rng.normal(size=(300, 3))
    X[200:] = X[rng.integers(20, size=100)]
    assert_exact(X, k)
    assert_exact(X, k, queries=X[::3] + 0.01)


@pytest.mark.parametrize("n", [34, 40, 65, 70])
def test_all_other_rows_are_neighbours(n, isa, rng):
    assert_exact(rng.normal(size=(n, 2)), min(n - 1, 64))
    assert_exact(rng.normal(size=(n, 2)), min(n, 64), queries=rng.normal(size=(40, 2)))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_lattices(d, isa, rng):
    """Ties at every distance, on both sides of every box: the lower position comes first."""
    side = np.arange({1: 700, 2: 26, 3: 9}[d], dtype=float)
    X = np.stack(np.meshgrid(*[side] * d), axis=-1).reshape(-1, d)
    for order in (np.arange(len(X)), np.arange(len(X))[::-1], rng.permutation(len(X))):
        assert_exact(X[order], 2 * d)
        assert_exact(X[order], 2 * d + 1, queries=X + 0.5)


def test_queries_on_the_border_of_a_box(isa, rng):
    """Two rows at one distance, either of which may be the one that is found first."""
    X = np.repeat(np.arange(400.0), 3)[rng.permutation(1200), None]
    assert_exact(X, 4, queries=np.arange(-1, 400.5, 0.5)[:, None])


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_neighbouring_numbers(steps, isa, rng):
    """Differences of a last place: the bounds of boxes have no slack to hide an error in."""
    X = 1 + rng.integers(0, 60 * steps, size=(600, 2)) * (steps * np.finfo(float).eps)
    assert_exact(X, 5)
    assert_exact(X * 1e-160, 5)  # squares below the normal numbers


@pytest.mark.parametrize("scale", [1e-200, 1e-162, 1e-150, 1e150, 1e154, 1e300])
def test_squares_that_vanish_or_overflow(scale, isa, rng):
    X = np.concatenate([rng.normal(size=(400, 3)), 1e-5 * rng.normal(size=(100, 3))]) * scale
    assert_exact(X, 6)
    assert_exact(X, 6, queries=X[:90] * 0.999)


@pytest.mark.parametrize("d", [1, 3])
def test_differences_that_overflow(d, isa, rng):
    X = rng.choice([-1.7e308, -1e308, 0, 1e308, 1.7e308], size=(300, d))
    assert_exact(X, 7)


def test_rows_on_a_line(isa, rng):
    X = rng.normal(size=(700, 1)) * np.array([[1.0, -2.0, 3.0]])
    assert_exact(X, 5)
    assert_exact(np.sort(X, axis=0), 5)


@pytest.mark.parametrize("distinct", [1, 2, 7])
def test_duplicates_cost_no_more_than_others(distinct, rng):
    """With 200,000 rows in few places, all pairs would take minutes."""
    X = rng.normal(size=(distinct, 2))[rng.integers(distinct, size=200_000)]
    index = core.knn_within(X, 5)[1]
    for i in some(len(X))[::10]:
        same = np.flatnonzero((X[i] == X).all(axis=1))
        np.testing.assert_array_equal(index[i], same[same != i][:5])


def test_distances_that_all_overflow_cost_no_more_than_others(rng):
    X = rng.permutation(100_000)[:, None] * 1e200
    index = core.knn_within(X, 3)[1]
    np.testing.assert_array_equal(index[5:], np.tile([0, 1, 2], (99_995, 1)))
    np.testing.assert_array_equal(index[:4], [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])


@pytest.mark.sanitize
@pytest.mark.parametrize("d", range(1, 9))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_queries(d, dtype, isa, rng):
    X, Q = rng.normal(size=(900, d)).astype(dtype), rng.normal(size=(140, d)).astype(dtype)
    Q[:20] = X[:20]
    Q[20:40] *= dtype(1e6)
    assert_exact(X, 5, queries=Q)
    assert_exact(X, 1, queries=X)


@pytest.mark.parametrize(("n", "m"), [(1100, 1), (40, 5000), (5000, 40), (1, 1100)])
def test_few_rows_or_queries(n, m, rng):
    X, Q = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    assert_exact(X, min(n, 5), some(m), queries=Q, n_jobs=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_some_rows_among_some_rows(dtype, isa, rng):
    """`rows` in any order; queries in any order, repeated, each leaving out itself."""
    X = rng.normal(size=(900, 3)).astype(dtype)
    X[600:] = X[rng.integers(300, size=300)]
    rows = rng.permutation(900)[:350]
    queries = rng.integers(350, size=500)
    squared, position = core.knn_within(X, 6, rows, queries, distances=True)
    expected_squared, expected_position = expected(X[rows], 6, queries)
    np.testing.assert_array_equal(position, expected_position)
    np.testing.assert_array_equal(squared, expected_squared)
    np.testing.assert_array_equal(core.knn_within(X, 6, rows, queries)[1], position)


def test_all_rows_in_another_order(isa, rng):
    """As many queries as rows, which still are not the rows one by one."""
    X = rng.normal(size=(300, 2))
    queries = rng.permutation(300)
    np.testing.assert_array_equal(
        core.knn_within(X, 3, None, queries)[1], core.knn_within(X, 3)[1][queries]
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [300, 3 * BUCKET])
def test_the_binding_is_safe_where_numbers_are_not_finite(bad, n, rng):
    """The public functions refuse them; here every position that comes out must be one."""
    X = rng.normal(size=(n, 2))
    X[rng.integers(n, size=n // 2), 1] = bad
    index = core.knn_within(X, 3, None, np.arange(50))[1]
    assert ((index >= 0) & (index < n)).all()
    index = core.knn_between(rng.normal(size=(300, 2)), X[:200], 3)[1]
    assert ((index >= 0) & (index < 300)).all()


@pytest.mark.parametrize("d", [1, 2, 5, 8])
def test_any_number_of_threads(d, rng):
    X = np.round(rng.normal(size=(6000, d)), 1)
    one = core.knn_within(X, 5, distances=True, n_jobs=1)
    for n_jobs in (2, 3, 7):
        for a, b in zip(one, core.knn_within(X, 5, distances=True, n_jobs=n_jobs), strict=True):
            np.testing.assert_array_equal(a, b)


@given(
    st.integers(33, 200),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
    st.sampled_from(NARROW),
    st.sampled_from(SCALES),
    st.sampled_from([np.float32, np.float64]),
    st.data(),
)
def test_hypothesis(n, d, seed, kind, scale, dtype, data):
    X = kind(np.random.default_rng(seed), n, d) * scale
    with np.errstate(over="ignore", under="ignore"):
        X = X.astype(dtype)
    X[~np.isfinite(X)] = 0
    assert_exact(X, data.draw(st.integers(1, min(n - 1, 70))))
    asked = data.draw(st.integers(1, n - 1))
    assert_exact(X[asked:], 1, queries=X[:asked])
