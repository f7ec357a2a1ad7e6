"""Given rows and synthetic ones in one result, for each kind of input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast._mlqa_fast_core import core as _memory
from mlqa_fast._mlqa_fast_core import over_sampling as _core
from mlqa_fast.over_sampling._base import Given
from mlqa_fast.over_sampling._draws import NativeStream, Segments
from mlqa_fast.over_sampling._search import Indices, nearest_rows
from mlqa_fast.over_sampling._sparse import canonical_csr
from mlqa_fast.over_sampling._values import converted, type_of_result

if TYPE_CHECKING:
    from mlqa_fast.over_sampling._smote import SMOTE

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
ADDRESSABLE = min(2**47, sys.maxsize)  # bytes that a process may have on any machine of today
CHUNK_ELEMENTS = 2**16  # of points on their way to another type
Classes = list[tuple[Indices, int]]  # rows of each class that grows, and how many it gains


def check_size(X: Any, extra: int) -> None:
    """Refuse results whose size no address could hold."""
    n_rows, n_columns = (len(X[0]), len(X)) if isinstance(X, list) else X.shape
    if (n_rows + extra) * max(n_columns, 1) * 8 > ADDRESSABLE:
        raise ValueError(
            f"sampling_strategy asks for {extra} rows beyond the {n_rows} given ones: "
            f"an array of {n_rows + extra} rows of {n_columns} features is too large"
        )


def labels_of(y: NDArray[Any], growing: dict[Any, int]) -> NDArray[Any]:
    """The given labels, then those of the synthetic rows."""
    total = len(y) + sum(growing.values())
    if y.dtype.hasobject:
        labels = np.empty(total, y.dtype)
    else:
        labels = _memory.empty([total], y.dtype)
    labels[: len(y)] = y
    first = len(y)
    for label, count in growing.items():
        labels[first : first + count] = label
        first += count
    return labels


def resample(
    sampler: SMOTE, given: Given, rows: list[Indices], counts: list[int], jobs: int
) -> tuple[Any, Segments | None]:
    """The resampled rows, and where the new ones come from if the sampler keeps it."""
    classes = list(zip(rows, counts, strict=True))
    if sparse.issparse(given.X):
        make = _resample_sparse
    elif isinstance(given.X, list):
        make = _resample_columns
    else:
        make = _resample_floats if given.X.dtype in FLOATS else _resample_converted
    new, parts = make(sampler, given, classes, jobs)
    if not sampler.store_provenance:
        return new, None
    none = Segments(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    kept = [np.concatenate(ends) for ends in zip(none, *parts, strict=True)]
    return new, Segments(*kept)


def _resample_floats(
    sampler: SMOTE, given: Given, classes: Classes, jobs: int
) -> tuple[NDArray[Any], list[Segments]]:
    X = given.X
    out, is_finite = _core.copy_rows(X, sum(count for _, count in classes), n_jobs=jobs)
    given.confirm(is_finite)
    sampler._prepare()
    rows, first, parts = out[: len(X)], len(X), []
    for ordinal, (of_class, count) in enumerate(classes):
        stream = sampler._stream(len(of_class), ordinal)
        if isinstance(stream, NativeStream) and count >= len(of_class):
            nearest = nearest_rows(rows, of_class, None, sampler.k_neighbors, jobs)
            keep = sampler.store_provenance
            segments = _core.draw_and_interpolate(
                out, of_class, nearest, *stream, count, out, first, keep, jobs
            )
        else:
            segments = sampler._segments(rows, of_class, stream, count, jobs)
            _core.interpolate(out, *segments, out, first, jobs)
        parts.append(segments)
        first += count
    return out, parts


def _resample_converted(
    sampler: SMOTE, given: Given, classes: Classes, jobs: int
) -> tuple[NDArray[Any], list[Segments]]:
    """Points in float64, then in the type of X; the given rows stay exactly what they are."""
    X = given.X
    given.confirm(True)
    sampler._prepare()
    dtype = type_of_result(X.dtype, sampler.integer_values)
    total = len(X) + sum(count for _, count in classes)
    out = _memory.empty([total, X.shape[1]], dtype)
    out[: len(X)] = X

    def gather(of_class: Indices) -> NDArray[Any]:
        return np.ascontiguousarray(X[of_class], np.float64)

    def put(first: int, points: NDArray[Any]) -> None:
        out[first : first + len(points)] = converted(points, dtype, sampler.integer_values)

    return out, _points(sampler, classes, len(X), gather, put, jobs)


def _resample_columns(
    sampler: SMOTE, given: Given, classes: Classes, jobs: int
) -> tuple[list[NDArray[Any]], list[Segments]]:
    """Each column in its own type, the given values as they are."""
    columns: list[NDArray[Any]] = given.X
    head = given.confirm(given.columns_are_finite())
    sampler._prepare()
    floating = head.dtype if head.dtype in FLOATS else np.dtype(np.float64)
    n_given = len(columns[0])
    total = n_given + sum(count for _, count in classes)
    dtypes = [type_of_result(column.dtype, sampler.integer_values) for column in columns]
    out = [_memory.empty([total], dtype) for dtype in dtypes]
    for column, values in zip(out, columns, strict=True):
        column[:n_given] = values

    def gather(of_class: Indices) -> NDArray[Any]:
        block = np.empty((len(of_class), len(columns)), floating)
        for j, column in enumerate(columns):
            block[:, j] = column[of_class]
        return block

    def put(first: int, points: NDArray[Any]) -> None:
        if head.dtype.kind in "iu" and sampler.integer_values == "truncate":
            points = np.trunc(points)  # before booleans are made of them, as in imbalanced-learn
        for j, (column, dtype) in enumerate(zip(out, dtypes, strict=True)):
            values = converted(points[:, j], dtype, sampler.integer_values)
            column[first : first + len(points)] = values

    return out, _points(sampler, classes, n_given, gather, put, jobs)


def _points(
    sampler: SMOTE,
    classes: Classes,
    first: int,
    gather: Callable[[Indices], NDArray[Any]],
    put: Callable[[int, NDArray[Any]], None],
    jobs: int,
) -> list[Segments]:
    """Make the points of each class among its gathered rows and put them away chunk by chunk."""
    parts = []
    for ordinal, (of_class, count) in enumerate(classes):
        block = gather(of_class)
        stream = sampler._stream(len(of_class), ordinal)
        segments = sampler._segments(block, None, stream, count, jobs)
        step = max(1, CHUNK_ELEMENTS // block.shape[1])
        points = np.empty((min(step, count), block.shape[1]), block.dtype)
        for start in range(0, count, step):
            part = points[: min(step, count - start)]
            _core.interpolate(block, *segments.part(start, start + step), part, 0, jobs)
            put(first + start, part)
        parts.append(segments.within(of_class) if sampler.store_provenance else segments)
        first += count
    return parts


def _resample_sparse(
    sampler: SMOTE, given: Given, classes: Classes, jobs: int
) -> tuple[Any, list[Segments]]:
    X = given.X
    sampler._prepare()
    csr = canonical_csr(X)
    values = csr.data
    if values.dtype not in FLOATS:
        values = values.astype(np.float64)
    floating = type(csr)((values, csr.indices, csr.indptr), shape=csr.shape)
    parts = []
    for ordinal, (of_class, count) in enumerate(classes):
        stream = sampler._stream(len(of_class), ordinal)
        parts.append(sampler._segments(floating, of_class, stream, count, jobs))
    none = Segments(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    segments = Segments(*(np.concatenate(ends) for ends in zip(none, *parts, strict=True)))
    data, indices, indptr = _core.sparse_resample(
        values, csr.indices, csr.indptr, csr.shape[1], *segments, n_jobs=jobs
    )
    dtype = type_of_result(X.dtype, sampler.integer_values)
    if data.dtype != dtype:
        data = converted(data, dtype, sampler.integer_values)
    shape = (csr.shape[0] + len(segments.base), csr.shape[1])
    new = type(csr)((data, indices, indptr), shape=shape)
    new.has_canonical_format = True
    return new.asformat(X.format), parts
