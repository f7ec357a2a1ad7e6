"""Regression: a tube around the function, of a given width or of the width that `nu` asks for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d

from mlqa_fast._compat import Interval, _fit_context
from mlqa_fast.svm._solve import Dual, SingleMachine, Solution, shared_out


class TubeRegressor(RegressorMixin, SingleMachine):  # type: ignore[misc]
    """What SVR and NuSVR share."""

    C: float

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the machine.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
            Points, or with ``kernel='precomputed'`` the kernel matrix. Computed in float64.
        y : array-like of shape (n_samples,)
            Values.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; points with a weight of 0 or less are left out.

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
            X, y = self._take_points(X, y)
            values = column_or_1d(y, warn=True).astype(np.float64, copy=False)
            assert_all_finite(values, input_name="y")
            return self._fit_machine(X, values, sample_weight)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict values.

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

    def _points_with_values(self, found: int, samples: int) -> int:
        """scikit-learn trains a regressor on the points that the kernel has values of."""
        if found >= samples:
            return super()._points_with_values(found, samples)
        warnings.warn(
            f"the kernel returned values of {found} points for {samples}: the others are left out,"
            " and prediction will be refused",
            UserWarning,
            stacklevel=5,
        )
        return found


class SVR(TubeRegressor):
    """Epsilon-support vector regression.

    scikit-learn's ``SVR`` in signature, attributes and results: errors up to `epsilon` cost
    nothing, larger ones their excess times `C`.

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
    C : float, default=1.0
        Bound of the dual coefficients; the strength of the regularisation is inverse to it.
    epsilon : float, default=0.1
        Half of the width of the tube in which errors cost nothing.
    shrinking : bool, default=True
        Accepted for compatibility; the result does not depend on it.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values, at least two rows; 'auto' for an eighth of the memory.
    verbose : bool, default=False
        Show a progress bar, with the violation and the number of support vectors so far.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    warm_start : bool, default=False
        Begin with the coefficients of the last fit, where they are within the bounds.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    coef_ : {ndarray, sparse array} of shape (1, n_features)
        Weights of the features; for a linear kernel.
    dual_coef_ : {ndarray, sparse array} of shape (1, n_SV)
        Coefficients of the support vectors; sparse if X was.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (1,)
        Constant of the function.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : int
        Steps.
    n_support_ : ndarray of shape (1,), dtype=int32
        Number of support vectors.
    shape_fit_ : tuple of int
        Shape of the training data.
    support_ : ndarray of shape (n_SV,)
        Indices of the support vectors.
    support_vectors_ : {ndarray, sparse array} of shape (n_SV, n_features)
        Support vectors; empty for a precomputed or callable kernel.
    kkt_violation_ : float
        Largest violation of the optimality conditions, in double precision.
    dual_gap_ : float
        Upper bound of primal minus dual objective, for kernels that are positive semidefinite.
    objective_ : float
        Dual objective.

    See Also
    --------
    NuSVR : The same machine, with `nu` in the place of `epsilon`.

    References
    ----------
    .. [1] C.-C. Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST
       2(3):27, 2011.

    Examples
    --------
    >>> from mlqa_fast.svm import SVR
    >>> svr = SVR(kernel="linear", C=10, epsilon=0.5).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0])
    >>> svr.predict([[1.0], [3.0]]).round(6).tolist(), svr.dual_coef_.round(6).tolist()
    ([2.0, 5.0], [[-0.75, 0.75]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SingleMachine._parameter_constraints,
        "C": [Interval(Real, 0.0, None, closed="right")],
        "epsilon": [Interval(Real, 0.0, None, closed="left")],
    }
    _svm_type = "epsilon_svr"

    def __init__(
        self,
        *,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
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
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.max_time = max_time

    def _dual(self, y: NDArray[np.float64], weight: NDArray[np.float64]) -> Dual:
        bound = np.minimum(float(self.C) * weight, np.finfo(float).max)
        return Dual(-y, -bound, bound, np.empty(0), epsilon=float(self.epsilon))


class NuSVR(TubeRegressor):
    """Nu-support vector regression.

    scikit-learn's ``NuSVR`` in signature, attributes and results: `nu` bounds the share of points
    outside of the tube from above and that of support vectors from below; the width follows.

    Parameters
    ----------
    nu : float, default=0.5
        Bound of both shares, in (0, 1].
    C : float, default=1.0
        Bound of the dual coefficients; the strength of the regularisation is inverse to it. Finite.
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
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result, in double precision.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values, at least two rows; 'auto' for an eighth of the memory.
    verbose : bool, default=False
        Show a progress bar, with the violation and the number of support vectors so far.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    warm_start : bool, default=False
        Begin with the coefficients of the last fit, where bounds and sums allow them.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    coef_ : {ndarray, sparse array} of shape (1, n_features)
        Weights of the features; for a linear kernel.
    dual_coef_ : {ndarray, sparse array} of shape (1, n_SV)
        Coefficients of the support vectors; sparse if X was.
    epsilon_ : float
        Half of the width of the tube that was found.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (1,)
        Constant of the function.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : int
        Steps.
    n_support_ : ndarray of shape (1,), dtype=int32
        Number of support vectors.
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

    See Also
    --------
    SVR : The same machine, with the width of the tube given.

    References
    ----------
    .. [1] B. Schoelkopf, A. J. Smola, R. C. Williamson and P. L. Bartlett, "New support vector
       algorithms", Neural Computation 12:1207-1245, 2000.

    Examples
    --------
    >>> from mlqa_fast.svm import NuSVR
    >>> svr = NuSVR(kernel="linear", C=10, nu=0.1).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0])
    >>> bool(abs(svr.predict([[1.0]])[0] - 2) <= svr.epsilon_ + 1e-3)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SingleMachine._parameter_constraints,
        "C": [Interval(Real, 0.0, None, closed="right")],
        "nu": [Interval(Real, 0.0, 1.0, closed="right")],
    }
    _svm_type = "nu_svr"

    def __init__(
        self,
        *,
        nu: float = 0.5,
        C: float = 1.0,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        tol: float = 1e-3,
        cache_size: float | str = 200,
        verbose: bool = False,
        max_iter: int = -1,
        warm_start: bool = False,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.nu = nu
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.tol = tol
        self.cache_size = cache_size
        self.verbose = verbose
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.max_time = max_time

    def _dual(self, y: NDArray[np.float64], weight: NDArray[np.float64]) -> Dual:
        bound = float(self.C) * weight
        total = float(self.nu) * float(bound.sum()) / 2
        if not np.isfinite(total):
            raise ValueError(f"C must be finite for NuSVR, whose nu is a share of it; got {self.C}")
        above, none = shared_out(total, bound), np.zeros(len(y))
        return Dual(
            np.concatenate([-y, -y]),
            np.concatenate([none, -bound]),
            np.concatenate([bound, none]),
            np.concatenate([above, -above]),
            total=(total, -total),
            grouped=True,
        )

    def _intercept(self, solution: Solution) -> float:
        above, below = solution.rho
        self.epsilon_ = (below - above) / 2
        return -(above + below) / 2
