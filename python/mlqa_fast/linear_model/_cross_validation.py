"""Cross-validation of paths, without the estimators' faces."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast.linear_model._problem import NativePath, intercepts, solve


class Penalised(NamedTuple):
    """What the fits on all folds have in common."""

    fit_intercept: bool
    penalty_factor: Any
    bounds: Any
    positive: bool
    relaxed: bool
    joint: bool
    tol: float
    max_iter: int | None
    updates: str
    n_jobs: int | None


class FoldPaths(NamedTuple):
    """One entry for each l1_ratio, fold and alpha."""

    errors: NDArray[np.float64]
    gaps: NDArray[np.float64]


def alpha_grid(
    X: Any,
    y: NDArray[Any],
    l1_ratio: float,
    eps: float,
    count: int,
    weights: Any,
    common: Penalised,
) -> NDArray[np.float64]:
    """From the smallest alpha without penalised coefficients to eps times that."""
    path = solve(
        X,
        y,
        alphas=None,
        l1_ratio=l1_ratio,
        fit_intercept=common.fit_intercept,
        sample_weight=weights,
        penalty_factor=common.penalty_factor,
        bounds=common.bounds,
        positive=common.positive,
        joint=common.joint,
        n_jobs=common.n_jobs,
    )
    largest = path.alphas[0]
    if largest <= np.finfo(np.float64).resolution:
        return np.full(count, largest)
    return np.geomspace(largest, eps * largest, count)


def fold_paths(
    X: Any,
    y: NDArray[Any],
    sample_weight: NDArray[Any] | None,
    folds: list[tuple[Any, Any]],
    grids: list[tuple[float, NDArray[np.float64]]],
    common: Penalised,
    max_time: float | None,
    progress: Callable[[int, float], bool] | None,
) -> FoldPaths:
    """The path of every fold and l1_ratio, and its mean squared error on the rows left out."""
    shape = len(grids), len(folds), len(grids[0][1])
    errors, gaps = np.empty(shape), np.empty(shape)
    end = None if max_time is None else time.perf_counter() + max_time
    X = X.tocsr() if sparse.issparse(X) else X
    for f, (train, test) in enumerate(folds):
        weights, test_weights = (
            (None, None) if sample_weight is None else (sample_weight[train], sample_weight[test])
        )
        X_train, X_test, y_train, y_test = X[train], X[test], y[train], y[test]
        for i, (l1_ratio, alphas) in enumerate(grids):
            done = (f * len(grids) + i) * len(alphas)
            path = solve(
                X_train,
                y_train,
                alphas=alphas,
                l1_ratio=l1_ratio,
                sample_weight=weights,
                max_time=None if end is None else max(0.0, end - time.perf_counter()),
                progress=None if progress is None else _from(progress, done),
                **common._asdict(),
            )
            errors[i, f] = _mean_squared_errors(X_test, y_test, test_weights, path)
            gaps[i, f] = path.gaps[0]
    return FoldPaths(errors, gaps)


def _from(progress: Callable[[int, float], bool], begun: int) -> Callable[[int, int, float], bool]:
    return lambda done, total, gap: progress(begun + done, gap)


def _mean_squared_errors(
    X: Any, y: NDArray[Any], weights: NDArray[Any] | None, path: NativePath
) -> NDArray[np.float64]:
    """Of each alpha, the mean over targets."""
    targets = y.reshape(len(y), -1).T
    one = [
        path._replace(coefs=path.coefs[t : t + 1], y_means=path.y_means[t : t + 1])
        for t in range(len(targets))
    ]
    errors = [_errors_of_target(X, *pair, weights) for pair in zip(targets, one, strict=True)]
    return np.asarray(np.mean(errors, axis=0))


def _errors_of_target(
    X: Any, y: NDArray[Any], path: NativePath, weights: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Of each alpha. Coefficients as a sparse matrix: no BLAS, and few of them are not zero."""
    coefs = path.coefs[0]
    used = np.flatnonzero(np.any(coefs != 0, axis=0))
    columns = X[:, used]
    products = sparse.csr_array(coefs[:, used].astype(np.float64)) @ (
        columns.T.tocsr() if sparse.issparse(columns) else np.ascontiguousarray(columns.T)
    )
    predictions = products.toarray() if sparse.issparse(products) else products
    residuals = predictions + intercepts(path, coefs)[:, None] - y
    errors: NDArray[np.float64] = np.average(residuals**2, axis=1, weights=weights)
    return errors


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
