"""Nearest neighbours by evaluating and sorting every distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse


def squared_distances(X: ArrayLike, Y: ArrayLike) -> NDArray[np.float64]:
    r"""Squared Euclidean distances of all rows of X to all rows of Y.

    In float64, with eight partial sums and a fixed order of operations:

    .. math::

        s_l = \sum_{j \equiv l \,(8)} (x_j - y_j)^2, \qquad
        D = ((s_0 + s_4) + (s_2 + s_6)) + ((s_1 + s_5) + (s_3 + s_7))

    Parameters
    ----------
    X : array-like of shape (n_x, n_features)
        Rows.
    Y : array-like of shape (n_y, n_features)
        Rows.

    Returns
    -------
    ndarray of shape (n_x, n_y), float64
        The distances.

    Examples
    --------
    >>> from mlqa_fast.reference.pairwise import squared_distances
    >>> squared_distances([[0.0, 0.0]], [[3.0, 4.0]])
    array([[25.]])
    """
    x, y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    s = np.zeros((8, len(x), len(y)))
    with np.errstate(over="ignore", under="ignore"):
        for j in range(x.shape[1]):
            s[j % 8] += (x[:, j, None] - y[None, :, j]) ** 2
        total: NDArray[np.float64] = ((s[0] + s[4]) + (s[2] + s[6])) + (
            (s[1] + s[5]) + (s[3] + s[7])
        )
    return total


def knn(
    X: ArrayLike,
    n_neighbors: int = 5,
    *,
    queries: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Nearest neighbours, of equally distant rows the one with the lower index first.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows among which neighbours are looked for.
    n_neighbors : int, default=5
        Number of neighbours of each query.
    queries : array-like of shape (n_queries, n_features), default=None
        Rows whose neighbours are wanted; None: each row of `X` among the others.
    n_jobs : int, default=None
        Has no effect.

    Returns
    -------
    squared_distances : ndarray of shape (n_queries, n_neighbors), float64
        Squared distances, smallest first.
    indices : ndarray of shape (n_queries, n_neighbors), int64
        Rows of `X`.

    Examples
    --------
    >>> from mlqa_fast.reference.pairwise import knn
    >>> knn([[0.0], [1.0], [3.0]], 1)[1].ravel()
    array([1, 0, 1])
    """
    rows: Any = X
    if sparse.issparse(rows):
        rows = rows.toarray()
    distances = squared_distances(rows if queries is None else queries, rows)
    order = np.argsort(distances, axis=1, kind="stable")
    if queries is None:
        others = order != np.arange(len(order))[:, None]
        order = order[others].reshape(len(order), -1)
    nearest = order[:, :n_neighbors]
    return np.take_along_axis(distances, nearest, axis=1), nearest
