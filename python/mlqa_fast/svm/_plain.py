"""Arrays that scikit-learn's validation would let pass as they are.

To find that out takes less time than to validate them, which takes longer than to solve small
problems or to predict a row. Whatever is not recognised here is validated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._mlqa_fast_core import core


def are_plain_points(X: Any, n_jobs: int, *dtypes: type[np.floating[Any]]) -> bool:
    """Whether X is a matrix of finite numbers of one of the types, with rows and columns."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype in dtypes
        and X.shape[0] > 0
        and X.shape[1] > 0
        and core.is_finite(X, n_jobs)
    )


def is_plain_target(y: Any) -> bool:
    """Whether y is a contiguous vector of finite numbers, of integers or of booleans."""
    return (
        type(y) is np.ndarray
        and y.ndim == 1
        and y.dtype.isnative
        and y.flags.c_contiguous
        and (
            y.dtype.kind in "iub"
            or (y.dtype in (np.float64, np.float32) and core.is_finite(y[None]))
        )
    )


def are_plain_classes(classes: NDArray[Any], n_samples: int) -> bool:
    """Whether the values of a plain target are classes, and not so many that they look like others.

    scikit-learn warns of more classes than half the samples.
    """
    if 2 * len(classes) > n_samples:
        return False
    if classes.dtype.kind in "iub":
        return True
    with np.errstate(invalid="ignore"):
        return np.array_equal(classes, classes.astype(np.int32))
