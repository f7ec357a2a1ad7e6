"""The threshold at which the first coefficient leaves zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import lsq_linear


def lasso_alpha_max(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    positive: bool = False,
    bounds: Any = None,
    n_jobs: int | None = None,
) -> float:
    r"""Largest :math:`|x_j' r| / (n \rho f_j)` where the coefficient may go that way.

    r is what the intercept and the features with :math:`f_j = 0` leave of y. `n_jobs` has no
    effect. See :func:`mlqa_fast.linear_model.lasso_alpha_max`.
    """
    X = np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    n, p = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
    weights = weights * (n / weights.sum())
    if fit_intercept:
        X, y = X - weights @ X / n, y - weights @ y / n
    X, y = X * np.sqrt(weights)[:, None], y * np.sqrt(weights)
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, p)
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    low = np.broadcast_to(np.maximum(low, 0.0) if positive else low, p)
    high = np.broadcast_to(high, p)
    free = (factor == 0) & (low < high)
    r = y
    if np.any(free):
        fit = lsq_linear(X[:, free], y, (low[free], high[free]), tol=1e-14)
        r = y - X[:, free] @ fit.x
    g = X.T @ r
    g[np.where(g > 0, high <= 0, low >= 0)] = 0.0
    penalised = (factor > 0) & np.isfinite(factor)
    return float(np.max(np.abs(g[penalised]) / factor[penalised], initial=0.0) / (n * l1_ratio))
