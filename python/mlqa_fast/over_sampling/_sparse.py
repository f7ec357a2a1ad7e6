"""Sparse rows: their order and their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._mlqa_fast_core import pairwise as _pairwise

Indices = NDArray[np.int64]

# Sparse rows with at least this share of entries are spread out for the search: products of dense
# rows are faster then, and take less than the room of the entries in float64.
LEAST_DENSITY = 0.4


def nearest_sparse(X: Any, queries: Indices | None, k: int, jobs: int) -> Indices:
    """The nearest other rows of rows of a CSR matrix in canonical order."""
    if X.nnz >= LEAST_DENSITY * X.shape[0] * X.shape[1]:
        return _pairwise.knn_within(X.toarray(), k, None, queries, n_jobs=jobs)[1]
    return _pairwise.knn_sparse(X.data, X.indices, X.indptr, X.shape[1], queries, k, n_jobs=jobs)[1]


def canonical_csr(X: Any) -> Any:
    """A checked CSR matrix without duplicate entries, indices sorted; shares memory if `X` is one.

    It is a matrix of its own: asking `X` whether it is in canonical order would leave a mark on it.
    """
    own = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    own.check_format(full_check=True)
    csr = own.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    return csr
