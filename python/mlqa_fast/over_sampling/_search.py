"""Neighbours of the drawn rows of a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast._mlqa_fast_core import pairwise as _pairwise

Indices = NDArray[np.int64]

# Sparse rows with at least this share of entries are spread out for the search: products of dense
# rows are faster then, and take at most so many times the room of the entries.
LEAST_DENSITY = 1 / 8


def native_neighbors(
    X: Any, rows: Indices | None, k: int, base: Indices, slot: Indices, jobs: int
) -> Indices:
    """The neighbour in place `slot` of each base row, both counted within `rows` of `X`.

    Only rows that were drawn are looked up where that is less work.
    """
    n_rows = X.shape[0] if rows is None else len(rows)
    if len(base) >= n_rows:
        return np.asarray(nearest_rows(X, rows, None, k, jobs)[base, slot])
    drawn, place = np.unique(base, return_inverse=True)
    return np.asarray(nearest_rows(X, rows, drawn, k, jobs)[place, slot])


def nearest_rows(
    X: Any, rows: Indices | None, queries: Indices | None, k: int, jobs: int
) -> Indices:
    """The nearest rows of the queries; sparse rows are spread out where that takes little room."""
    if not sparse.issparse(X):
        return _pairwise.knn_within(X, k, rows, queries, n_jobs=jobs)[1]
    of_class = X[rows]
    if of_class.nnz >= LEAST_DENSITY * of_class.shape[0] * of_class.shape[1]:
        return _pairwise.knn_within(of_class.toarray(), k, None, queries, n_jobs=jobs)[1]
    if queries is None:
        queries = np.arange(of_class.shape[0])
    parts = (of_class.data, of_class.indices, of_class.indptr)
    return _pairwise.knn_sparse(*parts, of_class.shape[1], queries, k, n_jobs=jobs)
