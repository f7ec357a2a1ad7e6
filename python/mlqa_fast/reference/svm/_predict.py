"""Prediction with kernel machines from their fitted attributes, by its definition."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix


class CompiledPredictor:
    """Decision values f_ab(x) = sum_s coef_s k(x_s, x) + intercept_ab, and the vote over them."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self.classes_ = getattr(estimator, "classes_", None)

    def _values(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Kernel values with the support vectors."""
        e = self._estimator
        if e.kernel == "precomputed":
            return X[:, e.support_]
        return kernel_matrix(
            X, dense(e.support_vectors_), e.kernel, e.degree, float(e._gamma), e.coef0
        )

    def machines(self, X: Any) -> NDArray[np.float64]:
        """One column a machine, positive for the first of its classes."""
        e, K = self._estimator, self._values(np.atleast_2d(dense(X)))
        coef, intercept = dense(e._dual_coef_), np.asarray(e._intercept_)
        if self.classes_ is None:
            return np.asarray(K @ coef.T + intercept)
        owner = np.repeat(np.arange(len(self.classes_)), e._n_support)
        columns = []
        for (a, b), constant in zip(
            combinations(range(len(self.classes_)), 2), intercept, strict=True
        ):
            of_a, of_b = owner == a, owner == b
            columns.append(K[:, of_a] @ coef[b - 1, of_a] + K[:, of_b] @ coef[a, of_b] + constant)
        return np.stack(columns, axis=1)

    def predict(self, X: Any) -> NDArray[Any]:
        """The first class with most votes; values of a regressor; 1 or -1 for one class."""
        f = self.machines(X)
        if self.classes_ is None:
            return (
                np.where(f > 0, 1, -1).ravel() if hasattr(self._estimator, "offset_") else f.ravel()
            )
        votes = np.zeros((len(f), len(self.classes_)), dtype=int)
        for column, (a, b) in enumerate(combinations(range(len(self.classes_)), 2)):
            votes[:, a] += f[:, column] > 0
            votes[:, b] += f[:, column] <= 0
        return np.asarray(self.classes_[np.argmax(votes, axis=1)])


def compile_predictor(estimator: Any) -> CompiledPredictor:
    """A predictor that reads the fitted attributes of an estimator."""
    return CompiledPredictor(estimator)
