"""Cross-validation of tall data: folds that share one pass over X.

The second moments of each fold (`cpp/linear_model/moments.hpp`) are computed once. Those of a
training set are the sum over the other folds, and determine its path; those of the fold itself
determine the errors on the rows left out. What rounding leaves in doubt is computed from the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast._mlqa_fast_core import linear_model as native
from mlqa_fast._threadpool import n_threads
from mlqa_fast.linear_model._folds import Folds, Penalised, Rows
from mlqa_fast.linear_model._problem import (
    GramProblem,
    NativePath,
    bounds_of,
    factors_of,
    native_matrix,
    normalised_weights,
    solve_gram,
)

TALL = 4  # samples a feature from which Gram matrices pay, as in cpp/linear_model/lasso.cpp
CONSTANT = 2.0**-49  # centred entries below this times the mean are rounding
CANCELLED = 1e-6  # a centred square below this share is in doubt
DISTINCT = 2.0**-12  # as is a squared error below this share of what it is the difference of


class Moments(NamedTuple):
    """Gram matrix of the columns of sqrt(weight) [X - m, y - m_y, 1] over `n_samples` rows."""

    matrix: NDArray[np.float64]  # (n_features + 2, n_features + 2)
    shift: NDArray[np.float64]  # (m, m_y)
    n_samples: int


def partition(folds: list[tuple[Any, Any]], n_samples: int) -> list[NDArray[np.int64]] | None:
    """The rows left out by each fold, if every row is once, and where it is not it trains."""
    every = np.arange(n_samples, dtype=np.int64)
    tests = [every[test] for _, test in folds]
    for (train, _), test in zip(folds, tests, strict=True):
        if len(test) == 0 or not _all_once([every[train], test], n_samples):
            return None
    return tests if _all_once(tests, n_samples) else None


def _all_once(parts: list[NDArray[np.int64]], n_samples: int) -> bool:
    found = np.zeros(n_samples, dtype=bool)
    for part in parts:
        found[part] = True
    return sum(map(len, parts)) == n_samples and bool(np.all(found))


def sharing_pays(n_samples: int, n_features: int, n_folds: int) -> bool:
    """Whether the moments of all folds cost no more memory than X, and less time than paths."""
    return n_samples >= max(TALL, n_folds) * n_features and n_samples >= n_folds**2


def fold_moments(rows: Rows, tests: list[NDArray[np.int64]] | None = None) -> list[Moments]:
    """The moments of each fold, about one point: near the means, or 0 without an intercept.

    Without folds the moments of all rows.
    """
    sizes = [len(rows.y)] if tests is None else [len(test) for test in tests]
    # What the paths would refuse is refused before this work.
    factors_of(rows.common.penalty_factor, rows.X.shape[1])
    bounds_of(rows.common.bounds, rows.X.shape[1])
    roots = None
    if rows.weights is not None:
        roots = np.sqrt(normalised_weights(rows.weights, len(rows.y)))
    matrices, shift = native.fold_moments(
        X=native_matrix(rows.X),
        y=np.ascontiguousarray(rows.y, dtype=np.float64),
        roots=roots,
        rows=None if tests is None else np.concatenate(tests),
        offsets=np.cumsum([0, *sizes]),
        center=rows.common.fit_intercept,
        n_jobs=n_threads(rows.common.n_jobs),
    )
    return [Moments(matrix, shift, n) for matrix, n in zip(matrices, sizes, strict=True)]


def total(parts: list[Moments]) -> Moments:
    """The moments of the union."""
    matrix = parts[0].matrix.copy()
    for part in parts[1:]:
        matrix += part.matrix
    return Moments(matrix, parts[0].shift, sum(part.n_samples for part in parts))


def centred(moments: Moments, fit_intercept: bool, dtype: Any) -> GramProblem | None:
    """The problem of these rows as solvers see it; None where too much would cancel."""
    matrix, shift, n_samples = moments
    weight = matrix[-1, -1]
    if not weight > 0 or not np.all(np.isfinite(np.diag(matrix))):
        return None
    sums = matrix[-1, :-1] if fit_intercept else np.zeros(len(shift))
    away = sums / weight
    scale = n_samples / weight
    squares = scale * np.diag(matrix)[:-1]
    products = scale * (matrix[:-1, :-1] - away[:, None] * sums)
    constant = squares[:-1] <= n_samples * (CONSTANT * shift[:-1]) ** 2
    products[:-1][constant] = 0
    products[:, :-1][:, constant] = 0
    if np.any(np.diag(products)[:-1][~constant] <= CANCELLED * squares[:-1][~constant]):
        return None
    y_squared = products[-1, -1]
    if squares[-1] > 0 and not y_squared > CANCELLED * squares[-1]:
        return None
    return GramProblem(
        gram=np.ascontiguousarray(products[:-1, :-1]),
        norms=np.sqrt(squares[:-1]),
        correlations=products[-1:, :-1].copy(),
        y_squared=y_squared,
        n_samples=n_samples,
        cancellation=squares[-1] / y_squared if y_squared > 0 else 1.0,
        x_means=shift[:-1] + away[:-1],
        y_mean=shift[-1] + away[-1],
        single=dtype == np.float32,
    )


def squared_errors(
    moments: Moments, path: NativePath
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Mean squared error on these rows of each alpha, and whether rounding leaves it in doubt.

    Coefficients as a sparse matrix: no BLAS, whose bits change with its threads.
    """
    coefs = np.asarray(path.coefs[0], dtype=np.float64)
    shift = moments.shift
    offset = path.y_means - shift[-1] - np.sum(coefs * (path.x_means - shift[:-1]), axis=1)
    combined = np.column_stack([-coefs, np.ones(len(coefs)), -offset])
    products = sparse.csr_array(combined) @ moments.matrix
    sums = np.sum(products * combined, axis=1)
    sizes = np.sum(np.abs(combined) * np.sqrt(np.diag(moments.matrix)), axis=1) ** 2
    return sums / moments.matrix[-1, -1], ~(sums > DISTINCT * sizes)


