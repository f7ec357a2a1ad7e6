"""Exact nearest neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference
from rows import (
    KINDS,
    duplicates,
    huge,
    integers,
    large,
    nearly_equal,
    outlier,
    plain,
    small,
    subnormal,
    tiny,
)


def assert_exact(X, k, **parameters):
    squared, index = knn(X, k, **parameters)
    parameters.pop("n_jobs", None)
    expected_squared, expected_index = reference.knn(X, k, **parameters)
    np.testing.assert_array_equal(index, expected_index)
    np.testing.assert_array_equal(squared, expected_squared)  # to the last bit


def wide(X):
    """With columns of zeros, which change no distance: too many features for the tree."""
    return np.pad(X, ((0, 0), (0, 9 - X.shape[1])))


@pytest.mark.sanitize
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("n", "d", "k"), [(300, 5, 4), (230, 17, 30), (97, 1, 5), (120, 40, 119)])
def test_against_the_reference(kind, n, d, k, isa, rng):
    assert_exact(kind(rng, n, d), k)
    if d < 9:
        assert_exact(wide(kind(rng, n, d)), k)


@pytest.mark.parametrize("kind", [plain, duplicates, nearly_equal, integers, outlier])
def test_float32(kind, isa, rng):
    assert_exact(kind(rng, 400, 19).astype(np.float32), 6)


@pytest.mark.parametrize("d", [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100])
def test_every_remainder_of_features(d, isa, rng):
    assert_exact(rng.normal(size=(120, d)), 5)
    assert_exact(rng.normal(size=(120, d)).astype(np.float32), 5)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 40, 63, 64, 65, 127, 128, 129])
def test_few_rows(n, isa, rng):
    assert_exact(wide(rng.normal(size=(n, 3))), n - 1)


def test_more_neighbours_than_places_for_candidates(isa, rng):
    assert_exact(rng.normal(size=(1500, 4)), 1200)


def test_clusters_come_one_after_the_other(isa, rng):
    """Each cluster is nearer than the one before: every limit is lowered many times."""
    X = np.concatenate([rng.normal(size=(400, 6)) * 2.0**-i for i in range(6)])
    assert_exact(wide(X), 5)


@pytest.mark.sanitize
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("n", "d"), [(1100, 2), (1537, 21)])
def test_many_blocks_of_rows_meet_each_other(kind, n, d, rng):
    """Also of float32, and by more threads than there are pairs of blocks."""
    X = kind(rng, n, d)
    X = wide(X) if d < 9 else X
    assert_exact(X, 5, n_jobs=3)
    with np.errstate(over="ignore"):
        single = X.astype(np.float32)
    if np.isfinite(single).all():
        assert_exact(single, 3)


@pytest.mark.parametrize("k", [1, 63, 64, 65])
def test_rows_among_themselves_with_many_neighbours(k, isa, rng):
    """Duplicates as well: the limit of the places for candidates is met on either side."""
    X = rng.normal(size=(500, 3))
    X[250:] = X[rng.integers(30, size=250)]
    assert_exact(wide(X), k)


@pytest.mark.parametrize("n", [255, 256, 257, 287, 288, 289, 511, 512, 513, 1023, 1024, 1025])
def test_every_remainder_of_rows(n, rng):
    assert_exact(wide(rng.normal(size=(n, 3))), 4)


def test_clusters_far_from_each_other(isa, rng):
    """Boxes rule out all other clusters, though the screen's error is larger than the clusters."""
    centres = 1e5 * rng.normal(size=(12, 4))
    X = centres[rng.integers(12, size=1200)] + rng.normal(size=(1200, 4))
    assert_exact(wide(X), 6)


def test_the_nearest_is_in_the_next_group(isa, rng):
    """Pairs that the groups' bounds cut in two: a box that misses one row loses its partner."""
    pairs = np.arange(1.0, 161)
    X = np.concatenate([[0.0], pairs, pairs + 0.1])
    for _ in range(30):
        assert_exact(wide(rng.permutation(X)[:, None]), 1)


def test_boxes_that_touch(isa):
    """A lattice: equal distances on both sides of every box, the lower index comes first."""
    side = np.arange(9.0)
    X = wide(np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3))
    assert_exact(X, 6)
    assert_exact(X[np.random.default_rng(1).permutation(len(X))], 20)


