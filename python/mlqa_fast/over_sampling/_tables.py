"""Arrays and tables of numbers as samplers read them, without a copy where that is possible."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """Numbers that need no conversion: a matrix, or vectors that are the columns of a table.

    `head` is the first row in the table's own class, None for an array. `restore` makes the table
    of a result, which is again a matrix or a list of columns.
    """

    values: NDArray[Any] | list[NDArray[Any]]
    head: Any
    restore: Callable[[Any], Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        if isinstance(self.values, list):
            return len(self.values[0]), len(self.values)
        return self.values.shape


def _readable(dtype: Any) -> bool:
    """Types whose arrays the kernels read, or that are gathered class by class."""
    if not isinstance(dtype, np.dtype) or not dtype.isnative:
        return False
    return dtype.kind in "iub" or dtype in (np.float32, np.float64)


def view_of(X: Any) -> View | None:
    """A view of X, or None where it has to be converted, or refused, by scikit-learn."""
    if type(X) is np.ndarray:
        if X.ndim != 2 or 0 in X.shape or not _readable(X.dtype):
            return None
        return View(X, None, lambda array: array)
    for library, view in (("pandas", _pandas_view), ("polars", _polars_view)):
        module = sys.modules.get(library)
        if module is not None and type(X) is getattr(module, "DataFrame", None):
            return view(module, X) if 0 not in X.shape else None
    return None


def _pandas_view(pd: Any, frame: Any) -> View | None:
    dtypes, columns = list(frame.dtypes), frame.columns
    if len(set(dtypes)) == 1 and _readable(dtypes[0]):
        restore = lambda array: pd.DataFrame(array, columns=columns, copy=False)  # noqa: E731
        return View(frame.to_numpy(), frame.iloc[:1], restore)
    found = [_pandas_vector(pd, frame.iloc[:, j], dtype) for j, dtype in enumerate(dtypes)]
    vectors = [vector for vector in found if vector is not None]
    if len(vectors) < len(found):
        return None

    def restore_columns(vectors: list[NDArray[Any]]) -> Any:
        parts = [
            vector if isinstance(dtype, np.dtype) else _nullable(pd, vector, dtype)
            for vector, dtype in zip(vectors, dtypes, strict=True)
        ]
        result = pd.DataFrame(dict(enumerate(parts)), copy=False)
        result.columns = columns
        return result

    return View(vectors, frame.iloc[:1], restore_columns)


def _pandas_vector(pd: Any, column: Any, dtype: Any) -> NDArray[Any] | None:
    """The numbers of a column, None where there are none or some are missing."""
    if _readable(dtype):
        return np.asarray(column)
    numpy_dtype = getattr(dtype, "numpy_dtype", None)
    is_masked = numpy_dtype is not None and isinstance(dtype, pd.api.extensions.ExtensionDtype)
    if not is_masked or not _readable(numpy_dtype) or column.isna().any():
        return None
    return np.asarray(column.to_numpy(dtype=numpy_dtype))


def _nullable(pd: Any, vector: NDArray[Any], dtype: Any) -> Any:
    """A vector in a type of pandas; integers that have become floats in the one for floats."""
    if vector.dtype.kind == "f" and dtype.kind in "iub":
        return pd.array(vector, dtype="Float64", copy=False)
    return pd.array(vector, dtype=dtype, copy=False)


def _polars_view(pl: Any, frame: Any) -> View | None:
    series = frame.get_columns()
    if any(not (s.dtype.is_numeric() or s.dtype == pl.Boolean) or s.null_count() for s in series):
        return None
    vectors = [s.to_numpy() for s in series]
    if not all(_readable(vector.dtype) for vector in vectors):
        return None
    names = [s.name for s in series]
    return View(
        vectors,
        frame.head(1),
        lambda vectors: pl.DataFrame(
            [pl.Series(name, vector) for name, vector in zip(names, vectors, strict=True)]
        ),
    )
