"""Exact nearest neighbours among sparse rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference
from rows import (
    duplicates,
    huge,
    identical,
    integers,
    large,
    mixed_scales_of_columns,
    mixed_scales_of_rows,
    nearly_equal,
    outlier,
    plain,
    small,
    subnormal,
    tiny,
)


def positive(rng, n, d):
    """As counts and weights of words are: rows with few entries are near to most others."""
    return rng.random(size=(n, d)) + 0.1


def unit_norms(rng, n, d):
    X = rng.normal(size=(n, d))
    return X / np.linalg.norm(X, axis=1)[:, None]


KINDS = [
    plain,
    positive,
    duplicates,
    integers,
    unit_norms,
    mixed_scales_of_rows,
    mixed_scales_of_columns,
    nearly_equal,
    identical,
    huge,
    tiny,
    large,
    small,
    subnormal,
    outlier,
]


def thinned(kind, rng, n, d, share=0.2):
    """Columns of any frequency: on average `share` of the entries stay."""
    frequency = rng.choice([0.1, 0.5, 1, 2.4], size=d) * share
    return np.where(rng.random((n, d)) < np.minimum(frequency, 1), kind(rng, n, d), 0)


def vectors(csr, index=np.int32):
    return csr.data, csr.indices.astype(index), csr.indptr.astype(index), csr.shape[1]


def assert_exact(X, k, index=np.int32, queries=None, n_jobs=0):
    """With distances and without, which takes another way."""
    csr = X if sp.issparse(X) else sp.csr_matrix(X)
    expected = reference.knn(csr, k)
    rows = np.arange(csr.shape[0]) if queries is None else queries
    squared, got = core.knn_sparse(*vectors(csr, index), queries, k, True, n_jobs=n_jobs)
    np.testing.assert_array_equal(got, expected[1][rows])
    np.testing.assert_array_equal(squared, expected[0][rows])  # to the last bit
    got = core.knn_sparse(*vectors(csr, index), queries, k, n_jobs=n_jobs)[1]
    np.testing.assert_array_equal(got, expected[1][rows])


@pytest.mark.sanitize
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("n", "d", "k"), [(300, 40, 4), (60, 9, 59), (100, 1, 3)])
def test_against_the_reference(kind, n, d, k, isa, rng):
    assert_exact(thinned(kind, rng, n, d), k)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.3, 0.9])
@pytest.mark.parametrize("kind", [plain, positive, duplicates, unit_norms, outlier])
def test_every_density(kind, share, isa, rng):
    assert_exact(thinned(kind, rng, 400, 60, share), 5, n_jobs=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_types_and_queries(dtype, index, isa, rng):
    X = thinned(plain, rng, 120, 30).astype(dtype)
    assert_exact(X, 5, index, rng.integers(120, size=50))
    assert_exact(X, 5, index)


@pytest.mark.parametrize("d", [127, 128, 129, 256, 300, 700])
def test_more_frequent_columns_than_fit_the_first_cache(d, isa, rng):
    assert_exact(thinned(plain, rng, 150, d, 0.4), 5)


@pytest.mark.parametrize("n", [2, 3, 5, 63, 64, 65, 127, 128, 129, 255, 257])
def test_every_remainder_of_rows(n, isa, rng):
    assert_exact(thinned(plain, rng, n, 12), min(n - 1, 4))
    assert_exact(thinned(plain, rng, n, 500, 0.01), n - 1)


def test_several_blocks_of_rows(isa, rng):
    """Of rare columns alone, of frequent ones alone, and of both."""
    nearest = core.knn_within
    for X in (
        sp.random(9000, 300, 0.01, "csr", random_state=rng),
        sp.random(700, 1100, 0.25, "csr", random_state=rng),
        sp.hstack(
            [
                sp.random(5000, 200, 0.25, random_state=rng),
                sp.random(5000, 200, 0.01, random_state=rng),
            ]
        ).tocsr(),
    ):
        queries = rng.integers(X.shape[0], size=100)
        expected = nearest(X.toarray(), 5, None, queries)[1]
        got = core.knn_sparse(*vectors(X), queries, 5, n_jobs=2)[1]
        np.testing.assert_array_equal(got, expected)


def test_norms_that_rule_out_blocks(isa, rng):
    """Rows of very different norms; those of the nearest are not always the next ones."""
    X = thinned(positive, rng, 9000, 20) * 4.0 ** rng.integers(-3, 4, size=(9000, 1))
    queries = np.arange(0, 9000, 90)
    expected = core.knn_within(X, 5, None, queries)[1]
    got = core.knn_sparse(*vectors(sp.csr_matrix(X)), queries, 5)[1]
    np.testing.assert_array_equal(got, expected)


def test_rows_that_store_nothing(isa, rng):
    X = thinned(plain, rng, 90, 20)
    X[::3] = 0
    assert_exact(X, 40)
    assert_exact(np.zeros((10, 4)), 3)
    assert_exact(np.zeros((100, 0)), 3)


def test_zeros_that_are_stored(isa, rng):
    X = sp.csr_matrix(thinned(plain, rng, 200, 15))
    X.data[rng.random(X.nnz) < 0.3] = 0
    X.data[rng.random(X.nnz) < 0.1] = -0.0
    assert_exact(X, 7)


@pytest.mark.parametrize("columns", [2**20, 2**24])
def test_columns_far_apart(columns, isa, rng):
    """The definition on columns that stand at the same places among eight."""
    X = sp.random(150, 64, 0.1, "csr", random_state=rng)
    step = columns // 64 // 8 * 8
    places = np.arange(64) * step + np.arange(64) % 8
    wide = sp.csr_matrix((X.data, places[X.indices], X.indptr), shape=(150, columns))
    got = core.knn_sparse(*vectors(wide), None, 5, True)
    # Among the 64 columns those of a partial sum follow one another as among all.
    expected = reference.knn(X, 5)
    np.testing.assert_array_equal(got[1], expected[1])
    np.testing.assert_array_equal(got[0], expected[0])


def test_a_column_is_shared_by_all_or_by_none(isa, rng):
    alone = sp.diags(rng.random(100)).tocsr()
    assert_exact(alone, 5)
    assert_exact(sp.hstack([alone, rng.normal(size=(100, 1))]).tocsr(), 5)


@given(
    st.integers(2, 90),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64]),
    st.data(),
)
def test_hypothesis(n, d, seed, dtype, data):
    generator = np.random.default_rng(seed)
    X = generator.choice([0, 0, 0, 1, -1, 1e-3, 1e5, 1e-20, 3.3], size=(n, d))
    X[:, generator.random(d) < 0.5] *= generator.random((n, 1)) < 0.1
    assert_exact(X.astype(dtype), data.draw(st.integers(1, n - 1)))


# The public function


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_formats(form, dtype, rng):
    X = np.round(8 * thinned(plain, rng, 80, 12)).astype(dtype)
    for ours, right in zip(knn(form(X), 4), reference.knn(X, 4), strict=True):
        np.testing.assert_array_equal(ours, right)


def test_entries_twice_and_out_of_order(rng):
    X = sp.coo_matrix(thinned(plain, rng, 80, 12))
    order = rng.permutation(2 * X.nnz)
    doubled = [np.tile(part, 2)[order] for part in (X.data / 2, X.row, X.col)]
    rows = np.argsort(doubled[1], kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(doubled[1], minlength=80))])
    messy = sp.csr_matrix((doubled[0][rows], doubled[2][rows], offsets), shape=X.shape)
    before = messy.data.copy(), messy.indices.copy()
    squared, index = knn(messy, 4)
    np.testing.assert_array_equal(messy.data, before[0])
    np.testing.assert_array_equal(messy.indices, before[1])
    expected = reference.knn(X, 4)
    np.testing.assert_array_equal(index, expected[1])
    np.testing.assert_array_equal(squared, expected[0])


def test_queries_are_refused():
    with pytest.raises(ValueError, match="queries must be None where X is a sparse matrix"):
        knn(sp.eye(9, format="csr"), 2, queries=np.zeros((1, 9)))


# The binding


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"indices": np.array([0, 9], np.int32)}, "indices must be columns"),
        ({"indices": np.array([0, -1], np.int32)}, "indices must be columns"),
        ({"indptr": np.array([0, 1, 3, 2], np.int32)}, "indptr must rise"),
        ({"indptr": np.array([0, 1, 2, 3], np.int32)}, "indptr must rise"),
        ({"queries": np.array([3])}, "queries must be between 0 and 2"),
        ({"k": 3}, "k must be between 1 and 2"),
    ],
)
def test_the_binding_is_safe(change, message):
    arguments = {
        "data": np.ones(2),
        "indices": np.array([0, 1], np.int32),
        "indptr": np.array([0, 1, 2, 2], np.int32),
        "columns": 2,
        "queries": np.arange(3),
        "k": 1,
    }
    core.knn_sparse(**arguments)
    with pytest.raises(ValueError, match=message):
        core.knn_sparse(**arguments | change)


# The screen's bound: E is half the distance between what it says below and above.


def screened(X):
    lower, upper = core.knn_sparse_screen(*vectors(sp.csr_matrix(X)))
    exact = reference.squared_distances(X, X)
    pairs = ~np.eye(len(X), dtype=bool)  # a row never meets itself
    assert (lower <= exact)[pairs].all()
    assert (exact <= upper)[pairs].all()
    half = (upper - lower) / 2
    error = np.abs((lower + upper) / 2 - exact) / np.where(half > 0, half, 1)
    return lower, upper, exact, error


@pytest.mark.parametrize("share", [0.02, 0.2, 0.9])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_pair_is_within_the_bound(kind, share, isa, rng):
    X = thinned(kind, rng, 200, 150, share)
    if kind in (huge, tiny, subnormal):
        assert core.knn_sparse_screen(*vectors(sp.csr_matrix(X))) is None
    else:
        screened(X)


@pytest.mark.parametrize("d", [64, 256])
@pytest.mark.parametrize("others", [0, 60])
def test_a_tenth_of_the_bound_is_attained(d, others, isa):
    """Rows +x and -x, whose products make the sum grow and round it the same way at each step.

    Beside many rows that store none of their columns, these are rare.
    """
    attained = 0.0
    for eps in 2.0 ** np.arange(-13.0, -7.0, 0.25):
        x = np.zeros((2 + others, d + 1))
        x[0, :d] = 1 + eps
        x[1, :d] = -1 - eps
        attained = max(attained, screened(x)[3][0, 1])
    assert attained >= 0.1


def test_a_64th_of_the_bound_would_lose_neighbours(isa, rng):
    """Rows whose distances differ less than float32 sees: a smaller bound drops true neighbours."""
    centre = rng.normal(size=(1, 6))

    def lost(direction, share):
        radius = 1 + 1e-9 * np.arange(len(direction))[:, None]
        X = np.concatenate([centre, centre + direction * radius])
        lower, upper, exact, _ = (bounds[0, 1:] for bounds in screened(X))
        middle, half = (lower + upper) / 2, share * (upper - lower) / 2
        kept = np.flatnonzero(middle - half <= np.sort(middle + half)[4])
        return not np.isin(np.argsort(exact, kind="stable")[:5], kept).all()

    losses = {1.0: 0, 1 / 64: 0}
    for _ in range(20):
        direction = rng.normal(size=(300, 6))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        for share in losses:
            losses[share] += lost(direction, share)
    assert losses[1.0] == 0
    assert losses[1 / 64] > 0
