"""Native draws are those of NumPy's RandomState, and of Philox, for any way of taking them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import core
from mlqa_fast._mlqa_fast_core import over_sampling as native


def by_numpy(seed, n, k, count):
    random = np.random.RandomState(seed)
    return random.randint(0, n * k, count), random.uniform(size=count)


@pytest.mark.sanitize
@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (1000, 5), (2**16, 2**15), (2**16, 2**16)])
@pytest.mark.parametrize("count", [0, 1, 311, 312, 313, 623, 5000])
def test_numpy(seed, n, k, count):
    for ours, theirs in zip(
        native.draw(False, seed, 0, n, k, count), by_numpy(seed, n, k, count), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(0, 2**32 - 1), st.integers(2, 2**20), st.integers(1, 64), st.integers(0, 3000))
def test_numpy_whatever_the_number_of_cells(seed, n, k, count):
    cells, fractions = native.draw(False, seed, 0, n, k, count)
    expected = by_numpy(seed, n, k, count)
    np.testing.assert_array_equal(cells, expected[0])
    np.testing.assert_array_equal(fractions, expected[1])


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_philox(seed):
    cells, fractions = native.draw(True, seed, 4, 700, 5, 1000)
    words = core.philox(seed, 4, 0, 1000).astype(object)
    np.testing.assert_array_equal(cells, (words[:, 0] * 2**32 + words[:, 1]) * 3500 >> 64)
    bits = (words[:, 2] * 2**32 + words[:, 3]) >> 11
    np.testing.assert_array_equal(fractions, bits.astype(float) * 2.0**-53)


@pytest.mark.parametrize("philox", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 4095, 4096, 60_000])
@pytest.mark.parametrize("of_class", [None, np.arange(99, 0, -3)])
def test_segments_are_drawn_on_the_way(philox, dtype, count, of_class, isa, rng):
    rows = rng.normal(size=(100, 7)).astype(dtype)
    n = 100 if of_class is None else len(of_class)
    nearest = rng.integers(n, size=(n, 4))
    cells, fraction = native.draw(philox, 5, 8, n, 4, count)
    base, neighbor = cells // 4, nearest.ravel()[cells]
    if of_class is not None:
        base, neighbor = of_class[base], of_class[neighbor]
    expected = np.empty((count, 7), dtype)
    native.interpolate(rows, base, neighbor, fraction, expected)
    for n_jobs in (1, 2, 3):
        out = np.full((count + 3, 7), 9, dtype)
        kept = native.draw_and_interpolate(
            rows, of_class, nearest, philox, 5, 8, count, out, 2, True, n_jobs
        )
        np.testing.assert_array_equal(out[2:-1], expected)
        assert (out[[0, 1, -1]] == 9).all()
        for ours, right in zip(kept, (base, neighbor, fraction), strict=True):
            np.testing.assert_array_equal(ours, right)


def test_threads_take_turns(rng):
    """Runs so short that threads meet at the draws all the time."""
    rows, nearest = rng.normal(size=(50, 1)), rng.integers(50, size=(50, 3))
    expected = np.empty((800_000, 1))
    native.draw_and_interpolate(rows, None, nearest, False, 1, 0, 800_000, expected, n_jobs=1)
    for _ in range(5):
        out = np.empty_like(expected)
        native.draw_and_interpolate(rows, None, nearest, False, 1, 0, 800_000, out, n_jobs=4)
        np.testing.assert_array_equal(out, expected)


ARGUMENTS = {
    "rows": np.zeros((5, 2)),
    "of_class": np.array([0, 1, 4]),
    "nearest": np.array([[1], [2], [0]]),
    "philox": False,
    "seed": 1,
    "number": 0,
    "count": 6,
    "out": np.zeros((9, 2)),
    "first": 3,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"of_class": np.array([0, 1, 5])}, "must be rows of X"),
        ({"of_class": np.array([0, -1, 2])}, "must be rows of X"),
        ({"of_class": np.array([0, 1])}, "a row for each row of the class"),
        ({"of_class": None}, "a row for each row of the class"),
        ({"nearest": np.array([[1], [3], [0]])}, "positions in the class"),
        ({"nearest": np.array([[1], [-1], [0]])}, "positions in the class"),
        ({"nearest": np.zeros((3, 0), int)}, "draws take"),
        ({"seed": 2**32}, "draws take"),
        ({"count": 7}, "room for the new rows"),
        ({"count": -1}, "room for the new rows"),
        ({"first": 4}, "room for the new rows"),
        ({"out": np.zeros((9, 3))}, "same number of columns"),
    ],
)
def test_the_binding_is_safe(change, message):
    native.draw_and_interpolate(**ARGUMENTS)
    with pytest.raises(ValueError, match=message):
        native.draw_and_interpolate(**ARGUMENTS | change)


def test_the_binding_reads_no_row_that_it_writes():
    both = np.zeros((9, 2))
    arguments = ARGUMENTS | {"rows": both, "out": both, "count": 4}
    native.draw_and_interpolate(**arguments | {"first": 5})
    with pytest.raises(ValueError, match="must be rows of X"):
        native.draw_and_interpolate(**arguments | {"first": 4})
