"""The folds of a cross-validation: what is fitted without the rows of each, and judged on them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast.linear_model._problem import NativePath, intercepts, solve


class Penalised(NamedTuple):
    """What fits have in common, as `solve` takes it."""

    fit_intercept: bool = False
    penalty_factor: Any = None
    bounds: Any = None
    positive: bool = False
    relaxed: bool = False
    tol: float = 1e-4
    max_iter: int | None = 1000
    updates: str = "auto"
    n_jobs: int | None = None
    joint: bool = False


class Rows(NamedTuple):
    """Data of a fit, or left out from one."""

    X: Any
    y: NDArray[Any]
    weights: NDArray[Any] | None
    common: Penalised

    def part(self, rows: Any) -> Rows:
        """Chosen rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.X[rows], self.y[rows], weights, self.common)

    def solve(self, **options: Any) -> NativePath:
        """The path on these rows."""
        common = self.common._asdict()
        return solve(self.X, self.y, sample_weight=self.weights, **common, **options)

    def errors(self, path: NativePath) -> NDArray[np.float64]:
        """Mean squared errors on these rows, of each alpha, the mean over targets."""
        targets = self.y.reshape(len(self.y), -1).T
        errors = [self._errors(path, t, y) for t, y in enumerate(targets)]
        return np.asarray(np.mean(errors, axis=0), dtype=np.float64)

    def _errors(self, path: NativePath, target: int, y: NDArray[Any]) -> NDArray[np.float64]:
        """Coefficients as a sparse matrix: no BLAS, and few of them are not zero."""
        coefs = path.coefs[target]
        used = np.flatnonzero(np.any(coefs != 0, axis=0))
        columns = self.X[:, used]
        products = sparse.csr_array(coefs[:, used].astype(np.float64)) @ (
            columns.T.tocsr() if sparse.issparse(columns) else np.ascontiguousarray(columns.T)
        )
        predictions = products.toarray() if sparse.issparse(products) else products
        own = path._replace(y_means=path.y_means[target : target + 1])
        residuals = predictions + intercepts(own, coefs)[:, None] - y
        errors: NDArray[np.float64] = np.average(residuals**2, axis=1, weights=self.weights)
        return errors


class Fold(NamedTuple):
    """What is fitted, and what is left out."""

    train: Rows
    test: Rows

    def solve(self, **options: Any) -> NativePath:
        """The path without the fold."""
        return self.train.solve(**options)

    def errors(self, path: NativePath) -> NDArray[np.float64]:
        """Its mean squared errors on the fold."""
        return self.test.errors(path)


class Folds:
    """Every fold a copy of its rows: for any splitter and any data."""

    def __init__(self, rows: Rows, splits: list[tuple[Any, Any]]) -> None:
        self._all = rows
        self._splits = splits
        self._by_row = rows._replace(X=rows.X.tocsr()) if sparse.issparse(rows.X) else rows

    def __len__(self) -> int:
        return len(self._splits)

    def __getitem__(self, fold: int) -> Any:
        train, test = self._splits[fold]
        return Fold(self._by_row.part(train), self._by_row.part(test))

    def solve(self, **options: Any) -> NativePath:
        """The path on all data."""
        return self._all.solve(**options)
