"""The LASSO by plain cyclic coordinate descent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast.linear_model._solution import LassoSolution

Array = NDArray[np.float64]


def duality_gap(X: Array, y: Array, w: Array, lam: float, positive: bool = False) -> float:
    """Gap of w for 1/2 ||y - X w||^2 + lam ||w||_1, from the residual made dual feasible.

    For lam = 0, where no such point exists, the first-order condition ||X'(y - X w)||^2.
    """
    r = y - X @ w
    g = X.T @ r
    if lam == 0:
        return float(g @ g)
    worst = np.max(g, initial=0.0) if positive else np.max(np.abs(g), initial=0.0)
    scale = lam / max(lam, worst)
    primal = 0.5 * r @ r + lam * np.sum(np.abs(w))
    return float(primal - (scale * y @ r - 0.5 * scale**2 * r @ r))


def lasso_cd(
    X: Any,
    y: Any,
    alphas: Any,
    *,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    positive: bool = False,
    coef_init: Any = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    updates: str = "auto",
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> LassoSolution:
    r"""Minimise :math:`\frac{1}{2n} \sum_i s_i (y_i - x_i' w - b)^2 + \alpha \|w\|_1`.

    Each coordinate is set to its minimiser in turn,

    .. math:: w_j \leftarrow S(x_j' r + \|x_j\|^2 w_j, n \alpha) / \|x_j\|^2,
              \quad S(z, t) = \mathrm{sign}(z) \max(|z| - t, 0),

    until a pass changes none by more than `tol` times the largest and the duality gap is at most
    ``tol * ||y||^2`` (Friedman, Hastie, Tibshirani 2010, equation 5). `updates`, `max_time` and
    `n_jobs` have no effect. See :func:`mlqa_fast.linear_model.lasso_cd`.
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

    def solve(lam: float, w: Array) -> tuple[float, int, bool]:
        """Solve in place; gap, passes and whether the tolerance was reached."""
        goal = tol * (y @ y)
        r = y - X @ w
        gap = duality_gap(X, y, w, lam, positive)
        for passes in range(max_iter + 1):
            if gap <= goal or passes == max_iter:
                return gap, passes, gap <= goal
            change = largest = 0.0
            for j in np.flatnonzero(norms):
                z = X[:, j] @ r + norms[j] * w[j]
                shrunk = max((z if positive else abs(z)) - lam, 0.0)
                new = np.copysign(shrunk, z) / norms[j]
                r -= (new - w[j]) * X[:, j]
                change, largest = max(change, abs(new - w[j])), max(largest, abs(new))
                w[j] = new
            settled = change <= tol * largest or passes == max_iter - 1
            gap = duality_gap(X, y, w, lam, positive) if settled else np.inf
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


def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """The LASSO without an intercept for each of several alphas, each from the solution before it.

    `alphas` is a number of them, evenly spaced in the logarithm from the smallest alpha whose
    solution is zero, ``max |X'y| / n``, to `eps` times it; or the alphas themselves. `precompute`,
    `Xy` and `copy_X` have no effect. See :func:`mlqa_fast.linear_model.lasso_path`.
    """
    if np.ndim(alphas) == 0:
        correlations = X.T @ np.asarray(y, dtype=np.float64)
        largest = np.max(correlations if positive else np.abs(correlations)) / X.shape[0]
        alphas = np.geomspace(largest, eps * largest, alphas)
    alphas = np.sort(alphas)[::-1]
    start = {"coef_init": coef_init, "positive": positive}
    path = lasso_cd(X, y, alphas, fit_intercept=False, **start, **params)
    result = alphas, path.coef, path.dual_gap
    return (*result, path.n_iter.tolist()) if return_n_iter else result
