"""Whether numbers are finite, whatever their layout and wherever the one that is not lies."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])

LAYOUTS = {
    "rows": lambda x: np.ascontiguousarray(x),
    "columns": lambda x: np.asfortranarray(x),
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "gaps": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "gaps between rows": lambda x: np.hstack([x, x])[:, : x.shape[1]],
    "misaligned": lambda x: misaligned(x),
}


def misaligned(x):
    moved = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    moved[...] = x
    return moved


@dtypes
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_the_one_that_is_not_is_found_everywhere(dtype, layout, value):
    limits = np.finfo(dtype)
    ordinary = [0.0, -0.0, 1.0, limits.max, -limits.max, limits.tiny, limits.smallest_subnormal]
    x = np.resize(np.array(ordinary, dtype), (5, 9))
    assert core.is_finite(layout(x))
    for place in np.ndindex(x.shape):
        bad = x.copy()
        bad[place] = value
        assert not core.is_finite(layout(bad))


@dtypes
def test_nothing_beside_the_matrix_is_looked_at(dtype):
    x = np.full((6, 10), np.nan, dtype)
    x[1:5:2, 2:9:3] = 1
    assert core.is_finite(x[1:5:2, 2:9:3])


@dtypes
def test_a_matrix_without_numbers_is_finite(dtype):
    for shape in [(0, 3), (3, 0), (0, 0)]:
        assert core.is_finite(np.empty(shape, dtype))


@pytest.mark.parametrize("x", [np.ones(3), np.ones((2, 2), np.int64), np.ones((1, 1, 1))])
def test_other_arrays_are_refused(x):
    with pytest.raises(ValueError, match="x must"):
        core.is_finite(x)
