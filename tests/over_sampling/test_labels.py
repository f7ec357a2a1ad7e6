"""Labels are counted and found as NumPy does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import over_sampling as native
from mlqa_fast.over_sampling._strategy import count_classes, rows_of_classes

INTEGERS = [np.dtype(code) for code in "bBhHiIlLqQ"]


@pytest.mark.sanitize
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("step", [1, -1, 3])
@pytest.mark.parametrize("where", ["low", "zero", "high"])
def test_of_any_integer_type(dtype, step, where, rng):
    info = np.iinfo(dtype)
    first = {"low": info.min, "zero": 0, "high": info.max - 100}[where]
    y = (rng.integers(0, 100, 3001).astype(object) + first).astype(dtype)[::step]
    labels, counts = native.count_labels(y)
    expected = np.unique(y, return_counts=True)
    assert labels.dtype == dtype
    np.testing.assert_array_equal(labels, expected[0])
    np.testing.assert_array_equal(counts, expected[1])
    rows = native.label_rows(y, labels, counts)
    np.testing.assert_array_equal(rows, np.argsort(y, kind="stable"))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40))
def test_labels_far_apart(values):
    y = np.array(values, np.int64)
    counts = count_classes(y)
    assert counts == {v: values.count(v) for v in sorted(set(values))}
    found = rows_of_classes(y, list(counts), list(counts.values()))
    for label, rows in zip(counts, found, strict=True):
        np.testing.assert_array_equal(rows, np.flatnonzero(y == label))


def test_a_table_larger_than_the_labels_is_not_made():
    assert native.count_labels(np.array([-(2**63), 2**63 - 1])) is None
    assert native.count_labels(np.array([0, 1024], np.int32)) is None
    assert native.count_labels(np.array([0, 1023], np.int32)) is not None


def test_booleans():
    y = np.array([True, False, True])
    assert count_classes(y) == {False: 1, True: 2}
    assert all(isinstance(label, np.bool_) for label in count_classes(y))
    np.testing.assert_array_equal(rows_of_classes(y, [True], [2])[0], [0, 2])


@pytest.mark.parametrize(
    ("y", "labels", "counts"),
    [
        (np.array([1, 2]), np.array([1]), np.array([2])),
        (np.array([1, 2]), np.array([1]), np.array([-1])),
        (np.array([1, 2]), np.array([1]), np.array([3])),
        (np.array([1, 2]), np.array([1, 2]), np.array([1])),
    ],
)
def test_counts_that_are_not_those_of_the_labels(y, labels, counts):
    with pytest.raises(ValueError, match="labels"):
        native.label_rows(y, labels, counts)


def test_no_labels():
    with pytest.raises(ValueError, match="not empty"):
        native.count_labels(np.empty(0, np.int64))
