"""The general dual of support vector machines, two variables at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Solution(NamedTuple):
    """Variables, their multipliers (of y > 0 and y < 0 if both are kept), and certificates."""

    alpha: Vector
    rho: tuple[float, float]
    violation: float
    gap: float
    objective: float


def solve(
    Q: Vector, p: Vector, y: Vector, C: Vector, alpha: Vector, *, tol: float, grouped: bool = False
) -> Solution:
    r"""LIBSVM's general problem, from a feasible point.

    Minimise :math:`\frac12 \alpha' Q \alpha + p'\alpha` between 0 and C, with :math:`y'\alpha` as
    it is, or if `grouped` with the sums over y = 1 and over y = -1 as they are. A step raises
    :math:`y_i \alpha_i` and lowers :math:`y_j \alpha_j` of one group by the same amount, where
    :math:`s = -y \nabla` is largest among those that may rise, and the decrease
    :math:`(s_i - s_j)^2 / (Q_{ii} + Q_{jj} - 2 y_i y_j Q_{ij})` is largest.
    """
    alpha = alpha.copy()
    groups = [np.flatnonzero(y > 0), np.flatnonzero(y < 0)] if grouped else [np.arange(len(y))]
    while True:
        s = -y * (Q @ alpha + p)
        rises, falls = _may_move(y, alpha, C)
        pairs = [_extremes(s, group, rises, falls) for group in groups]
        i, violation, group = max(
            ((i, s[i] - s[j], g) for (i, j), g in zip(pairs, groups, strict=True)),
            key=lambda found: found[1],
        )
        if violation < tol:
            return _certified(Q, p, y, C, alpha, groups)
        others = group[falls[group] & (s[group] < s[i])]
        curve = Q[i, i] + Q[others, others] - 2 * y[i] * y[others] * Q[i, others]
        curve = np.maximum(curve, 1e-12)
        best = int(np.argmax((s[i] - s[others]) ** 2 / curve))
        j = others[best]
        step = (s[i] - s[j]) / curve[best]
        step = min(step, C[i] - alpha[i] if y[i] > 0 else alpha[i])
        step = min(step, alpha[j] if y[j] > 0 else C[j] - alpha[j])
        alpha[i] = np.clip(alpha[i] + y[i] * step, 0.0, C[i])
        alpha[j] = np.clip(alpha[j] - y[j] * step, 0.0, C[j])


def _may_move(y: Vector, alpha: Vector, C: Vector) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where y alpha may rise, and where it may fall."""
    return np.where(y > 0, alpha < C, alpha > 0), np.where(y > 0, alpha > 0, alpha < C)


def _extremes(
    s: Vector, group: NDArray[np.intp], rises: NDArray[np.bool_], falls: NDArray[np.bool_]
) -> tuple[int, int]:
    up, low = group[rises[group]], group[falls[group]]
    if len(up) == 0 or len(low) == 0:
        return int(group[0]), int(group[0])
    return int(up[np.argmax(s[up])]), int(low[np.argmin(s[low])])


def _certified(
    Q: Vector, p: Vector, y: Vector, C: Vector, alpha: Vector, groups: list[NDArray[np.intp]]
) -> Solution:
    gradient = Q @ alpha + p
    rises, falls = _may_move(y, alpha, C)
    rho, violation, gap = [], 0.0, 0.0
    for group in groups:
        i, j = _extremes(-y * gradient, group, rises, falls)
        violation = max(violation, y[j] * gradient[j] - y[i] * gradient[i])
        free = group[(rises & falls)[group]]
        between = (y[i] * gradient[i] + y[j] * gradient[j]) / 2
        rho.append(float((y * gradient)[free].mean()) if len(free) else float(between))
        # The most that the linearised objective can fall, the sum priced at rho.
        slope = (gradient - y * rho[-1])[group]
        gap += float(np.maximum(slope * alpha[group], -slope * (C - alpha)[group]).sum())
    objective = -float(0.5 * alpha @ Q @ alpha + p @ alpha)
    return Solution(alpha, (rho[0], rho[-1]), violation, gap, objective)
