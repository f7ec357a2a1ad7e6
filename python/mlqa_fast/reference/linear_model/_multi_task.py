"""Several targets that share their features, by plain cyclic block coordinate descent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]


def multi_task_gap(X: Array, Y: Array, W: Array, lam: Any, *, ridge: Any = 0.0) -> float:
    r"""Gap of W, (n_features, n_targets), for squared errors and penalised norms of its rows.

    The objective is ``1/2 ||Y - X W||^2 + sum(lam ||w_j|| + ridge / 2 ||w_j||^2)``. From the
    residual, orthogonal to the columns without a penalty, and shrunk until
    ``||X_j'R - ridge_j w_j|| <= lam_j``. With no lam above 0, where no such point exists, the
    first-order condition: ``sum_j ||g_j||^2``, or ``||g_j||^2 / (2 ridge_j)``.
    """
    lam, ridge = np.broadcast_to(lam, len(W)), np.broadcast_to(ridge, len(W))
    sizes = np.sqrt(np.sum(W**2, axis=1))
    R = Y - X @ W
    if not np.any(lam > 0):
        squares = np.sum((X.T @ R - ridge[:, None] * W) ** 2, axis=1)
        return float(np.sum(squares / np.where(ridge > 0, 2 * ridge, 1.0)))
    primal = 0.5 * np.sum(R**2) + np.sum(lam * sizes + 0.5 * ridge * sizes**2)
    if np.any(lam == 0):
        Z = X[:, lam == 0].astype(float)
        R = R - Z @ np.linalg.lstsq(Z, R.astype(float), rcond=None)[0]
    pull = np.sqrt(np.sum((X.T @ R - ridge[:, None] * W) ** 2, axis=1))
    scale = 1 / max(1.0, np.max(pull[lam > 0] / lam[lam > 0]))
    squares = np.sum(R**2) + np.sum(ridge * sizes**2)
    return float(primal - scale * np.sum(Y * R) + 0.5 * scale**2 * squares)


def multi_task_cd(
    X: Any,
    Y: Any,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> tuple[Array, Array, float]:
    r"""Minimise, with factors :math:`f_j`, the error of all targets and the norms of features.

    .. math:: \frac{1}{2n} \sum_i s_i \|y_i - W x_i - b\|^2
        + \alpha \sum_j f_j \left(\rho \|w_j\| + \frac{1 - \rho}{2} \|w_j\|^2\right).

    The coefficients of each feature are set to their minimiser in turn,

    .. math:: w_j \leftarrow \frac{(1 - n \alpha \rho f_j / \|z\|)_+}
              {\|x_j\|^2 + n \alpha (1 - \rho) f_j} z, \qquad z = X_j' R + \|x_j\|^2 w_j,

    until a pass changes none by more than `tol` times the largest and the gap is at most
    ``tol * ||Y||^2`` (N. Simon, J. Friedman, T. Hastie, arXiv:1311.6529, 2013, equation 5).
    Returns coefficients (n_targets, n_features), intercepts and the duality gap.
    """
    X = np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
    Y = np.asarray(Y, dtype=np.float64)
    n, p = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
    weights = weights * (n / weights.sum())
    x_mean = weights @ X / n if fit_intercept else np.zeros(p)
    y_mean = weights @ Y / n if fit_intercept else np.zeros(Y.shape[1])
    X = (X - x_mean) * np.sqrt(weights)[:, None]
    Y = (Y - y_mean) * np.sqrt(weights)[:, None]
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, p)
    norms = np.sum(X**2, axis=0)
    used = np.flatnonzero((norms > 0) & np.isfinite(factor))
    lam, ridge = (n * alpha * share * factor[used] for share in (l1_ratio, 1 - l1_ratio))
    X, norms = X[:, used], norms[used]
    W = np.zeros((len(used), Y.shape[1]))
    R = Y - X @ W
    gap = multi_task_gap(X, Y, W, lam, ridge=ridge)
    for _ in range(max_iter):
        before = W.copy()
        for j in range(len(used)):
            z = X[:, j] @ R + norms[j] * W[j]
            size = np.sqrt(z @ z)
            new = max(1 - lam[j] / size, 0.0) * z / (norms[j] + ridge[j]) if size > 0 else 0 * z
            R -= np.outer(X[:, j], new - W[j])
            W[j] = new
        if np.max(np.abs(W - before), initial=0.0) <= tol * np.max(np.abs(W), initial=0.0):
            gap = multi_task_gap(X, Y, W, lam, ridge=ridge)
            if gap <= tol * np.sum(Y**2):
                break
    coef = np.zeros((Y.shape[1], p))
    coef[:, used] = W.T
    return coef, y_mean - coef @ x_mean, gap / n
