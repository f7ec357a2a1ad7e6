"""
The engine for products of two sets of rows.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['kmeans_lloyd', 'kmeans_seeds', 'knn_between', 'knn_screen', 'knn_sparse', 'knn_sparse_screen', 'knn_within', 'product', 'use_products']
@typing.overload
def kmeans_lloyd(x: numpy.typing.NDArray[numpy.float32], weight: numpy.typing.NDArray[numpy.float64] | None, centres: numpy.typing.NDArray[numpy.float32], guess: numpy.typing.NDArray[numpy.int32] | None = None, tol: typing.SupportsFloat | typing.SupportsIndex = 0.0, max_iter: typing.SupportsInt | typing.SupportsIndex = 300, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.int32], float, int]:
    """
    Centres, labels, inertia and number of iterations of Lloyd's iteration.
    """
@typing.overload
def kmeans_lloyd(x: numpy.typing.NDArray[numpy.float64], weight: numpy.typing.NDArray[numpy.float64] | None, centres: numpy.typing.NDArray[numpy.float64], guess: numpy.typing.NDArray[numpy.int32] | None = None, tol: typing.SupportsFloat | typing.SupportsIndex = 0.0, max_iter: typing.SupportsInt | typing.SupportsIndex = 300, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int32], float, int]:
    """
    Centres, labels, inertia and number of iterations of Lloyd's iteration.
    """
@typing.overload
def kmeans_seeds(x: numpy.typing.NDArray[numpy.float32], weight: numpy.typing.NDArray[numpy.float64] | None, first: typing.SupportsInt | typing.SupportsIndex, draws: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int32]]:
    """
    Rows that k-means++ chooses by the draws, and the nearest of them to each row.
    """
@typing.overload
def kmeans_seeds(x: numpy.typing.NDArray[numpy.float64], weight: numpy.typing.NDArray[numpy.float64] | None, first: typing.SupportsInt | typing.SupportsIndex, draws: numpy.typing.NDArray[numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int32]]:
    """
    Rows that k-means++ chooses by the draws, and the nearest of them to each row.
    """
@typing.overload
def knn_between(x: numpy.typing.NDArray[numpy.float32], queries: numpy.typing.NDArray[numpy.float32], k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k rows of x nearest to each query.
    """
@typing.overload
def knn_between(x: numpy.typing.NDArray[numpy.float64], queries: numpy.typing.NDArray[numpy.float64], k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k rows of x nearest to each query.
    """
@typing.overload
def knn_screen(x: numpy.typing.NDArray[numpy.float32], queries: numpy.typing.NDArray[numpy.float32], grouped: bool = False) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen knows them, or None outside its range.
    """
@typing.overload
def knn_screen(x: numpy.typing.NDArray[numpy.float64], queries: numpy.typing.NDArray[numpy.float64], grouped: bool = False) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen knows them, or None outside its range.
    """
@typing.overload
def knn_sparse(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, queries: numpy.typing.NDArray[numpy.int64] | None, k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of a CSR matrix.
    """
@typing.overload
def knn_sparse(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, queries: numpy.typing.NDArray[numpy.int64] | None, k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of a CSR matrix.
    """
@typing.overload
def knn_sparse(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex, queries: numpy.typing.NDArray[numpy.int64] | None, k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of a CSR matrix.
    """
@typing.overload
def knn_sparse(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex, queries: numpy.typing.NDArray[numpy.int64] | None, k: typing.SupportsInt | typing.SupportsIndex, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of a CSR matrix.
    """
@typing.overload
def knn_sparse_screen(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen of sparse rows knows them, or None.
    """
@typing.overload
def knn_sparse_screen(data: numpy.typing.NDArray[numpy.float32], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen of sparse rows knows them, or None.
    """
@typing.overload
def knn_sparse_screen(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int32], indptr: numpy.typing.NDArray[numpy.int32], columns: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen of sparse rows knows them, or None.
    """
@typing.overload
def knn_sparse_screen(data: numpy.typing.NDArray[numpy.float64], indices: numpy.typing.NDArray[numpy.int64], indptr: numpy.typing.NDArray[numpy.int64], columns: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]] | None:
    """
    Bounds below and above all squared distances as the screen of sparse rows knows them, or None.
    """
@typing.overload
def knn_within(x: numpy.typing.NDArray[numpy.float32], k: typing.SupportsInt | typing.SupportsIndex, rows: numpy.typing.NDArray[numpy.int64] | None = None, queries: numpy.typing.NDArray[numpy.int64] | None = None, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of one set.
    """
@typing.overload
def knn_within(x: numpy.typing.NDArray[numpy.float64], k: typing.SupportsInt | typing.SupportsIndex, rows: numpy.typing.NDArray[numpy.int64] | None = None, queries: numpy.typing.NDArray[numpy.int64] | None = None, distances: bool = False, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64]]:
    """
    Squared distances and positions of the k nearest other rows of rows of one set.
    """
@typing.overload
def product(a: numpy.typing.NDArray[numpy.float32], b: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Products of all rows of a with all rows of b.
    """
@typing.overload
def product(a: numpy.typing.NDArray[numpy.float64], b: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    Products of all rows of a with all rows of b.
    """
def use_products(name: str) -> None:
    """
    What multiplies groups of rows: by shape, tiles or model; for tests.
    """
