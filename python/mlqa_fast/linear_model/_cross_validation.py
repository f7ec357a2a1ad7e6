"""Cross-validation of paths, without the estimators' faces."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.linear_model._folds import Folds


class FoldPaths(NamedTuple):
    """One entry for each l1_ratio, fold and alpha."""

    errors: NDArray[np.float64]
    gaps: NDArray[np.float64]


def alpha_grid(folds: Folds, l1_ratio: float, eps: float, count: int) -> NDArray[np.float64]:
    """From the smallest alpha without penalised coefficients to eps times that."""
    largest = folds.solve(alphas=None, l1_ratio=l1_ratio).alphas[0]
    if largest <= np.finfo(np.float64).resolution:
        return np.full(count, largest)
    return np.geomspace(largest, eps * largest, count)


def fold_paths(
    folds: Folds,
    grids: list[tuple[float, NDArray[np.float64]]],
    max_time: float | None,
    progress: Callable[[int, float], bool] | None,
) -> FoldPaths:
    """The path of every fold and l1_ratio, and its mean squared error on the rows left out."""
    shape = len(grids), len(folds), len(grids[0][1])
    errors, gaps = np.empty(shape), np.empty(shape)
    end = None if max_time is None else time.perf_counter() + max_time
    for f in range(len(folds)):
        fold = folds[f]
        for i, (l1_ratio, alphas) in enumerate(grids):
            done = (f * len(grids) + i) * len(alphas)
            path = fold.solve(
                alphas=alphas,
                l1_ratio=l1_ratio,
                max_time=None if end is None else max(0.0, end - time.perf_counter()),
                progress=None if progress is None else _from(progress, done),
            )
            errors[i, f] = fold.errors(path)
            gaps[i, f] = path.gaps[0]
    return FoldPaths(errors, gaps)


def _from(progress: Callable[[int, float], bool], begun: int) -> Callable[[int, int, float], bool]:
    return lambda done, total, gap: progress(begun + done, gap)


def chosen_alpha(errors: NDArray[np.float64], rule: str) -> int:
    """Position of the chosen alpha; `errors` has a row a fold, alphas decrease.

    The least mean error; with "1se" the largest alpha whose mean error is within a standard error
    of that (L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees",
    1984, section 3.4.3).
    """
    mean = np.mean(errors, axis=0)
    best = int(np.argmin(mean))
    if rule == "min":
        return best
    spread = np.std(errors[:, best], ddof=1) if len(errors) > 1 else 0.0
    return int(np.argmax(mean <= mean[best] + spread / np.sqrt(len(errors))))
