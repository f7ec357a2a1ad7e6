"""One machine over one set of points: what regression and one-class machines share."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mlqa_fast._compat import num_samples
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._predict import decide, native_of, reading_of
from mlqa_fast.svm._problem import KernelTuple, Limits, cache_bytes, points, warn_if_early
from mlqa_fast.svm._training import Progress, TrainedMachine, container_of, fingerprint


class Dual(NamedTuple):
    r"""Minimise :math:`\frac12 \beta' K \beta + p'\beta + \epsilon \|\beta\|_1` between bounds.

    The sum of the coefficients is kept; in two groups, of as many points each, both sums are.
    """

    linear: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    initial: NDArray[np.float64]
    total: tuple[float, float] = (0.0, 0.0)
    epsilon: float = 0.0
    grouped: bool = False


class Reached(NamedTuple):
    """Coefficients of a fit, to begin the next one with: of points `kept` of `n`."""

    n: int
    kept: NDArray[np.int64]
    beta: NDArray[np.float64]


class Solution(NamedTuple):
    """Coefficients and their certificates; ``n_iter`` and ``status`` as in `Trained`."""

    beta: NDArray[np.float64]
    rho: tuple[float, float]
    n_iter: int
    kkt_violation: float
    dual_gap: float
    objective: float
    status: int


def solve(
    X: Any,
    index: NDArray[np.int64],
    kernel: KernelTuple,
    dual: Dual,
    limits: Limits,
    progress: Progress | None = None,
) -> Solution:
    """Train one machine on the points `index` of X. ValueError where its numbers overflow."""
    beta, rho, other_rho, n_iter, violation, gap, objective, status = core.solve(
        points(X),
        kernel,
        index,
        len(index) if dual.grouped else len(dual.linear),
        dual.linear,
        dual.lower,
        dual.upper,
        dual.initial,
        dual.total,
        dual.epsilon,
        dual.grouped,
        limits.tol,
        limits.max_iter,
        0.0 if limits.max_time is None else limits.max_time,
        cache_bytes(limits.cache_size),
        n_threads(limits.n_jobs),
        progress,
    )
    if not (np.isfinite([rho, other_rho]).all() and np.isfinite(beta).all()):
        raise ValueError(
            "The dual coefficients or intercepts are not finite."
            " The input data may contain large values and need to be preprocessed."
        )
    return Solution(beta, (rho, other_rho), n_iter, violation, gap, objective, status)


def shared_out(total: float, bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients that sum to `total`, the first ones at their bounds: LIBSVM's first point."""
    before = np.concatenate([[0.0], np.cumsum(bound[:-1])])
    return np.clip(total - before, 0.0, bound)


class SingleMachine(TrainedMachine):
    """An estimator with one machine over all points."""

    def _dual(self, y: Any, weight: NDArray[np.float64]) -> Dual:
        """The problem for targets `y`, where all weights are positive."""
        raise NotImplementedError

    def _intercept(self, solution: Solution) -> float:
        return -solution.rho[0]

    def _fit_machine(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Self:
        matrix, kernel = self._take_kernel(X)
        samples = num_samples(X)
        n = self._points_with_values(matrix.shape[0], samples)
        weight = self._check_weight(X, sample_weight, samples)
        weight = np.ones(n) if weight is None else weight[:n]
        index = np.flatnonzero(weight > 0)
        if index.size == 0:
            raise ValueError("Invalid input - all samples have zero or negative weights.")
        dual = self._dual(None if y is None else y[index], weight[index])
        if not self._solved_before(matrix, kernel, index, dual):
            solution = self._train(matrix, kernel, index, self._resumed(dual, n, index))
            self._reached = Reached(n, index, solution.beta) if self.warm_start else None
        return self

    def _points_with_values(self, found: int, samples: int) -> int:
        """How many points are trained on: all of them, or an error."""
        if found != samples:
            raise ValueError(f"the kernel returned values of {found} points for {samples}")
        return samples

    def _solved_before(
        self, matrix: Any, kernel: KernelTuple, index: NDArray[np.int64], dual: Dual
    ) -> bool:
        """Whether the last fit solved this very problem; remembers which one it is."""
        asked = fingerprint(matrix, kernel, index, *dual) if self.warm_start else b""
        before, self._fingerprint = getattr(self, "_fingerprint", b""), asked
        if not asked or asked != before or self.fit_status_ or self.kkt_violation_ >= self.tol:
            return False
        self.n_iter_ = 0
        return True

    def _resumed(self, dual: Dual, n: int, index: NDArray[np.int64]) -> Dual:
        """The problem with the coefficients of the last fit to begin with, where they are legal."""
        reached = getattr(self, "_reached", None) if self.warm_start else None
        if reached is None or reached.n != n or not np.array_equal(reached.kept, index):
            return dual
        beta = reached.beta
        if len(beta) != len(dual.linear) or np.any((beta < dual.lower) | (beta > dual.upper)):
            return dual
        parts = np.split(beta, 2) if dual.grouped else [beta]
        rounding = np.finfo(float).eps * len(beta) * float(np.abs(beta).sum())
        for part, total in zip(parts, dual.total, strict=False):
            if abs(part.sum() - total) > rounding:
                return dual
        return dual._replace(initial=beta)

    def _train(self, X: Any, kernel: KernelTuple, index: NDArray[np.int64], dual: Dual) -> Solution:
        limits = self._limits()
        with self._progress(1, "machine") as show:
            solution = solve(X, index, kernel, dual, limits, show)
        warn_if_early(solution, limits, stacklevel=6)
        coef = solution.beta
        if dual.grouped:
            coef = coef[: len(index)] + coef[len(index) :]
        used = np.flatnonzero(coef)
        self._take(X, index[used], coef[None, used], self._intercept(solution))
        self.fit_status_ = int(solution.status != 0)
        self.n_iter_ = int(solution.n_iter)
        self.kkt_violation_ = solution.kkt_violation
        self.dual_gap_ = solution.dual_gap
        self.objective_ = solution.objective
        return solution

    def _take(self, X: Any, support: NDArray[np.int64], dual_coef: Any, intercept: float) -> None:
        self.support_ = support.astype(np.int32)
        self._n_support = np.array([len(support)], dtype=np.int32)
        given = callable(self.kernel) or self.kernel == "precomputed"
        self.support_vectors_ = np.empty((0, 0)) if given else X[support]
        self._set_coefficients(
            container_of(X)(dual_coef) if self._sparse else dual_coef, np.array([intercept])
        )
        self._pack()

    def _set_coefficients(self, dual_coef: Any, intercept: NDArray[np.float64]) -> None:
        self.dual_coef_ = self._dual_coef_ = dual_coef
        self.intercept_, self._intercept_ = intercept, intercept.copy()

    def _values(self, X: Any) -> NDArray[np.float64]:
        """``sum_s dual_coef[s] k(x_s, x) + intercept``: a machine whose second class is empty."""
        X = self._points(X)
        return decide(native_of(self), X, n_threads(self.n_jobs), reading_of(self))

    @property
    def coef_(self) -> Any:
        """Weights of the features, for a linear kernel."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        check_is_fitted(self)
        coef = self._dual_coef_ @ self.support_vectors_
        (coef.data if sp.issparse(coef) else coef).flags.writeable = False
        return coef
