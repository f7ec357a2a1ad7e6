"""One-vs-one machines over the definition of one."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._dag import dag_predict
from mlqa_fast.reference.svm._kernels import dense, kernel_matrix, numeric_gamma
from mlqa_fast.reference.svm._smo import svm_smo


class SVC:
    """C-support vector classification, a machine for every two classes: `mlqa_fast.svm.SVC`.

    A vote goes to the first class of a pair where the machine's value is positive, else to the
    second; the first of the classes with most votes is predicted.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import SVC
    >>> SVC(kernel="linear").fit([[-1.0], [0.0], [2.0]], [0, 1, 2]).predict([[1.8], [-3.0]])
    array([2, 0])
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: str = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        multi_class: str = "ovo",
    ) -> None:
        self.C, self.kernel, self.degree, self.gamma = C, kernel, degree, gamma
        self.coef0, self.tol, self.multi_class = coef0, tol, multi_class

    def fit(self, X: Any, y: Any) -> Self:
        """Train the machines."""
        X = dense(X)
        self.classes_, code = np.unique(np.asarray(y), return_inverse=True)
        k = len(self.classes_)
        self._function = (self.kernel, self.degree, numeric_gamma(self.gamma, X), self.coef0)
        K = kernel_matrix(X, X, *self._function)
        beta, intercept = np.zeros((k - 1, len(X))), []
        for a, b in combinations(range(k), 2):
            rows = np.flatnonzero((code == a) | (code == b))
            first = code[rows] == a
            part = K[np.ix_(rows, rows)]
            coef, constant = self._machine(part, first)
            beta[b - 1, rows[first]] = coef[first]
            beta[a, rows[~first]] = coef[~first]
            intercept.append(constant)
        sorted_by_class = np.argsort(code, kind="stable")
        self.support_ = sorted_by_class[np.any(beta[:, sorted_by_class] != 0, axis=0)]
        self.n_support_ = np.bincount(code[self.support_], minlength=k)
        self.support_vectors_ = X[self.support_]
        # Of two classes scikit-learn shows the second as the positive one.
        self._sign = -1.0 if k == 2 else 1.0
        self.dual_coef_ = self._sign * beta[:, self.support_]
        self.intercept_ = self._sign * np.array(intercept)
        return self

    def _machine(
        self, K: NDArray[np.float64], first: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], float]:
        """Coefficients and constant of one machine, positive for `first`."""
        fitted = svm_smo(K, first, C=self.C, kernel="precomputed", tol=self.tol)
        return fitted.dual_coef, fitted.intercept

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict classes by the vote, or along the graph."""
        coef, intercept = self._sign * self.dual_coef_, self._sign * self.intercept_
        K = kernel_matrix(dense(X), self.support_vectors_, *self._function)
        if self.multi_class == "dag":
            label = dag_predict(K, None, coef, intercept, self.n_support_, kernel="precomputed")[0]
            return np.asarray(self.classes_[label])
        votes = np.zeros((len(K), len(self.classes_)), dtype=int)
        owner = np.repeat(np.arange(len(self.classes_)), self.n_support_)
        pairs = combinations(range(len(self.classes_)), 2)
        for (a, b), constant in zip(pairs, intercept, strict=True):
            f = K[:, owner == a] @ coef[b - 1, owner == a] + K[:, owner == b] @ coef[a, owner == b]
            wins = f + constant > 0
            votes[:, a] += wins
            votes[:, b] += ~wins
        return np.asarray(self.classes_[np.argmax(votes, axis=1)])
