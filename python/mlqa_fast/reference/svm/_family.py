"""Regression, one class, and nu-classification over the general dual."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix, numeric_gamma
from mlqa_fast.reference.svm._solve import Solution, solve
from mlqa_fast.reference.svm._svc import SVC

Vector = NDArray[np.float64]


def shared_out(total: float, bound: Vector) -> Vector:
    """Numbers that sum to `total`, the first ones at their bounds."""
    out = np.zeros(len(bound))
    for i, most in enumerate(bound):
        out[i] = min(most, total)
        total -= out[i]
    return out


class _Machine:
    """One machine over all points."""

    def __init__(
        self,
        *,
        kernel: str = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        nu: float = 0.5,
    ) -> None:
        self.kernel, self.degree, self.gamma, self.coef0 = kernel, degree, gamma, coef0
        self.tol, self.C, self.epsilon, self.nu = tol, C, epsilon, nu

    def _values(self, A: Any, B: Any) -> Vector:
        A = dense(A)
        return A if self.kernel == "precomputed" else kernel_matrix(A, B, *self._function)

    def _start(self, X: Any, sample_weight: Any) -> tuple[Vector, Vector]:
        self._points = dense(X)
        gamma = 0.0 if self.kernel == "precomputed" else numeric_gamma(self.gamma, self._points)
        self._function = (self.kernel, self.degree, gamma, self.coef0)
        weight = np.ones(len(self._points)) if sample_weight is None else np.asarray(sample_weight)
        return self._values(X, self._points), np.maximum(weight, 0.0)

    def _take(self, coef: Vector, intercept: float, solution: Solution) -> Self:
        self.support_ = np.flatnonzero(coef)
        self.dual_coef_, self.intercept_ = coef[None, self.support_], np.array([intercept])
        self.kkt_violation_, self.dual_gap_ = solution.violation, solution.gap
        self.objective_ = solution.objective
        return self

    def _decide(self, X: Any) -> Vector:
        K = self._values(X, self._points)[:, self.support_]
        return np.asarray(K @ self.dual_coef_[0] + self.intercept_)


class SVR(_Machine):
    """Epsilon-support vector regression: `mlqa_fast.svm.SVR`.

    Variables alpha (y = 1) and alpha* (y = -1) of every point, with linear terms epsilon - z and
    epsilon + z.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import SVR
    >>> SVR(kernel="linear", C=9).fit([[0.0], [2.0]], [0.0, 4.0]).predict([[1.0]]).tolist()
    [2.0]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the machine."""
        K, weight = self._start(X, sample_weight)
        z, n = np.asarray(y, dtype=np.float64), len(weight)
        p = np.concatenate([self.epsilon - z, self.epsilon + z])
        sign, C = np.repeat([1.0, -1.0], n), np.tile(self.C * weight, 2)
        Q = sign[:, None] * np.tile(K, (2, 2)) * sign
        found = solve(Q, p, sign, C, np.zeros(2 * n), tol=self.tol)
        return self._take(found.alpha[:n] - found.alpha[n:], -found.rho[0], found)

    def predict(self, X: Any) -> Vector:
        """Predict values."""
        return self._decide(X)


class NuSVR(SVR):
    """Nu-support vector regression: `mlqa_fast.svm.NuSVR`.

    As SVR with epsilon = 0, and half of nu sum C in alpha and in alpha*; the multipliers of the two
    sums are b - epsilon and b + epsilon, up to the sign of b.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import NuSVR
    >>> svr = NuSVR(kernel="linear", C=9).fit([[0.0], [2.0]], [0.0, 4.0])
    >>> svr.predict([[1.0]]).round(9).tolist()
    [2.0]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the machine."""
        K, weight = self._start(X, sample_weight)
        z, n = np.asarray(y, dtype=np.float64), len(weight)
        sign, C = np.repeat([1.0, -1.0], n), np.tile(self.C * weight, 2)
        Q = sign[:, None] * np.tile(K, (2, 2)) * sign
        start = np.tile(shared_out(self.nu * C[:n].sum() / 2, C[:n]), 2)
        p = np.concatenate([-z, z])
        found = solve(Q, p, sign, C, start, tol=self.tol, grouped=True)
        above, below = found.rho
        self.epsilon_ = (below - above) / 2
        return self._take(found.alpha[:n] - found.alpha[n:], -(above + below) / 2, found)


class OneClassSVM(_Machine):
    """Support of a distribution: `mlqa_fast.svm.OneClassSVM`.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import OneClassSVM
    >>> X = [[0.0], [0.44], [0.45], [0.46], [1.0]]
    >>> OneClassSVM(gamma="auto").fit(X).predict([[0.45], [2.0]])
    array([ 1, -1])
    """

    def fit(self, X: Any, y: None = None, sample_weight: Any = None) -> Self:
        """Find the support."""
        K, weight = self._start(X, sample_weight)
        none = np.zeros(len(weight))
        start = shared_out(self.nu * weight.sum(), weight)
        found = solve(K, none, none + 1, weight, start, tol=self.tol)
        return self._take(found.alpha, -found.rho[0], found)

    def decision_function(self, X: Any) -> Vector:
        """Positive inside of the support."""
        return self._decide(X)

    def predict(self, X: Any) -> NDArray[np.intp]:
        """1 inside, -1 outside."""
        return np.where(self._decide(X) > 0, 1, -1)


class NuSVC(SVC):
    """Nu-support vector classification, a machine for every two classes: `mlqa_fast.svm.NuSVC`.

    Half of nu times the weight in each class; then all is divided by the margin.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import NuSVC
    >>> NuSVC(kernel="linear").fit([[-1.0], [0.0], [2.0]], [0, 1, 2]).predict([[1.8], [-3.0]])
    array([2, 0])
    """

    def __init__(self, *, nu: float = 0.5, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.nu = nu

    def _machine(self, K: Vector, first: NDArray[np.bool_]) -> tuple[Vector, float]:
        sign, C = np.where(first, 1.0, -1.0), np.ones(len(K))
        start, total = np.zeros(len(K)), self.nu * len(K) / 2
        for side in (first, ~first):
            start[side] = shared_out(total, C[side])
        Q = sign[:, None] * K * sign
        found = solve(Q, np.zeros(len(K)), sign, C, start, tol=self.tol, grouped=True)
        above, below = found.rho
        margin = (above - below) / 2
        return sign * found.alpha / margin, -(above + below) / 2 / margin
