"""Neighbours of the drawn rows of a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast._mlqa_fast_core import pairwise as _pairwise
from mlqa_fast.over_sampling._sparse import nearest_sparse

Indices = NDArray[np.int64]


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
    """The nearest rows of the queries, all counted within `rows` of `X`."""
    if sparse.issparse(X):
        return nearest_sparse(X if rows is None else X[rows], queries, k, jobs)
    return _pairwise.knn_within(X, k, rows, queries, n_jobs=jobs)[1]
