"""The support of a distribution, from points of one class."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OutlierMixin

from mlqa_fast._compat import Interval, _fit_context
from mlqa_fast.svm._solve import Dual, SingleMachine, shared_out


class OneClassSVM(OutlierMixin, SingleMachine):  # type: ignore[misc]
    """Detection of outliers by the support of the distribution.

    scikit-learn's ``OneClassSVM`` in signature, attributes and results: `nu` bounds the share of
    training points outside from above and that of support vectors from below.

    Parameters
    ----------
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'} or callable, default='rbf'
        Kernel function; a callable takes two sets of points and returns the matrix of their values.
    degree : int, default=3
        Degree of 'poly'.
    gamma : {'scale', 'auto'} or float, default='scale'
        Coefficient of 'rbf', 'poly' and 'sigmoid'; 'scale' is ``1 / (n_features * X.var())``,
        'auto' ``1 / n_features``.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result, in double precision.
    nu : float, default=0.5
        Bound of both shares, in (0, 1].
    shrinking : bool, default=True
        Accepted for compatibility; the result does not depend on it.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values, at least two rows; 'auto' for an eighth of the memory.
    verbose : bool, default=False
        Show a progress bar, with the violation and the number of support vectors so far.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    warm_start : bool, default=False
        Begin with the coefficients of the last fit, where weights and `nu` are the same.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    coef_ : {ndarray, sparse array} of shape (1, n_features)
        Weights of the features; for a linear kernel.
    dual_coef_ : {ndarray, sparse array} of shape (1, n_SV)
        Coefficients of the support vectors, between 0 and their weight; sparse if X was.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (1,)
        Constant of the decision function.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : int
        Steps.
    n_support_ : ndarray of shape (1,), dtype=int32
        Number of support vectors.
    offset_ : ndarray of shape (1,)
        ``decision_function`` is ``score_samples`` less this; the opposite of `intercept_`.
    shape_fit_ : tuple of int
        Shape of the training data.
    support_ : ndarray of shape (n_SV,)
        Indices of the support vectors.
    support_vectors_ : {ndarray, sparse array} of shape (n_SV, n_features)
        Support vectors; empty for a precomputed or callable kernel.
    kkt_violation_ : float
        Largest violation of the optimality conditions, in double precision.
    dual_gap_ : float
        Upper bound of how far the dual objective is from its optimum, for kernels that are positive
        semidefinite.
    objective_ : float
        Dual objective.

    References
    ----------
    .. [1] B. Schoelkopf, J. C. Platt, J. Shawe-Taylor, A. J. Smola and R. C. Williamson,
       "Estimating the support of a high-dimensional distribution", Neural Computation 13:1443-1471,
       2001.

    Examples
    --------
    >>> from mlqa_fast.svm import OneClassSVM
    >>> X = [[0.0], [0.44], [0.45], [0.46], [1.0]]
    >>> OneClassSVM(gamma="auto").fit(X).predict([[0.45], [2.0]]).tolist()
    [1, -1]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SingleMachine._parameter_constraints,
        "nu": [Interval(Real, 0.0, 1.0, closed="right")],
    }
    _svm_type = "one_class"

    def __init__(
        self,
        *,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        nu: float = 0.5,
        shrinking: bool = True,
        cache_size: float | str = 200,
        verbose: bool = False,
        max_iter: int = -1,
        warm_start: bool = False,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.nu = nu
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Find the support of the points.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            Points, or with ``kernel='precomputed'`` the kernel matrix. Computed in float64.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Bounds of the dual coefficients; points with a weight of 0 or less are left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, sample_weight or a parameter cannot be used.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` or `max_time` came first; it names the certificate reached.
        """
        with self._unchanged_unless_fitted():
            (X,) = self._take_points(X)
            return self._fit_machine(X, None, sample_weight)

    def _dual(self, y: None, weight: NDArray[np.float64]) -> Dual:
        total, none = float(self.nu) * float(weight.sum()), np.zeros(len(weight))
        return Dual(none, none, weight, shared_out(total, weight), total=(total, 0.0))

    @property
    def offset_(self) -> NDArray[np.float64]:
        """``decision_function`` is ``score_samples`` less this."""
        offset: NDArray[np.float64] = -self._intercept_
        return offset

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Signed distance from the border of the support, positive inside.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            Points, or with ``kernel='precomputed'`` their kernel values with the training points.

        Returns
        -------
        ndarray of shape (n_samples,)
            Values.
        """
        return self._values(X)

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """``decision_function`` without its constant.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            As for decision_function.

        Returns
        -------
        ndarray of shape (n_samples,)
            Values.
        """
        return np.asarray(self.decision_function(X) + self.offset_)

    def predict(self, X: Any) -> NDArray[np.intp]:
        """1 for points inside, -1 for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            As for decision_function.

        Returns
        -------
        ndarray of shape (n_samples,)
            1 or -1.
        """
        return np.where(self.decision_function(X) > 0, 1, -1).astype(np.intp)
