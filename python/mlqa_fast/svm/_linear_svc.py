"""The classifier over linear machines: scikit-learn's LinearSVC."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context
from mlqa_fast.svm._linear_problem import (
    CRAMMER_SINGER,
    SQUARED,
    LinearMachine,
    class_factors,
    rows_of,
    solver_of,
    train_linear,
    warn_if_linear_early,
    weights_of,
)


class LinearSVC(ClassifierMixin, LinearMachine):  # type: ignore[misc]
    """Linear support vector classification.

    scikit-learn's ``LinearSVC`` in signature, attributes and results, with its certificate. Dense
    rows in float64 or float32 and sparse rows are taken as they are; all arithmetic is in double
    precision, and the machines of several classes are trained in parallel.

    Parameters
    ----------
    penalty : {'l1', 'l2'}, default='l2'
        Norm of the penalty; 'l1' leads to weights that are mostly zero.
    loss : {'hinge', 'squared_hinge'}, default='squared_hinge'
        Loss of a sample, 0 beyond the margin. 'l1' with 'hinge' is not supported.
    dual : 'auto' or bool, default='auto'
        Solve the dual (coordinate descent over samples) or the primal problem (Newton's method, or
        for 'l1' coordinate descent over features). 'auto' is the dual for fewer samples than
        features, wherever the combination has both.
    tol : float, default=1e-4
        Tolerance of LIBLINEAR's stopping rule for the solver.
    C : float, default=1.0
        Factor of the loss; the strength of the regularisation is inverse to it.
    multi_class : {'ovr', 'crammer_singer'}, default='ovr'
        More than two classes: one machine a class against the rest, or one machine of all classes,
        for which `loss`, `penalty` and `dual` do not count.
    fit_intercept : bool, default=True
        Whether a constant feature is added to the rows.
    intercept_scaling : float, default=1.0
        The constant. Its weight is penalised like any other: the larger the constant, the less.
    class_weight : dict or 'balanced', default=None
        Factors of C for the classes; 'balanced' is ``n_samples / (n_classes * np.bincount(y))``.
    verbose : int, default=0
        Show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders in which coordinates are visited.
    max_iter : int, default=1000
        Most passes (for Newton's method: steps) of a machine.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Constants of the decision function; 0.0 without an intercept.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : int
        Passes of the machine that took most.
    dual_gap_ : float
        Upper bound of how far the objectives, summed over the machines, are above their minima.
    objective_ : float
        Primal objectives, summed over the machines.

    See Also
    --------
    linear_svm : The function behind a machine.
    LinearSVR : The same for values.
    SVC : Machines with kernels.

    References
    ----------
    .. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi and S. Sundararajan, "A dual
       coordinate descent method for large-scale linear SVM", ICML 2008.
    .. [2] R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang and C.-J. Lin, "LIBLINEAR: a library for
       large linear classification", JMLR 9:1871-1874, 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import LinearSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> svc = LinearSVC(tol=1e-6).fit(X, y)
    >>> svc.coef_.shape, svc.predict(X[:3]).tolist(), svc.dual_gap_ < 1e-6
    ((3, 4), [0, 0, 0], True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "penalty": [StrOptions({"l1", "l2"})],
        "loss": [StrOptions({"hinge", "squared_hinge"})],
        "dual": ["boolean", StrOptions({"auto"})],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "C": [Interval(Real, 0.0, None, closed="neither")],
        "multi_class": [StrOptions({"ovr", "crammer_singer"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [None, dict, StrOptions({"balanced"})],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        penalty: str = "l2",
        loss: str = "squared_hinge",
        *,
        dual: bool | str = "auto",
        tol: float = 1e-4,
        C: float = 1.0,
        multi_class: str = "ovr",
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: dict[Any, float] | str | None = None,
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.penalty = penalty
        self.loss = loss
        self.dual = dual
        self.tol = tol
        self.C = C
        self.multi_class = multi_class
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the machines.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; float64 and float32 are taken as they are.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; samples with a weight of 0 or less are left out.

        Returns
        -------
        self : LinearSVC
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y, sample_weight or the parameters cannot be used.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` or `max_time` came first; it names the certificate reached.
        """
        with self._unchanged_on_error():
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csr",
                dtype=[np.float64, np.float32],
                accept_large_sparse=False,
            )
            X = rows_of(X)
            check_classification_targets(y)
            self.classes_, codes = np.unique(y, return_inverse=True)
            if len(self.classes_) < 2:
                raise ValueError(
                    "This solver needs samples of at least 2 classes in the data, but the data"
                    f" contains only one class: {self.classes_[0]!r}"
                )
            joint = self.multi_class == "crammer_singer"
            solver = CRAMMER_SINGER
            if not joint:
                solver = solver_of(self.loss, self.penalty, self.dual, X.shape)
            weight = weights_of(sample_weight, len(codes))
            limits = self._limits()
            trained = train_linear(
                X,
                solver,
                self.loss in SQUARED,
                float(self.intercept_scaling) if self.fit_intercept else 0.0,
                float(self.C) * weight,
                limits,
                codes=codes,
                factors=class_factors(self.class_weight, self.classes_, y, weight),
                verbose=self.verbose,
                name="LinearSVC",
            )
            self._take(trained)
            if joint and len(self.classes_) == 2:
                self._take_difference()
            warn_if_linear_early(trained, limits, stacklevel=4)
        return self

    def _take_difference(self) -> None:
        """One decision value where there are two classes."""
        self.coef_ = (self.coef_[1] - self.coef_[0]).reshape(1, -1)
        if self.fit_intercept:
            self.intercept_ = np.array([self.intercept_[1] - self.intercept_[0]])

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision values of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes one value, positive for ``classes_[1]``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        scores = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        return np.asarray(scores.ravel() if scores.shape[1] == 1 else scores)

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The label with the largest decision value.
        """
        scores = self.decision_function(X)
        index = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[index])
