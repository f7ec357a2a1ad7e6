"""The LASSO and the elastic net by plain cyclic coordinate descent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast.linear_model._solution import LassoSolution

Array = NDArray[np.float64]


def duality_gap(
    X: Array,
    y: Array,
    w: Array,
    lam: Any,
    positive: bool = False,
    *,
    ridge: Any = 0.0,
    bounds: Any = (-np.inf, np.inf),
) -> float:
    r"""Gap of w for ``1/2 ||y - X w||^2 + sum(lam |w| + ridge / 2 w^2)`` within the bounds.

    From the residual, orthogonal to the columns without a penalty, and shrunk until
    ``|x_j'r - ridge_j w_j| <= lam_j`` wherever w_j may grow without end; where it may not, its
    penalty has a finite conjugate. With no lam above 0, where no such point exists, the
    first-order condition: ``sum_j g_j^2``, or ``g_j^2 / (2 ridge_j)``.
    """
    lam, ridge = np.broadcast_to(lam, w.shape), np.broadcast_to(ridge, w.shape)
    lower, upper = np.broadcast_to(bounds[0], w.shape), np.broadcast_to(bounds[1], w.shape)
    lower = np.maximum(lower, 0.0) if positive else lower
    r = y - X @ w
    g = X.T @ r - ridge * w
    if not np.any(lam > 0):
        free = np.where(g > 0, w < upper, w > lower)
        return float(np.sum((g**2 / np.where(ridge > 0, 2 * ridge, 1.0))[free]))
    end = np.abs(np.where(g > 0, upper, lower))
    primal = 0.5 * (r @ r + np.sum(ridge * w**2)) + np.sum((lam * np.abs(w))[w != 0])
    Z = X[:, (lam == 0) & np.isinf(end)]
    if Z.size:
        r = r - Z @ np.linalg.lstsq(Z.astype(float), r.astype(float), rcond=None)[0]
        g = X.T @ r - ridge * w
    open_ended = (lam > 0) & np.isinf(end)
    scale = 1 / max(1.0, np.max((np.abs(g) / np.where(lam > 0, lam, 1.0))[open_ended], initial=0.0))
    excess = np.maximum(scale * np.abs(g) - lam, 0.0)
    beyond = np.sum(end[np.isfinite(end)] * excess[np.isfinite(end)])
    dual = scale * y @ r - 0.5 * scale**2 * (r @ r + np.sum(ridge * w**2)) - beyond
    return float(primal - dual)


def lasso_cd(
    X: Any,
    y: Any,
    alphas: Any,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    positive: bool = False,
    bounds: Any = None,
    coef_init: Any = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    updates: str = "auto",
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> LassoSolution:
    r"""Minimise, with factors :math:`f_j` and within the bounds, the penalised squared error.

    .. math:: \frac{1}{2n} \sum_i s_i (y_i - x_i' w - b)^2
        + \alpha \sum_j f_j \left(\rho |w_j| + \frac{1 - \rho}{2} w_j^2\right).

    Each coordinate is set to its minimiser in turn,

    .. math:: w_j \leftarrow S(x_j' r + \|x_j\|^2 w_j, n \alpha \rho f_j)
              / (\|x_j\|^2 + n \alpha (1 - \rho) f_j),
              \quad S(z, t) = \mathrm{sign}(z) \max(|z| - t, 0),

    cut to its bounds, until a pass changes none by more than `tol` times the largest and the
    duality gap is at most ``tol * ||y||^2`` (Friedman, Hastie, Tibshirani 2010, equation 5).
    `updates`, `max_time` and `n_jobs` have no effect. See :func:`mlqa_fast.linear_model.lasso_cd`.
    """
    X = np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    n, p = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
    weights = weights * (n / weights.sum())
    x_mean = weights @ X / n if fit_intercept else np.zeros(p)
    y_mean = weights @ y / n if fit_intercept else 0.0
    X = (X - x_mean) * np.sqrt(weights)[:, None]
    y = (y - y_mean) * np.sqrt(weights)
    norms = np.sum(X**2, axis=0)
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, p)
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    lower = np.broadcast_to(np.maximum(low, 0.0) if positive else low, p)
    upper = np.broadcast_to(high, p)
    used = np.flatnonzero((norms > 0) & np.isfinite(factor))
    factor = np.where(np.isfinite(factor), factor, 1.0)

    def solve(penalty: float, w: Array) -> tuple[float, int, bool]:
        """Solve in place; gap, passes and whether the tolerance was reached."""
        goal, lam = tol * (y @ y), penalty * l1_ratio * factor
        ridge = penalty * (1 - l1_ratio) * factor
        problem = X[:, used], y, lam[used], ridge[used], (lower[used], upper[used])

        def gap_of(w: Array) -> float:
            X, y, lam, ridge, bounds = problem
            return duality_gap(X, y, w[used], lam, ridge=ridge, bounds=bounds)

        r = y - X @ w
        gap = gap_of(w)
        for passes in range(max_iter + 1):
            if gap <= goal or passes == max_iter:
                return gap, passes, gap <= goal
            change = largest = 0.0
            for j in used:
                z = X[:, j] @ r + norms[j] * w[j]
                new = np.copysign(max(abs(z) - lam[j], 0.0), z) / (norms[j] + ridge[j])
                new = min(max(new, lower[j]), upper[j])
                r -= (new - w[j]) * X[:, j]
                change, largest = max(change, abs(new - w[j])), max(largest, abs(new))
                w[j] = new
            settled = change <= tol * largest or passes == max_iter - 1
            gap = gap_of(w) if settled else np.inf
        raise AssertionError("unreachable")

    grid = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    w = np.zeros(p) if coef_init is None else np.array(coef_init, dtype=np.float64)
    coef, results = np.empty((p, len(grid))), [(0.0, 0, False)] * len(grid)
    for k in np.argsort(-grid, kind="stable"):
        results[k] = solve(n * grid[k], w)
        coef[:, k] = w
    gaps, passes, converged = (np.array(column) for column in zip(*results, strict=True))
    intercept = y_mean - x_mean @ coef
    if np.ndim(alphas) == 0:
        return LassoSolution(coef[:, 0], intercept[0], gaps[0] / n, passes[0], converged[0])
    return LassoSolution(coef, intercept, gaps / n, passes, converged)
