"""One linear machine, one coefficient at a time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import LabelBinarizer

from mlqa_fast.reference.svm._kernels import dense
from mlqa_fast.svm import LinearSVMResult


def linear_svm(
    X: Any,
    y: Any,
    *,
    penalty: str = "l2",
    loss: str = "squared_hinge",
    dual: bool | str = "auto",
    tol: float = 1e-4,
    C: float = 1.0,
    epsilon: float = 0.0,
    fit_intercept: bool = True,
    intercept_scaling: float = 1.0,
    sample_weight: Any = None,
    random_state: Any = None,
    max_iter: int = 1000,
) -> LinearSVMResult:
    r"""Train one linear machine by plain coordinate descent: `mlqa_fast.svm.linear_svm`.

    With a constant feature behind the rows, it minimises :math:`\frac12 |w|^2 + \sum_i C_i d_i^p`
    or :math:`|w|_1 + \sum_i C_i d_i^2`, where :math:`d_i` is the distance of :math:`w x_i` to
    :math:`[l_i, h_i]`. For the first, coefficients :math:`\beta_i`, :math:`w = \sum_i \beta_i x_i`,
    maximise the dual :math:`\sum_i l_i \beta_i^+ - h_i \beta_i^- - \frac12 |w|^2` (for p = 2 less
    :math:`\beta_i^2 / 4 C_i`), each exactly with the others held, in order. Else each weight
    takes a step of the quadratic that bounds the loss. Stops once the gap is at most `tol` times
    the objective; `dual` and `random_state` change nothing.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import linear_svm
    >>> float(linear_svm([[-1.0], [1.0]], [0, 1], fit_intercept=False, tol=1e-9).coef[0].round(4))
    0.8
    """
    X = np.column_stack([dense(X), np.full(len(y), intercept_scaling if fit_intercept else 0.0)])
    y = np.asarray(y)
    cost = C * (np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float))
    X, y, cost = X[cost > 0], y[cost > 0], cost[cost > 0]
    if loss.endswith("hinge"):
        positive = y == y.max()
        low, high = np.where(positive, 1.0, -np.inf), np.where(positive, np.inf, -1.0)
    else:
        low, high = y - epsilon, y + epsilon
    squared, lasso = loss.startswith("squared"), penalty == "l1"
    w, beta, n_iter = np.zeros(X.shape[1]), np.zeros(len(y)), 0
    while True:
        objective, gap = _certificate(X, w, beta, low, high, cost, squared, lasso)
        converged = gap <= tol * objective
        if converged or n_iter == max_iter:
            break
        if lasso:
            for j in np.flatnonzero(X.any(axis=0)):
                curvature = 2 * cost @ X[:, j] ** 2
                slope = -2 * (cost * _distance(X @ w, low, high)) @ X[:, j]
                goal = w[j] - slope / curvature
                w[j] = np.sign(goal) * max(abs(goal) - 1 / curvature, 0.0)
        else:
            for i in np.flatnonzero(cost):
                ridge, cap = (0.5 / cost[i], np.inf) if squared else (0.0, cost[i])
                curvature = X[i] @ X[i] + ridge
                rest = X[i] @ w - X[i] @ X[i] * beta[i]
                up, down = (low[i] - rest) / curvature, (high[i] - rest) / curvature
                new = np.clip(max(up, 0.0) + min(down, 0.0), -cap, cap)
                w += (new - beta[i]) * X[i]
                beta[i] = new
        n_iter += 1
    if not converged:
        warnings.warn("Solver terminated early", ConvergenceWarning, stacklevel=2)
    constant = intercept_scaling * w[-1] if fit_intercept else 0.0
    return LinearSVMResult(w[:-1], float(constant), n_iter, gap, objective, converged)


def l1_min_c(
    X: Any,
    y: Any,
    *,
    loss: str = "squared_hinge",
    fit_intercept: bool = True,
    intercept_scaling: float = 1.0,
) -> float:
    """Return the largest C at which every slope of the loss at 0 is at most 1.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import l1_min_c
    >>> l1_min_c([[-1.0], [3.0]], [0, 1])
    0.125
    """
    X = np.column_stack([dense(X), np.full(len(y), intercept_scaling if fit_intercept else 0.0)])
    signs = LabelBinarizer(neg_label=-1).fit_transform(y)
    per_c = 2.0 if loss == "squared_hinge" else 0.5
    return float(1.0 / (per_c * np.abs(X.T @ signs).max()))


def _distance(
    z: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed distance to [low, high], positive below it."""
    return np.asarray(np.maximum(low - z, 0.0) - np.maximum(z - high, 0.0))


def _certificate(
    X: NDArray[np.float64],
    w: NDArray[np.float64],
    beta: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    cost: NDArray[np.float64],
    squared: bool,
    lasso: bool,
) -> tuple[float, float]:
    """Objective, and its distance to the dual's of beta, or for |w|_1 of the loss's slopes."""
    e = _distance(X @ w, low, high)
    value = float(cost @ (e**2 if squared else np.abs(e)))
    if lasso:
        beta = 2 * cost * e
        beta = beta / max(np.abs(X.T @ beta).max(), 1.0)
    target = np.where(beta > 0, low, np.where(beta < 0, high, 0.0))
    dual = float(beta @ target) - (float(beta**2 @ (0.25 / cost)) if squared else 0.0)
    if lasso:
        value += float(np.abs(w).sum())
    else:
        value += float(w @ w) / 2
        dual -= float(np.sum((X.T @ beta) ** 2)) / 2
    return value, value - dual
