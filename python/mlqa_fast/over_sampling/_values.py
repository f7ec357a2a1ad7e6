"""Synthetic values in the type of the given ones: floats as they are, integers as asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

INTEGER_VALUES = ("truncate", "round", "float")


def is_integral(dtype: Any) -> bool:
    """Whether values of this type are integers; booleans are 0 and 1."""
    return getattr(dtype, "kind", "O") in "iub"


def type_of_result(dtype: np.dtype[Any], integer_values: str) -> np.dtype[Any]:
    """The type that given values of type `dtype` come back in."""
    if integer_values == "float" and is_integral(dtype):
        return np.dtype(np.float64)
    return dtype


def converted(points: NDArray[Any], dtype: np.dtype[Any], integer_values: str) -> NDArray[Any]:
    """Points, which are floats between values of type `dtype`, in that type.

    Integers are truncated or rounded; those beyond the largest, which float64 may round up, become
    the largest.
    """
    if not is_integral(dtype):
        return points.astype(dtype, copy=False)
    if integer_values == "round":
        points = np.rint(points)
    if dtype.kind == "b" or dtype.itemsize < 8:
        return points.astype(dtype)
    largest = np.iinfo(dtype).max
    too_large = points >= float(largest)
    values = np.where(too_large, 0, points).astype(dtype)
    values[too_large] = largest
    return values