@pytest.mark.parametrize("ascending", [True, False])
def test_few_queries_of_many_rows(ascending, isa, rng):
    """The nearest come first, last or in between: limits are lowered late, or at once."""
    X = np.column_stack([np.arange(3000.0) ** 1.5, rng.normal(size=(3000, 2)) * 1e3])
    X = wide(X if ascending else X[::-1].copy())
    rows, queries = np.arange(3000), np.array([0, 1, 700, 1500, 2998, 2999])
    index = core.knn_within(X, 20, rows, queries)[1]
    distances = reference.squared_distances(X[queries], X)
    distances[np.arange(6), queries] = np.inf
    np.testing.assert_array_equal(index, np.argsort(distances, axis=1, kind="stable")[:, :20])


@pytest.mark.parametrize("side", [-1, 1])
def test_one_query_with_many_neighbours(side, isa):
    """On one side the rows are a little closer together: more of them are needed."""
    steps = np.arange(1.0, 2049)
    X = np.sort(side * np.concatenate([-steps, [0.0], 1.1 * steps]))[:, None]
    for k in (900, 960, 1000, 1020):
        index = core.knn_within(X, k, None, np.array([2048]))[1]
        distances = np.abs(X[:, 0] - X[2048])
        np.testing.assert_array_equal(index[0], np.argsort(distances, kind="stable")[1 : k + 1])


def test_ties_among_few_queries(isa):
    """A grid: many rows at the same distance, the lower index comes first."""
    side = np.arange(50.0)
    X = wide(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    index = core.knn_within(X, 6, None, np.arange(0, 2500, 17))[1]
    distances = reference.squared_distances(X[::17], X)
    distances[np.arange(len(index)), np.arange(0, 2500, 17)] = np.inf
    np.testing.assert_array_equal(index, np.argsort(distances, axis=1, kind="stable")[:, :6])


def test_no_features():
    squared, index = core.knn_within(np.empty((4, 0)), 2, distances=True)
    np.testing.assert_array_equal(squared, np.zeros((4, 2)))
    np.testing.assert_array_equal(index, [[1, 2], [0, 2], [0, 1], [0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 50), (500, 7), (500, 300)])
def test_queries(n, m, dtype, isa, rng):
    X, Q = rng.normal(size=(n, 10)).astype(dtype), rng.normal(size=(m, 10)).astype(dtype)
    Q[0] = X[0]
    assert_exact(X, min(n, 4), queries=Q)


def test_queries_that_are_the_rows_are_not_left_out(rng):
    X = rng.normal(size=(300, 4))
    np.testing.assert_array_equal(knn(X, 1, queries=X)[1].ravel(), np.arange(300))
    np.testing.assert_array_equal(knn(X[:100], 1, queries=X)[1][:100].ravel(), np.arange(100))


def test_queries_far_outside(isa, rng):
    assert_exact(rng.normal(size=(400, 11)), 3, queries=rng.normal(size=(200, 11)) * 1e9)


def test_queries_of_the_other_type(rng):
    X, Q = rng.normal(size=(100, 3)), rng.normal(size=(50, 3)).astype(np.float32)
    np.testing.assert_array_equal(knn(X, 3, queries=Q)[1], knn(X, 3, queries=Q.astype(float))[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_and_queries_by_index(dtype, isa, rng):
    X = rng.normal(size=(900, 17)).astype(dtype)
    rows = np.sort(rng.permutation(900)[:350])
    queries = rng.integers(350, size=90)
    squared, position = core.knn_within(X, 6, rows, queries, distances=True)
    expected = reference.knn(X[rows], 6)
    np.testing.assert_array_equal(position, expected[1][queries])
    np.testing.assert_array_equal(squared, expected[0][queries])
    np.testing.assert_array_equal(core.knn_within(X, 6, rows, queries)[1], position)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": np.array([0, 10])}, "rows must be between 0 and 9"),
        ({"rows": np.array([-1, 3])}, "rows must be between 0 and 9"),
        ({"queries": np.array([10])}, "queries must be between 0 and 9"),
        ({"rows": np.arange(4), "queries": np.array([4])}, "queries must be between 0 and 3"),
        ({"k": 10}, "k must be between 1 and 9"),
        ({"k": 0}, "k must be between 1 and 9"),
        ({"x": np.zeros(3)}, "must be matrices"),
    ],
)
def test_the_binding_is_safe(arguments, message):
    with pytest.raises(ValueError, match=message):
        core.knn_within(**{"x": np.zeros((10, 2)), "k": 2} | arguments)


def test_the_binding_refuses_other_columns():
    with pytest.raises(ValueError, match="same number of columns"):
        core.knn_between(np.zeros((10, 2)), np.zeros((10, 3)), 2)


@given(
    st.integers(2, 90),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64]),
    st.data(),
)
def test_hypothesis(n, d, seed, dtype, data):
    generator = np.random.default_rng(seed)
    X = generator.choice([0, 1, -1, 1e-3, 1e5, 1e-20, 3.3], size=(n, d))
    X = X + generator.normal(size=(n, d)) * generator.choice([0, 1e-9, 1], size=(n, 1))
    assert_exact(X.astype(dtype), data.draw(st.integers(1, n - 1)))


