"""The classifier over the machines: scikit-learn's SVC, with a choice of how they are combined."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state, column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, validate_data

from mlqa_fast._compat import Hidden, Interval, StrOptions, _fit_context
from mlqa_fast.svm._prediction import MachineClassifier
from mlqa_fast.svm._probability import calibrate
from mlqa_fast.svm._problem import (
    Limits,
    Trained,
    checked,
    kernel_tuple,
    numeric_gamma,
    train,
    warn_if_early,
)

FORMAT = 1


class SVC(MachineClassifier):
    """C-support vector classification.

    scikit-learn's ``SVC`` in signature, attributes and results, with the kernel machines trained by
    batched sequential minimal optimisation in double precision and their certificates kept.

    Parameters
    ----------
    C : float, default=1.0
        Bound of the dual coefficients; the strength of the regularisation is inverse to it.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'} or callable, default='rbf'
        Kernel function; a callable takes two sets of points and returns the matrix of their values.
    degree : int, default=3
        Degree of 'poly'.
    gamma : {'scale', 'auto'} or float, default='scale'
        Coefficient of 'rbf', 'poly' and 'sigmoid'; 'scale' is ``1 / (n_features * X.var())``,
        'auto' ``1 / n_features``.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.
    shrinking : bool, default=True
        Accepted for compatibility; the result does not depend on it.
    probability : bool, default=False
        Deprecated in scikit-learn 1.9: use ``CalibratedClassifierCV(SVC(), ensemble=False)``, which
        is what True does.
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result, in double precision.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values; 'auto' is an eighth of the memory.
    class_weight : dict or 'balanced', default=None
        Factors of C for the classes; 'balanced' is ``n_samples / (n_classes * np.bincount(y))``.
    verbose : bool, default=False
        Show a progress bar.
    max_iter : int, default=-1
        Most steps of a machine; -1 for no limit.
    decision_function_shape : {'ovo', 'ovr'}, default='ovr'
        Shape of ``decision_function`` for more than two classes: one column a machine, or one a
        class (votes, broken by confidence).
    break_ties : bool, default=False
        With ``decision_function_shape='ovr'`` and the vote, predict the class with the largest
        decision value, instead of the first class among those with most votes.
    random_state : int, RandomState instance or None, default=None
        Accepted for compatibility: training uses no random numbers.
    multi_class : {'ovo', 'dag'}, default='ovo'
        How more than two classes are predicted: by the vote of all machines, or along the directed
        acyclic graph, which asks `n_classes` - 1 of them. May be changed after fit.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    class_weight_ : ndarray of shape (n_classes,)
        Factors of C.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coef_ : {ndarray, sparse array} of shape (n_classes * (n_classes - 1) / 2, n_features)
        Weights of the features; for a linear kernel.
    dual_coef_ : {ndarray, sparse array} of shape (n_classes - 1, n_SV)
        Signed dual coefficients; sparse if X was.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Constants of the machines.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Steps of the machines.
    support_ : ndarray of shape (n_SV,)
        Indices of the support vectors.
    support_vectors_ : {ndarray, sparse array} of shape (n_SV, n_features)
        Support vectors; empty for a precomputed or callable kernel.
    n_support_ : ndarray of shape (n_classes,), dtype=int32
        Support vectors of each class.
    probA_, probB_ : ndarray
        Deprecated in scikit-learn 1.9; empty.
    shape_fit_ : tuple of int
        Shape of the training data.
    kkt_violation_ : float
        Largest violation of the optimality conditions over the machines, in double precision.
    dual_gap_ : float
        Upper bound of primal minus dual objective, summed over the machines; for kernels that are
        positive semidefinite ('sigmoid' need not be).
    objective_ : float
        Dual objective, summed over the machines.

    See Also
    --------
    svm_smo : The function behind a machine.
    dag_predict : The function behind ``multi_class='dag'``.

    References
    ----------
    .. [1] C.-C. Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST
       2(3):27, 2011.
    .. [2] J. C. Platt, N. Cristianini and J. Shawe-Taylor, "Large margin DAGs for multiclass
       classification", Advances in Neural Information Processing Systems 12, 2000.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import SVC
    >>> X, y = load_iris(return_X_y=True)
    >>> svc = SVC(C=10).fit(X, y)
    >>> svc.predict(X[:3]).tolist(), svc.kkt_violation_ <= svc.tol
    ([0, 0, 0], True)
    >>> svc.set_params(multi_class="dag").prediction_report(X[:3]).machines_asked.tolist()
    [2, 2, 2]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "C": [Interval(Real, 0.0, None, closed="right")],
        "kernel": [StrOptions({"linear", "poly", "rbf", "sigmoid", "precomputed"}), callable],
        "degree": [Interval(Integral, 0, None, closed="left")],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "shrinking": ["boolean"],
        "probability": ["boolean", Hidden(StrOptions({"deprecated"}))],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "cache_size": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "verbose": ["verbose"],
        "max_iter": [Interval(Integral, -1, None, closed="left")],
        "decision_function_shape": [StrOptions({"ovr", "ovo"})],
        "break_ties": ["boolean"],
        "random_state": ["random_state"],
        "multi_class": [StrOptions({"ovo", "dag"})],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: bool | str = "deprecated",
        tol: float = 1e-3,
        cache_size: str | float = 200,
        class_weight: dict[Any, float] | str | None = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: int | np.random.RandomState | None = None,
        multi_class: str = "ovo",
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
        self.multi_class = multi_class
        self.n_jobs = n_jobs
        self.max_time = max_time

    def __sklearn_tags__(self) -> Any:
        """What the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags

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
            Factors of C; points with a weight of 0 or less are left out.

        Returns
        -------
        self : SVC
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
        before = self.__dict__.copy()
        try:
            return self._fit(X, y, sample_weight)
        except BaseException:
            # Interrupted or refused: the estimator stays what it was.
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None) -> Self:
        check_random_state(self.random_state)
        if sp.issparse(X) and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported.")
        self._sparse = sp.issparse(X) and not callable(self.kernel)
        if callable(self.kernel):
            check_consistent_length(X, y)
        else:
            X, y = validate_data(
                self, X, y, dtype=np.float64, accept_sparse="csr", accept_large_sparse=False
            )
            X = checked(X)
        given = (X, y, sample_weight)
        codes = self._validate_targets(y)
        bound = self._bounds(X, codes, sample_weight)
        calibrated = self._calibrate(*given)

        kernel = "precomputed" if callable(self.kernel) else self.kernel
        self._gamma = 0.0 if kernel == "precomputed" else numeric_gamma(self.gamma, X)
        if callable(self.kernel):
            # Prediction needs the kernel between new points and these.
            self._fit_points = X
        matrix = self._kernel_matrix(X)
        if kernel == "precomputed" and matrix.shape[0] != matrix.shape[1]:
            if callable(self.kernel):
                raise ValueError("X.shape[0] should be equal to X.shape[1]")
            raise ValueError(
                "Precomputed matrix must be a square matrix."
                f" Input is a {matrix.shape[0]}x{matrix.shape[1]} matrix."
            )
        if matrix.shape[0] != len(codes):
            raise ValueError(
                f"the kernel returned values of {matrix.shape[0]} points for {len(codes)}"
            )
        limits = Limits(self.tol, int(self.max_iter), self.max_time, self.cache_size, self.n_jobs)
        self._take(matrix, self._train(matrix, codes, bound, kernel, limits), kernel)
        self.shape_fit_ = X.shape if hasattr(X, "shape") else (len(codes),)
        self._calibrated = calibrated
        return self

    def _validate_targets(self, y: ArrayLike) -> NDArray[np.intp]:
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
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

    def _bounds(
        self, X: Any, codes: NDArray[np.intp], sample_weight: ArrayLike | None
    ) -> NDArray[np.float64]:
        """C of each sample."""
        bound: NDArray[np.float64] = (float(self.C) * self.class_weight_)[codes]
        if sample_weight is None:
            return bound
        weight = np.asarray(sample_weight, dtype=np.float64)
        if weight.shape != codes.shape:
            raise ValueError(
                f"sample_weight and X have incompatible shapes: {weight.shape!r} vs "
                f"{getattr(X, 'shape', codes.shape)!r}"
            )
        if not np.isfinite(weight).all():
            raise ValueError("Input sample_weight contains NaN or infinity.")
        # 0 times an infinite C has no value: such a point is left out.
        return np.where(weight > 0, bound * np.maximum(weight, np.finfo(float).tiny), 0.0)

    def _train(
        self,
        X: Any,
        codes: NDArray[np.intp],
        bound: NDArray[np.float64],
        kernel: str,
        limits: Limits,
    ) -> Trained:
        function = kernel_tuple(kernel, self.degree, self._gamma, self.coef0)
        n_classes = len(self.classes_)
        if not self.verbose:
            trained = train(X, codes, n_classes, bound, function, limits)
        else:
            from tqdm.auto import tqdm

            with tqdm(total=n_classes * (n_classes - 1) // 2, unit="machine", desc="SVC") as bar:

                def show(done: int, total: int, violation: float) -> bool:
                    bar.update(done - bar.n)
                    bar.set_postfix(kkt=f"{violation:.2g}")
                    return False

                trained = train(X, codes, n_classes, bound, function, limits, show)
                bar.update(bar.total - bar.n)
        warn_if_early(trained, limits, stacklevel=6)
        return trained

    def _take(self, X: Any, trained: Trained, kernel: str) -> None:
        """The fitted attributes; of two classes scikit-learn's second is the positive one."""
        sign = -1.0 if len(self.classes_) == 2 else 1.0
        self.support_ = trained.support.astype(np.int32)
        self._n_support = trained.n_support
        self.support_vectors_ = np.empty((0, 0)) if kernel == "precomputed" else X[trained.support]
        self._dual_coef_, self._intercept_ = trained.dual_coef, trained.intercept
        if self._sparse:
            container = sp.csr_matrix if isinstance(X, sp.spmatrix) else sp.csr_array
            self._dual_coef_ = container(trained.dual_coef)
        self.dual_coef_ = sign * self._dual_coef_ if sign < 0 else self._dual_coef_
        self.intercept_ = sign * trained.intercept
        self.fit_status_ = int(trained.status != 0)
        self.n_iter_ = trained.n_iter
        self.kkt_violation_ = trained.kkt_violation
        self.dual_gap_ = trained.dual_gap
        self.objective_ = trained.objective
        self._pack()

    def _calibrate(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Any:
        """The calibrated classifier behind ``probability=True``, else None."""
        if self.probability == "deprecated":
            return None
        warnings.warn(
            "The `probability` parameter was deprecated in 1.9 and will be removed in version 1.11."
            " Use `CalibratedClassifierCV(SVC(), ensemble=False)` instead of"
            " `SVC(probability=True)`",
            FutureWarning,
            stacklevel=6,
        )
        return calibrate(self, X, y, sample_weight) if self.probability else None

    def __getstate__(self) -> dict[str, Any]:
        """State with the version of its format."""
        return {**super().__getstate__(), "_format": FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Refuse a state that a later version wrote."""
        state = dict(state)
        found = state.pop("_format", FORMAT)
        if found > FORMAT:
            raise ValueError(
                f"this SVC was saved in format {found}; this version reads up to {FORMAT}"
            )
        super().__setstate__(state)
