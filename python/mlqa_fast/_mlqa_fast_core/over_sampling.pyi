"""
Synthetic rows between given ones.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['copy_rows', 'count_labels', 'draw', 'draw_and_interpolate', 'interpolate', 'label_rows', 'sparse_resample']
@typing.overload
def copy_rows(x: numpy.typing.NDArray[numpy.float32], extra: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float32], bool]:
    """
    A row-major copy of x with room for extra rows, and whether x is finite.
    """
@typing.overload
def copy_rows(x: numpy.typing.NDArray[numpy.float64], extra: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], bool]:
    """
    A row-major copy of x with room for extra rows, and whether x is finite.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.int8]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.int16]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.int32]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.int64]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.uint8]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.uint16]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.uint32]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
@typing.overload
def count_labels(y: numpy.typing.NDArray[numpy.uint64]) -> typing.Any:
    """
    Labels in ascending order and how many rows have each; None where they lie far apart.
    """
def draw(philox: bool, seed: typing.SupportsInt | typing.SupportsIndex, number: typing.SupportsInt | typing.SupportsIndex, n: typing.SupportsInt | typing.SupportsIndex, k: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float64]]:
    """
    Cells below n k and fractions in [0, 1) of count segments.
    """
@typing.overload
def draw_and_interpolate(rows: numpy.typing.NDArray[numpy.float32], of_class: numpy.typing.NDArray[numpy.int64] | None, nearest: numpy.typing.NDArray[numpy.int64], philox: bool, seed: typing.SupportsInt | typing.SupportsIndex, number: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex, out: numpy.typing.NDArray[numpy.float32], first: typing.SupportsInt | typing.SupportsIndex = 0, provenance: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> typing.Any:
    """
    interpolate on count segments drawn between rows of a class and their nearest; base, neighbor and fraction of each, if asked for.
    """
@typing.overload
def draw_and_interpolate(rows: numpy.typing.NDArray[numpy.float64], of_class: numpy.typing.NDArray[numpy.int64] | None, nearest: numpy.typing.NDArray[numpy.int64], philox: bool, seed: typing.SupportsInt | typing.SupportsIndex, number: typing.SupportsInt | typing.SupportsIndex, count: typing.SupportsInt | typing.SupportsIndex, out: numpy.typing.NDArray[numpy.float64], first: typing.SupportsInt | typing.SupportsIndex = 0, provenance: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> typing.Any:
    """
    interpolate on count segments drawn between rows of a class and their nearest; base, neighbor and fraction of each, if asked for.
    """
@typing.overload
def interpolate(rows: numpy.typing.NDArray[numpy.float32], base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], out: numpy.typing.NDArray[numpy.float32], first: typing.SupportsInt | typing.SupportsIndex = 0, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
    """
    Fill out from row first on with points between rows; out may be rows itself.
    """
@typing.overload
def interpolate(rows: numpy.typing.NDArray[numpy.float64], base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], out: numpy.typing.NDArray[numpy.float64], first: typing.SupportsInt | typing.SupportsIndex = 0, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
    """
    Fill out from row first on with points between rows; out may be rows itself.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.int8], labels: numpy.typing.NDArray[numpy.int8], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.int16], labels: numpy.typing.NDArray[numpy.int16], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.int32], labels: numpy.typing.NDArray[numpy.int32], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.int64], labels: numpy.typing.NDArray[numpy.int64], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.uint8], labels: numpy.typing.NDArray[numpy.uint8], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.uint16], labels: numpy.typing.NDArray[numpy.uint16], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.uint32], labels: numpy.typing.NDArray[numpy.uint32], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def label_rows(y: numpy.typing.NDArray[numpy.uint64], labels: numpy.typing.NDArray[numpy.uint64], counts: numpy.typing.NDArray[numpy.int64]) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows of y with each label, all in one vector.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
