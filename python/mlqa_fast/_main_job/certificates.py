"""Judges of answers in plain NumPy and float64, blind to who gave them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def rows_off_segments(minority: Array, synthetic: Array, k: int) -> int:
    """Count synthetic rows on no segment from a minority row to one of its k nearest, ties allowed.

    Every pair of a row and a true neighbour is tried: the row s lies on the segment from a to b
    if s = a + t (b - a) with t in [0, 1], up to rounding.
    """
    squared = ((minority[:, None, :] - minority[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    kth = np.sort(squared, axis=1)[:, k - 1]
    start, end = np.nonzero(squared <= kth[:, None] * (1 + 1e-12))
    tolerance = 1e-12 * float(np.abs(minority).max())
    off = 0
    for block in np.array_split(synthetic, max(1, len(synthetic) // 256)):
        off += int(np.sum(_distance_to_segments(block, minority[start], minority[end]) > tolerance))
    return off


def _distance_to_segments(rows: Array, start: Array, end: Array) -> Array:
    """Largest coordinate difference of each row to the nearest of the segments."""
    direction = end - start
    length2 = np.maximum((direction**2).sum(axis=1), np.finfo(float).tiny)
    along = rows @ direction.T - (start * direction).sum(axis=1)
    fraction = np.clip(along / length2, 0.0, 1.0)
    squared = (rows**2).sum(axis=1)[:, None] - 2 * rows @ start.T + (start**2).sum(axis=1)
    squared += fraction * (fraction * length2 - 2 * along)
    best = np.argmin(squared, axis=1)
    t = fraction[np.arange(len(rows)), best]
    nearest = start[best] + t[:, None] * direction[best]
    distance: Array = np.abs(rows - nearest).max(axis=1)
    return distance


def lasso_gap(X: Array, y: Array, alphas: Array, coefficients: Array) -> float:
    """Largest duality gap of a path without intercept, relative to ||y||^2 as `tol` is.

    With r = y - Xw the primal value is ||r||^2 / 2 + n alpha ||w||_1. The residual, scaled into
    the dual's feasible set, gives the dual value r's' y - ||s r||^2 / 2.
    """
    worst = 0.0
    for alpha, w in zip(alphas, coefficients.T, strict=True):
        penalty = len(y) * alpha
        residual = y - X @ w
        correlation = float(np.abs(X.T @ residual).max())
        scale = min(1.0, penalty / correlation) if correlation > 0 else 1.0
        primal = 0.5 * residual @ residual + penalty * np.abs(w).sum()
        dual = scale * residual @ y - 0.5 * scale**2 * residual @ residual
        worst = max(worst, float(primal - dual) / float(y @ y))
    return worst


def svc_kkt_violation(machine: Any, X: Array, y: Array, gamma: float, C: float) -> float:
    """Largest violation of the optimality conditions over all pairs of classes, RBF kernel.

    For coefficients c_i = y_i a_i and f = K c it is max {y_i - f_i : a_i may move up} minus
    min {y_i - f_i : a_i may move down}: what `tol` bounds. Reads the public attributes only.
    """
    bounds = np.cumsum(np.r_[0, machine.n_support_])
    dual = machine.dual_coef_
    if len(machine.classes_) == 2:
        dual = -dual  # shown with the second class positive; below the first one is
    worst = 0.0
    for i, j in combinations(range(len(machine.classes_)), 2):
        rows = np.flatnonzero((y == machine.classes_[i]) | (y == machine.classes_[j]))
        sign = np.where(y[rows] == machine.classes_[i], 1.0, -1.0)
        coefficient = np.zeros(len(y))
        for first, row in ((i, j - 1), (j, i)):
            part = slice(bounds[first], bounds[first + 1])
            coefficient[machine.support_[part]] = dual[row, part]
        c = coefficient[rows]
        values = sign - rbf_kernel(X[rows], X[rows], gamma) @ c
        alpha = sign * c
        inside_low, inside_high = alpha > 1e-8 * C, alpha < (1 - 1e-8) * C
        up = np.where(sign > 0, inside_high, inside_low)
        down = np.where(sign > 0, inside_low, inside_high)
        worst = max(worst, float(values[up].max() - values[down].min()))
    return worst


def rbf_kernel(A: Array, B: Array, gamma: float) -> Array:
    """exp(-gamma ||a - b||^2) of every pair of rows."""
    squared = (A**2).sum(axis=1)[:, None] - 2 * A @ B.T + (B**2).sum(axis=1)
    kernel: Array = np.exp(-gamma * np.maximum(squared, 0.0))
    return kernel


def largest_relative_error(values: Any, exact: Any) -> float:
    """Over several arrays: largest error relative to the exact array's largest magnitude."""
    errors = []
    for value, truth in zip(values, exact, strict=True):
        scale = float(np.abs(truth).max()) or 1.0
        errors.append(float(np.abs(np.asarray(value, dtype=np.float64) - truth).max()) / scale)
    return max(errors)


def pair_decisions(machine: Any, X: Array, gamma: float) -> dict[tuple[int, int], Array]:
    """Decision values of every pair of more than two classes: positive for the pair's first."""
    bounds = np.cumsum(np.r_[0, machine.n_support_])
    kernel = rbf_kernel(X, machine.support_vectors_, gamma)
    pairs = combinations(range(len(machine.classes_)), 2)
    decisions = {}
    for (i, j), intercept in zip(pairs, machine.intercept_, strict=True):
        of_i, of_j = slice(bounds[i], bounds[i + 1]), slice(bounds[j], bounds[j + 1])
        value = kernel[:, of_i] @ machine.dual_coef_[j - 1, of_i]
        decisions[i, j] = value + kernel[:, of_j] @ machine.dual_coef_[i, of_j] + intercept
    return decisions


def vote(machine: Any, X: Array, gamma: float) -> Array:
    """Labels by the most pairs won; the first of equals."""
    votes = np.zeros((len(X), len(machine.classes_)))
    for (i, j), value in pair_decisions(machine, X, gamma).items():
        votes[:, i] += value > 0
        votes[:, j] += value <= 0
    labels: Array = machine.classes_[votes.argmax(axis=1)]
    return labels


def dag(machine: Any, X: Array, gamma: float) -> Array:
    """Labels by elimination: the first and the last class left meet, the loser leaves the list."""
    decisions = pair_decisions(machine, X, gamma)
    first = np.zeros(len(X), dtype=int)
    last = np.full(len(X), len(machine.classes_) - 1)
    rows = np.arange(len(X))
    values = np.zeros((len(X), len(machine.classes_), len(machine.classes_)))
    for (i, j), value in decisions.items():
        values[:, i, j] = value
    while (first < last).all():
        wins = values[rows, first, last] > 0
        first, last = np.where(wins, first, first + 1), np.where(wins, last - 1, last)
    labels: Array = machine.classes_[first]
    return labels