def in_doubt(rows: Rows) -> Rows:
    """The rows as what moments leave in doubt is solved on them: columns are to certify it."""
    return rows._replace(common=rows.common._replace(updates="covariance"))


class SharedFold:
    """A fold by its moments; `rows` brings what these leave in doubt."""

    def __init__(
        self, train: GramProblem, test: Moments, common: Penalised, rows: Callable[[], Any]
    ) -> None:
        self._train = train
        self._test = test
        self._common = common
        self._rows = rows

    def solve(self, *, alphas: Any, **options: Any) -> NativePath:
        """The path without the fold: from the first alpha that is not certified on, by its rows."""
        penalty = self._common._asdict()
        for name in ("fit_intercept", "joint", "updates", "n_jobs"):
            del penalty[name]
        path = solve_gram(self._train, alphas=alphas, **penalty, **options)
        goal = self._common.tol * self._train.y_squared / self._train.n_samples
        doubtful = path.converged[0] & (path.gaps[0] > goal)
        if not np.any(doubtful):
            return path
        first = int(np.argmax(doubtful))
        start = path.coefs[0, first - 1] if first else None
        rest = self._rows().solve(alphas=path.alphas[first:], start=start, **options)
        for name in ("coefs", "gaps", "n_iters", "converged", "exact"):
            getattr(path, name)[0, first:] = getattr(rest, name)[0]
        return path

    def errors(self, path: NativePath) -> NDArray[np.float64]:
        """Its mean squared errors on the fold."""
        errors, doubtful = squared_errors(self._test, path)
        if np.any(doubtful):
            errors[doubtful] = self._rows().errors(path)[doubtful]
        return errors


class SharedFolds(Folds):
    """Dense folds that part the rows, through their moments."""

    def __init__(
        self, rows: Rows, splits: list[tuple[Any, Any]], tests: list[NDArray[np.int64]]
    ) -> None:
        super().__init__(in_doubt(rows), splits)
        self._rows = rows
        self._parts = fold_moments(rows, tests)

    def _centred(self, parts: list[Moments]) -> GramProblem | None:
        return centred(total(parts), self._rows.common.fit_intercept, self._rows.X.dtype)

    def __getitem__(self, fold: int) -> Any:
        train = self._centred(self._parts[:fold] + self._parts[fold + 1 :])
        test = self._parts[fold]
        by_rows = partial(super().__getitem__, fold)
        if train is None or not test.matrix[-1, -1] > 0:
            return by_rows()
        return SharedFold(train, test, self._rows.common, by_rows)

    def solve(self, **options: Any) -> NativePath:
        """The path on all data."""
        everything = total(self._parts)
        problem = self._centred(self._parts)
        if problem is None:
            return super().solve(**options)
        return SharedFold(problem, everything, self._rows.common, lambda: self._all).solve(
            **options
        )


def folds_of(rows: Rows, splits: list[tuple[Any, Any]]) -> Folds:
    """Folds that share their moments where they can and where it pays."""
    n_samples, n_features = rows.X.shape
    shared = not sparse.issparse(rows.X) and not rows.common.joint
    if shared and sharing_pays(n_samples, n_features, len(splits)):
        tests = partition(splits, n_samples)
        if tests is not None and len(tests) > 1:
            return SharedFolds(rows, splits, tests)
    return Folds(rows, splits)
