"""How a classifier over machines of two classes is fitted."""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state, column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from mlqa_fast._compat import Hidden, StrOptions, _fit_context
from mlqa_fast.svm._coefficients import MadeDense, PackedCoefficients, dense
from mlqa_fast.svm._multiclass import Method, method_name, train_method
from mlqa_fast.svm._plain import are_plain_classes, is_plain_target
from mlqa_fast.svm._prediction import MachineClassifier
from mlqa_fast.svm._probability import calibrate
from mlqa_fast.svm._problem import KernelTuple, Trained, warn_if_early
from mlqa_fast.svm._training import TrainedMachine, container_of, fingerprint


class Problem(NamedTuple):
    """What the machines are trained on."""

    points: Any
    kernel: KernelTuple
    codes: NDArray[np.intp]
    bound: NDArray[np.float64]
    nu: float
    method: Method


class TrainedClassifier(TrainedMachine, MachineClassifier):
    """What SVC and NuSVC share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TrainedMachine._parameter_constraints,
        "probability": ["boolean", Hidden(StrOptions({"deprecated"}))],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "decision_function_shape": [StrOptions({"ovr", "ovo"})],
        "break_ties": ["boolean"],
        "random_state": ["random_state"],
        "multi_class": [StrOptions({"ovo", "dag"})],
    }

    dual_coef_: Any = MadeDense()
    probability: bool | str
    class_weight: dict[Any, float] | str | None
    random_state: int | np.random.RandomState | None

    @abstractmethod
    def _bounds(
        self, codes: NDArray[np.intp], weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """The largest coefficient of each sample; 0 leaves it out."""

    def _method_of(self, codes: NDArray[np.intp]) -> Method:
        """Which machines are trained."""
        return Method(method_name(self.multi_class, len(self.classes_)))

    def _share(self, codes: NDArray[np.intp], bound: NDArray[np.float64]) -> float:
        """The `nu` of a nu-machine, else 0."""
        return 0.0

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the machines.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            Points, or with ``kernel='precomputed'`` the kernel matrix. Computed in float64.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the bounds of the dual coefficients; points with a weight of 0 or less are
            left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y, sample_weight or a parameter cannot be used.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` or `max_time` came first; it names the certificate reached.
        """
        with self._unchanged_unless_fitted():
            return self._fit(X, y, sample_weight)

    def _fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None) -> Self:
        check_random_state(self.random_state)
        X, y = self._take_points(X, y)
        codes = self._validate_targets(y)
        bound = self._bounds(codes, self._check_weight(X, sample_weight, len(codes)))
        nu = self._share(codes, bound)
        calibrated = self._calibrate(X, y, sample_weight)
        matrix, kernel = self._take_kernel(X)
        if matrix.shape[0] != len(codes):
            raise ValueError(
                f"the kernel returned values of {matrix.shape[0]} points for {len(codes)}"
            )
        method = self._method_of(codes)
        problem = Problem(matrix, kernel, codes, bound, nu, method)
        whole = fingerprint(*problem[:-1], *method) if self.warm_start else b""
        # Coefficients of a C-machine may begin another one; those of a nu-machine have its sums.
        begun = (codes, nu, bound if nu > 0 else 0, *method)
        start = fingerprint(*begun) if self.warm_start else b""
        before, self._fingerprints = getattr(self, "_fingerprints", (b"", b"")), (whole, start)
        if (
            whole
            and before[0] == whole
            and self.fit_status_ == 0
            and self.kkt_violation_ < self.tol
        ):
            self.n_iter_ = np.zeros_like(self.n_iter_)
            self._find_order(problem)
        else:
            self._train(problem, before[1] == start and start != b"")
        self._calibrated = calibrated
        return self

    def _validate_targets(self, y: ArrayLike) -> NDArray[np.intp]:
        plain = is_plain_target(y)
        labels: Any = y if plain else column_or_1d(y, warn=True)
        if not plain:
            check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if plain and not are_plain_classes(classes, len(labels)):
            check_classification_targets(labels)
        if self.class_weight is None:
            self.class_weight_ = np.ones(len(classes))
        else:
            self.class_weight_ = compute_class_weight(self.class_weight, classes=classes, y=labels)
        if len(classes) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(classes)} class"
            )
        self.classes_ = classes
        return np.asarray(codes)

    def _train(self, problem: Problem, resume: bool) -> None:
        limits, method = self._limits(), problem.method
        initial = self._initial(problem) if resume else None
        begun = time.perf_counter()
        with self._progress(method.machines(len(self.classes_)), "machine") as show:
            trained = train_method(
                method,
                problem.points,
                problem.codes,
                problem.bound,
                problem.kernel,
                limits,
                show,
                nu=problem.nu,
                initial=initial,
            )
        warn_if_early(trained, limits, stacklevel=6)
        self._method = method.name
        self._class_count = np.bincount(problem.codes[problem.bound > 0])
        self._objectives = trained.objectives
        self._work = (*trained.work, time.perf_counter() - begun)
        self.__dict__.pop("code_book_", None)
        if method.book is not None:
            self.code_book_ = method.book
        self._take(problem.points, trained)
        self._find_order(problem)

    def _find_order(self, problem: Problem) -> None:
        """What is to be found out about trained machines."""

    def _initial(self, problem: Problem) -> NDArray[np.float64]:
        """The coefficients of the last fit, within the bounds of this one."""
        coef = dense(self._dual_coef_)
        initial = np.zeros((len(coef), len(problem.codes)))
        initial[:, self.support_] = coef
        if problem.nu > 0:
            return self._with_nu_sums(initial, problem)
        largest = np.abs(initial).max(axis=0)
        used = largest > 0
        return initial * min(1.0, float((problem.bound[used] / largest[used]).min(initial=1.0)))

    def _with_nu_sums(self, initial: NDArray[np.float64], problem: Problem) -> NDArray[np.float64]:
        """Coefficients before they were divided by the margin of their machine."""
        weight = np.bincount(problem.codes, problem.bound)
        of_class = np.array([np.bincount(problem.codes, row, len(weight)) for row in initial])
        a, b = np.triu_indices(len(weight), 1)
        margin = np.empty_like(of_class)
        margin[b - 1, a] = problem.nu * (weight[a] + weight[b]) / 2 / of_class[b - 1, a]
        margin[a, b] = margin[b - 1, a]
        initial *= margin[:, problem.codes]
        # Division and product may leave a coefficient just off its bound, free by rounding alone.
        bound = np.copysign(problem.bound, initial)
        return np.where(np.abs(initial) > (1 - 1e-12) * problem.bound, bound, initial)

    def _take(self, X: Any, trained: Trained) -> None:
        """The fitted attributes; of two classes scikit-learn's second is the positive one."""
        self.support_ = trained.support.astype(np.int32)
        self._n_support = trained.n_support
        given = callable(self.kernel) or self.kernel == "precomputed"
        self.support_vectors_ = np.empty((0, 0)) if given else X[trained.support]
        self._set_coefficients(
            container_of(X)(dense(trained.dual_coef)) if self._sparse else trained.dual_coef,
            trained.intercept,
        )
        self.fit_status_ = int(trained.status != 0)
        self.n_iter_ = trained.n_iter
        self.kkt_violation_ = trained.kkt_violation
        self.dual_gap_ = trained.dual_gap
        self.objective_ = trained.objective
        self._pack()

    def _set_coefficients(self, dual_coef: Any, intercept: NDArray[np.float64]) -> None:
        sign = -1.0 if len(self.classes_) == 2 and self._method == "pairs" else 1.0
        self._dual_coef_, self._intercept_ = dual_coef, intercept
        self.__dict__.pop("dual_coef_", None)
        if not isinstance(dual_coef, PackedCoefficients):
            self.dual_coef_ = sign * dual_coef if sign < 0 else dual_coef
        self.intercept_ = sign * intercept

    def _calibrate(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Any:
        """The calibrated classifier behind ``probability=True``, else None."""
        if self.probability == "deprecated":
            return None
        name = type(self).__name__
        warnings.warn(
            "The `probability` parameter was deprecated in 1.9 and will be removed in version 1.11."
            f" Use `CalibratedClassifierCV({name}(), ensemble=False)` instead of"
            f" `{name}(probability=True)`",
            FutureWarning,
            stacklevel=6,
        )
        return calibrate(self, X, y, sample_weight) if self.probability else None
