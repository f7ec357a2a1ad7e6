"""What there is for each row beside its features, carried along with the synthetic rows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast._mlqa_fast_core import over_sampling as _core
from mlqa_fast.over_sampling._draws import Segments

HOW = ("base", "interpolate")


def carried_along(a: Any, n_given: int, segments: Segments, how: str) -> Any:
    """Values of the given rows, then those of the synthetic ones, in the container of `a`."""
    if how not in HOW:
        raise ValueError(f"how must be 'base' or 'interpolate', got {how!r}")
    is_table = _is_of(a, "pandas") or _is_of(a, "polars")
    values = a if is_table or sparse.issparse(a) else np.asarray(a)
    n_rows = values.shape[0] if values.shape else 0
    if n_rows != n_given:
        raise ValueError(
            f"a must have one value for each of the {n_given} rows given to fit_resample, "
            f"got {n_rows if values.shape else 'a scalar'}"
        )
    if how == "base":
        return _of_base(a, values, segments.base)
    return _interpolated(a, values, segments)


def _is_of(a: Any, library: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(a, (module.Series, module.DataFrame))


def _of_base(a: Any, values: Any, base: NDArray[np.int64]) -> Any:
    n_given = values.shape[0]
    rows = np.concatenate([np.arange(n_given), base])
    if _is_of(a, "pandas"):
        return values.take(rows).reset_index(drop=True)
    if _is_of(a, "polars"):
        return values[rows]
    if sparse.issparse(a):
        return values.tocsr()[rows].asformat(a.format)
    new = np.take(values, rows, axis=0)
    return new.tolist() if isinstance(a, list) else new


def _interpolated(a: Any, values: Any, segments: Segments) -> Any:
    if _is_of(a, "pandas"):
        return _interpolated_pandas(values, segments)
    if _is_of(a, "polars"):
        return _interpolated_polars(values, segments)
    if sparse.issparse(a):
        raise TypeError("sparse matrices can be carried along with how='base' only")
    new = _numbers(values, "a", segments)
    return new.tolist() if isinstance(a, list) else new


def _numbers(values: NDArray[Any], name: str, segments: Segments) -> NDArray[Any]:
    """Given values and points between them; the last axes are those of `values`."""
    if values.dtype.kind not in "iuf":
        raise TypeError(
            f"how='interpolate' needs numbers, but {name} has dtype {values.dtype}; "
            "use how='base' for it"
        )
    dtype = np.float32 if values.dtype in (np.float16, np.float32) else np.float64
    flat: Any = values.astype(dtype, copy=False).reshape(len(values), -1)
    new, _ = _core.copy_rows(flat, len(segments.base))
    _core.interpolate(new, *segments, new, len(values))
    result: NDArray[Any] = new.reshape(-1, *values.shape[1:])
    return result


def _interpolated_pandas(values: Any, segments: Segments) -> Any:
    pd = sys.modules["pandas"]
    if isinstance(values, pd.Series):
        return pd.Series(_column(values, "a", segments), name=values.name)
    columns = {
        j: _column(values.iloc[:, j], f"column {name!r}", segments)
        for j, name in enumerate(values.columns)
    }
    result = pd.DataFrame(columns, copy=False)
    result.columns = values.columns
    return result


def _column(series: Any, name: str, segments: Segments) -> Any:
    """A column of numbers; missing ones, of nullable types, make the points beside them missing."""
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, np.dtype) or kind not in "iuf":
        return _numbers(np.asarray(series), name, segments)
    floats = _numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), name, segments)
    return sys.modules["pandas"].array(floats, dtype="Float64")


def _interpolated_polars(values: Any, segments: Segments) -> Any:
    pl = sys.modules["polars"]
    if isinstance(values, pl.Series):
        return pl.Series(values.name, _numbers(_polars_numbers(values), "a", segments))
    return pl.DataFrame(
        [
            pl.Series(s.name, _numbers(_polars_numbers(s), f"column {s.name!r}", segments))
            for s in values.get_columns()
        ]
    )


def _polars_numbers(series: Any) -> NDArray[Any]:
    return np.asarray(series.to_numpy())
