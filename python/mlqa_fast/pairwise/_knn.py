"""Exact nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array

from mlqa_fast._mlqa_fast_core import pairwise as _core
from mlqa_fast._threadpool import n_threads

Rows = NDArray[np.float32] | NDArray[np.float64]


def checked_rows(X: ArrayLike, name: str) -> Rows:
    """Rows as a C-contiguous float32 or float64 array of finite numbers."""
    rows: Rows = check_array(X, dtype=[np.float64, np.float32], order="C", input_name=name)
    return rows


def checked_sparse_rows(X: Any) -> Any:
    """Rows as a CSR matrix of finite float32 or float64 numbers in canonical order."""
    rows = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32], input_name="X")
    rows = type(rows)((rows.data, rows.indices, rows.indptr), shape=rows.shape)
    rows.check_format(full_check=True)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def check_n_neighbors(n_neighbors: int, most: int) -> int:
    """Refuse a number of neighbours that is no integer, below 1 or above `most`."""
    if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, (int, np.integer)):
        raise TypeError(f"n_neighbors must be an integer, got {n_neighbors!r}")
    if not 1 <= n_neighbors <= most:
        raise ValueError(f"n_neighbors must be between 1 and {most} here, got {n_neighbors}")
    return int(n_neighbors)


def knn(
    X: ArrayLike,
    n_neighbors: int = 5,
    *,
    queries: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    r"""Exact nearest neighbours under the Euclidean distance.

    The squared distance is defined to the last bit, so that every instruction set, number of
    threads and :func:`mlqa_fast.reference.pairwise.knn` agree: in float64, with
    :math:`s_l = \sum_{j \equiv l \,(8)} (x_j - y_j)^2`, it is
    :math:`((s_0 + s_4) + (s_2 + s_6)) + ((s_1 + s_5) + (s_3 + s_7))`. Of equally distant rows the
    one with the lower index comes first.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows among which neighbours are looked for; float32 stays float32, everything else becomes
        float64. Sparse rows (CSR; other formats are converted) are not spread out.
    n_neighbors : int, default=5
        Number of neighbours of each query.
    queries : array-like of shape (n_queries, n_features), default=None
        Rows whose neighbours are wanted. With None, those of each row of `X` among the others: a
        row leaves out itself by its index, so that its duplicates are its neighbours. None where
        `X` is sparse.
    n_jobs : int, default=None
        Number of threads; None: what the pool allows, -1: all. The result is the same for any
        number.

    Returns
    -------
    squared_distances : ndarray of shape (n_queries, n_neighbors), float64
        Squared distances, smallest first.
    indices : ndarray of shape (n_queries, n_neighbors), int64
        Rows of `X`.

    Raises
    ------
    ValueError
        If `X` or `queries` holds NaN or infinity, their numbers of columns differ, there are fewer
        than `n_neighbors` rows to choose from, or `X` is sparse and `queries` are given.
    TypeError
        If `n_neighbors` or `n_jobs` is no integer.

    See Also
    --------
    mlqa_fast.over_sampling.SMOTE : Over-sampling by points between neighbours.

    References
    ----------
    .. [1] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", SIAM, 2nd edition, 2002,
       for the bound under which the float32 screen drops rows.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.pairwise import knn
    >>> squared, index = knn(np.array([[0.0], [1.0], [3.0], [3.0]]), 2)
    >>> index
    array([[1, 2],
           [0, 2],
           [3, 1],
           [2, 1]])
    >>> squared[0]
    array([1., 9.])
    """
    jobs = n_threads(n_jobs)
    if sparse.issparse(X):
        if queries is not None:
            raise ValueError("queries must be None where X is a sparse matrix")
        csr = checked_sparse_rows(X)
        k = check_n_neighbors(n_neighbors, csr.shape[0] - 1)
        return _core.knn_sparse(
            csr.data, csr.indices, csr.indptr, csr.shape[1], None, k, distances=True, n_jobs=jobs
        )
    rows = checked_rows(X, "X")
    if queries is None:
        k = check_n_neighbors(n_neighbors, len(rows) - 1)
        return _core.knn_within(rows, k, distances=True, n_jobs=jobs)
    asked: Any = checked_rows(queries, "queries")
    if asked.shape[1] != rows.shape[1]:
        raise ValueError(
            f"queries has {asked.shape[1]} features, but X has {rows.shape[1]} features"
        )
    k = check_n_neighbors(n_neighbors, len(rows))
    dtype = np.result_type(rows, asked)
    return _core.knn_between(
        rows.astype(dtype, copy=False),
        asked.astype(dtype, copy=False),
        k,
        distances=True,
        n_jobs=jobs,
    )