def test_moving_and_exchanging_the_rows(rng):
    """Distances do not change when rows are permuted, nor when all are moved by a power of two."""
    X = np.round(rng.normal(size=(500, 6)) * 1024)
    order = rng.permutation(500)
    squared = knn(X, 5)[0]
    np.testing.assert_array_equal(knn(X[order], 5)[0], squared[order])
    np.testing.assert_array_equal(knn(X + 2.0**20, 5)[0], squared)


# The screen's bound: E is half the distance between what it says below and above.


def screened(X, grouped):
    lower, upper = core.knn_screen(X, X, grouped)
    exact = reference.squared_distances(X, X)
    assert (lower <= exact).all()
    assert (exact <= upper).all()
    error = np.abs((lower + upper) / 2 - exact) / ((upper - lower) / 2)
    return lower, upper, exact, error


by_blocks_and_groups = pytest.mark.parametrize("grouped", [False, True], ids=["blocks", "groups"])
BEYOND_FLOAT32 = (huge, tiny, large, small, subnormal)
KINDS_AND_TYPES = [(kind, np.float64) for kind in KINDS] + [
    (kind, np.float32) for kind in KINDS if kind not in BEYOND_FLOAT32
]


@pytest.mark.parametrize(("kind", "dtype"), KINDS_AND_TYPES)
@pytest.mark.parametrize("d", [1, 5, 64, 300])
@by_blocks_and_groups
def test_every_pair_is_within_the_bound(grouped, kind, dtype, d, isa, rng):
    X = kind(rng, 150, d).astype(dtype)
    if kind in (huge, tiny, subnormal):
        assert core.knn_screen(X, X) is None
    elif core.knn_screen(X, X) is None:
        assert (X[0] == X).all()
    else:
        screened(X, grouped)


@pytest.mark.parametrize("d", [64, 256, 1000])
@by_blocks_and_groups
def test_a_tenth_of_the_bound_is_attained(grouped, d, isa):
    """Rows +x and -x, whose products make the sum grow and round it the same way at each step."""
    attained = 0.0
    for eps in 2.0 ** np.arange(-13.0, -7.0, 0.25):
        x = np.full((1, d), 1 + eps)
        _, _, _, error = screened(np.concatenate([x, -x]), grouped)
        attained = max(attained, error.max())
    assert attained >= 0.1


def loses_neighbours(rng, grouped):
    """For shares of the bound that are kept, the trials in which true neighbours are dropped.

    The distances of the rows differ less than float32 sees.
    """

    def lost(direction, share):
        radius = 1 + 1e-9 * np.arange(len(direction))[:, None]
        X = np.concatenate([np.zeros((1, direction.shape[1])), direction * radius])
        lower, upper, exact, _ = (bounds[0, 1:] for bounds in screened(X, grouped))
        middle, half = (lower + upper) / 2, share * (upper - lower) / 2
        kept = np.flatnonzero(middle - half <= np.sort(middle + half)[4])
        return not np.isin(np.argsort(exact, kind="stable")[:5], kept).all()

    losses = {1.0: 0, 1 / 64: 0}
    for _ in range(20):
        direction = rng.normal(size=(300, 6))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        for share in losses:
            losses[share] += lost(direction, share)
    return losses


@by_blocks_and_groups
def test_a_64th_of_the_bound_would_lose_neighbours(grouped, isa, rng):
    """A smaller bound drops true neighbours."""
    losses = loses_neighbours(rng, grouped)
    assert losses[1.0] == 0
    assert losses[1 / 64] > 0
