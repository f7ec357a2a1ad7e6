"""Weights of the features of linear machines."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def one_vs_one_coef(dual_coef: Any, n_support: NDArray[np.int32], support_vectors: Any) -> Any:
    """Weights of the machines (0, 1), (0, 2), ... from their dual coefficients."""
    n_classes = dual_coef.shape[0] + 1
    if n_classes == 2:
        return dual_coef @ support_vectors
    start = np.concatenate([[0], np.cumsum(n_support)])
    rows = []
    for a in range(n_classes):
        of_a = slice(start[a], start[a + 1])
        for b in range(a + 1, n_classes):
            of_b = slice(start[b], start[b + 1])
            rows.append(
                dual_coef[[b - 1], of_a] @ support_vectors[of_a]
                + dual_coef[[a], of_b] @ support_vectors[of_b]
            )
    return sp.vstack(rows).tocsr() if sp.issparse(rows[0]) else np.vstack(rows)
