"""Results in the containers that the data came in: lists, tables, arrays, sparse matrices."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Restore = Callable[[Any], Any]


def _is_instance(value: Any, library: str, name: str) -> bool:
    """Whether value is of a class of a library that is perhaps not even loaded."""
    module = sys.modules.get(library)
    return module is not None and isinstance(value, getattr(module, name))


def restorer(value: Any) -> Restore:
    """A function that puts a result, an array or sparse matrix, into a container like `value`."""
    if type(value) is np.ndarray:
        return _same
    if isinstance(value, list):
        return lambda array: array.tolist()
    if _is_instance(value, "pandas", "DataFrame"):
        columns, dtypes = value.columns, list(value.dtypes)
        return lambda array: _pandas_frame(array, columns, dtypes)
    if _is_instance(value, "pandas", "Series"):
        name, dtype = value.name, value.dtype
        return lambda array: sys.modules["pandas"].Series(array, dtype=dtype, name=name)
    if _is_instance(value, "polars", "DataFrame"):
        schema = value.schema
        return lambda array: _polars_frame(array, schema)
    if _is_instance(value, "polars", "Series"):
        name, dtype = value.name, value.dtype
        return lambda array: sys.modules["polars"].Series(name, array, dtype=dtype)
    return _same


def _same(array: Any) -> Any:
    return array


def _pandas_frame(array: Any, columns: Any, dtypes: list[Any]) -> Any:
    pd = sys.modules["pandas"]
    if sparse.issparse(array):
        frame = pd.DataFrame.sparse.from_spmatrix(array)
        if any(now != before for now, before in zip(frame.dtypes, dtypes, strict=True)):
            frame = frame.astype(dict(enumerate(dtypes)))
        frame.columns = columns
        return frame
    if array.ndim == 1:
        array = array[:, None]
    if len(set(dtypes)) == 1 and isinstance(dtypes[0], np.dtype):
        return pd.DataFrame(array.astype(dtypes[0], copy=False), columns=columns, copy=False)
    converted = {i: _pandas_column(pd, array[:, i], dtype) for i, dtype in enumerate(dtypes)}
    frame = pd.DataFrame(converted, copy=False)
    frame.columns = columns
    return frame


def _pandas_column(pd: Any, column: NDArray[Any], dtype: Any) -> Any:
    """A column in its old type; synthetic values of integer columns are truncated."""
    if isinstance(dtype, np.dtype):
        return column.astype(dtype)
    if column.dtype.kind == "f" and getattr(dtype, "kind", "O") in "iu":
        column = column.astype(np.int64 if dtype.kind == "i" else np.uint64)
    elif column.dtype.kind == "f" and getattr(dtype, "kind", "O") == "b":
        column = column != 0
    return pd.Series(column).astype(dtype)


def _polars_frame(array: NDArray[Any], schema: Any) -> Any:
    frame = sys.modules["polars"].DataFrame(array, schema=list(schema), orient="row")
    return frame if frame.schema == schema else frame.cast(dict(schema))
