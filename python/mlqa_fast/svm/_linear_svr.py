"""Regression by a linear machine: scikit-learn's LinearSVR."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context
from mlqa_fast.svm._linear_problem import (
    SQUARED,
    LinearMachine,
    rows_of,
    solver_of,
    train_linear,
    warn_if_linear_early,
    weights_of,
)


class LinearSVR(RegressorMixin, LinearMachine):  # type: ignore[misc]
    """Linear support vector regression.

    scikit-learn's ``LinearSVR`` in signature, attributes and results, with its certificate.

    Parameters
    ----------
    epsilon : float, default=0.0
        Deviations up to this one cost nothing.
    tol : float, default=1e-4
        Tolerance of LIBLINEAR's stopping rule for the solver.
    C : float, default=1.0
        Factor of the loss; the strength of the regularisation is inverse to it.
    loss : {'epsilon_insensitive', 'squared_epsilon_insensitive'}, \
            default='epsilon_insensitive'
        Loss of a sample: its deviation beyond `epsilon`, or the square of that.
    fit_intercept : bool, default=True
        Whether a constant feature is added to the rows.
    intercept_scaling : float, default=1.0
        The constant. Its weight is penalised like any other: the larger the constant, the less.
    dual : 'auto' or bool, default='auto'
        Solve the dual (coordinate descent over samples) or, for the squared loss, the primal
        problem (Newton's method). 'auto' is the dual for fewer samples than features, wherever the
        loss has both.
    verbose : int, default=0
        Show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders in which coordinates are visited.
    max_iter : int, default=1000
        Most passes (for Newton's method: steps).
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights.
    intercept_ : ndarray of shape (1,)
        Constant of the decision function; 0.0 without an intercept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : int
        Passes.
    dual_gap_ : float
        Upper bound of how far the objective is above its minimum.
    objective_ : float
        Primal objective.

    See Also
    --------
    linear_svm : The function behind it.
    LinearSVC : The same for classes.

    References
    ----------
    .. [1] C.-H. Ho and C.-J. Lin, "Large-scale linear support vector regression",
       JMLR 13:3323-3348, 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from mlqa_fast.svm import LinearSVR
    >>> X, y = load_diabetes(return_X_y=True)
    >>> svr = LinearSVR(C=10.0, random_state=0).fit(X, y)
    >>> svr.coef_.shape, svr.dual_gap_ < 1e-3 * svr.objective_
    ((10,), True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "epsilon": [Interval(Real, 0.0, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "C": [Interval(Real, 0.0, None, closed="neither")],
        "loss": [StrOptions({"epsilon_insensitive", "squared_epsilon_insensitive"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "dual": ["boolean", StrOptions({"auto"})],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        *,
        epsilon: float = 0.0,
        tol: float = 1e-4,
        C: float = 1.0,
        loss: str = "epsilon_insensitive",
        fit_intercept: bool = True,
        intercept_scaling: float = 1.0,
        dual: bool | str = "auto",
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.tol = tol
        self.C = C
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.dual = dual
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the machine.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; float64 and float32 are taken as they are.
        y : array-like of shape (n_samples,)
            Values.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; samples with a weight of 0 or less are left out.

        Returns
        -------
        self : LinearSVR
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
                y_numeric=True,
            )
            X = rows_of(X)
            limits = self._limits()
            trained = train_linear(
                X,
                solver_of(self.loss, "l2", self.dual, X.shape),
                self.loss in SQUARED,
                float(self.intercept_scaling) if self.fit_intercept else 0.0,
                float(self.C) * weights_of(sample_weight, X.shape[0]),
                limits,
                value=np.asarray(y, dtype=np.float64),
                epsilon=float(self.epsilon),
                verbose=self.verbose,
                name="LinearSVR",
            )
            self._take(trained)
            self.coef_ = self.coef_.ravel()
            warn_if_linear_early(trained, limits, stacklevel=4)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Values of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted values.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        # Weights that were made sparse are a row, for SciPy's older arrays have two dimensions.
        product = safe_sparse_dot(X, self.coef_.T, dense_output=True)
        return np.asarray(np.ravel(product) + self.intercept_)
