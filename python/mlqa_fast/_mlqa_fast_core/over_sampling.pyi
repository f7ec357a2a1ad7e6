"""
Synthetic rows between given ones.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['copy_rows', 'interpolate', 'sparse_resample']
@typing.overload
def copy_rows(x: numpy.typing.NDArray[numpy.float32], extra: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.typing.NDArray[numpy.float32]:
    """
    A row-major copy of x with room for extra rows.
    """
@typing.overload
def copy_rows(x: numpy.typing.NDArray[numpy.float64], extra: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.typing.NDArray[numpy.float64]:
    """
    A row-major copy of x with room for extra rows.
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
def sparse_resample(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.int32], numpy.typing.NDArray[numpy.int64]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int32], numpy.typing.NDArray[numpy.int64]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
@typing.overload
def sparse_resample(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, base: numpy.typing.NDArray[numpy.int64], neighbor: numpy.typing.NDArray[numpy.int64], fraction: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    Rows of a CSR matrix followed by points between them: data, indices, indptr.
    """
