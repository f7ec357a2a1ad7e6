"""Kernel functions by their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def dense(X: Any) -> NDArray[np.float64]:
    """A float64 array of anything."""
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


def numeric_gamma(gamma: str | float, X: NDArray[np.float64]) -> float:
    """'scale' is 1 / (n_features Var X), 'auto' 1 / n_features."""
    if not isinstance(gamma, str):
        return float(gamma)
    variance = float(X.var()) if gamma == "scale" else 1.0
    return 1.0 / (X.shape[1] * variance) if variance != 0 else 1.0


def kernel_matrix(
    A: NDArray[np.float64],
    B: NDArray[np.float64],
    kernel: str,
    degree: int,
    gamma: float,
    coef0: float,
) -> NDArray[np.float64]:
    """Values of every row of A with every row of B; differences are squared one by one."""
    if kernel == "linear":
        return np.asarray(A @ B.T)
    if kernel == "poly":
        return np.asarray((gamma * (A @ B.T) + coef0) ** degree)
    if kernel == "sigmoid":
        return np.asarray(np.tanh(gamma * (A @ B.T) + coef0))
    return np.array([np.exp(-gamma * ((B - a) ** 2).sum(axis=1)) for a in A]).reshape(
        len(A), len(B)
    )
