"""The adaptive LASSO: penalties by the size of first estimates."""

from __future__ import annotations

from numbers import Integral, Number, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_array
from sklearn.utils.validation import has_fit_parameter, validate_data

from mlqa_fast._compat import HasMethods, Interval, StrOptions, _fit_context
from mlqa_fast.linear_model._lasso import Lasso
from mlqa_fast.linear_model._linear import LinearRegressor
from mlqa_fast.linear_model._problem import FLOATS, check_structure, factors_of, normalised_weights
from mlqa_fast.linear_model._ridge import Ridge

INITIAL_ALPHAS = {"ridge": 1.0, "least_squares": 0.0}


class AdaptiveLasso(LinearRegressor):
    """The LASSO with penalties by the size of first estimates.

    Minimises ::

        (1 / (2 * n_samples)) * ||y - Xw - b||^2_2 + alpha * sum_j |w_j| / |v_j|^gamma

    with first estimates v. Coefficients that are large there are hardly shrunk, small ones are
    removed: where v converges at the usual rate and alpha falls at the right one, the right
    features are found and their coefficients are as good as if these had been known (the oracle
    property), also where no alpha makes the LASSO find them.

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0.
    gamma : float, default=1.0
        Exponent of the first estimates, above 0.
    initial : {'ridge', 'least_squares'}, estimator or array-like of shape (n_features,), \
            default='ridge'
        Where the first estimates come from: ``Ridge(alpha=1.0)`` or ordinary least squares with
        the same `fit_intercept`, a regressor that is fitted (a clone, with the sample weights) and
        has ``coef_`` then, or the estimates themselves.
    fit_intercept : bool, default=True
        Whether to fit b.
    max_iter : int, default=1000
        Most passes over the working set.
    tol : float, default=1e-4
        Tolerance, as of :class:`Lasso`.
    positive : bool, default=False
        Require coefficients to be positive; first estimates count by their magnitude all the same.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by in addition, taken as it is: 0 leaves a
        feature without a penalty, infinity leaves it out. Ones by default.
    bounds : (float or array-like, float or array-like), default=None
        Lower and upper bound of the coefficients, of all or one a feature: not above and not
        below 0.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    max_time : float, default=None
        Seconds after which the best solution so far is kept, with a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients.
    intercept_ : float
        Intercept; 0.0 without one.
    initial_coef_ : ndarray of shape (n_features,)
        The first estimates.
    penalty_factor_ : ndarray of shape (n_features,)
        ``penalty_factor / |initial_coef_| ** gamma``, infinite where that estimate is 0: such a
        feature stays out, unless its `penalty_factor` is 0.
    dual_gap_ : float
        Upper bound of how far the objective is above its minimum, rounding included.
    exact_ : bool
        Whether the solution is the minimiser up to rounding; see :class:`Lasso`.
    active_set_ : ndarray of shape (n_active,)
        Increasing indices of the features with a coefficient other than zero.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        ``coef_`` in CSR format.
    n_iter_ : int
        Passes over the working set.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    Lasso : Without weights.
    LassoCV : Chooses alpha, with ``penalty_factor_`` as its `penalty_factor`.

    References
    ----------
    H. Zou, "The adaptive lasso and its oracle properties", Journal of the American Statistical
    Association 101(476), 2006, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.linear_model import AdaptiveLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 4))
    >>> y = X @ [2.0, 0.0, -1.0, 0.0] + 0.3 * rng.normal(size=100)
    >>> print(AdaptiveLasso(alpha=0.01).fit(X, y).coef_.round(1))
    [ 2.  0. -1.  0.]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "initial": [StrOptions(set(INITIAL_ALPHAS)), HasMethods("fit"), "array-like"],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "positive": ["boolean"],
        "penalty_factor": ["array-like", None],
        "bounds": [tuple, list, None],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        gamma: float = 1.0,
        initial: Any = "ridge",
        fit_intercept: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        positive: bool = False,
        penalty_factor: Any = None,
        bounds: Any = None,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.alpha = alpha
        self.gamma = gamma
        self.initial = initial
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.positive = positive
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find first estimates, and fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of both fits, not negative; a number is the same as None.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, or data is NaN or infinite.
        """
        X, y = validate_data(
            self,
            check_structure(X),
            y,
            accept_sparse="csc",
            dtype=FLOATS,
            accept_large_sparse=False,
            y_numeric=True,
        )
        if isinstance(sample_weight, Number):
            sample_weight = None
        if sample_weight is not None:
            normalised_weights(sample_weight, len(y))  # refuses what cannot be used
        base = factors_of(self.penalty_factor, X.shape[1])
        initial = self._first_estimates(X, y, sample_weight)
        factors = adaptive_factors(initial, self.gamma, base)
        model = Lasso(
            self.alpha,
            fit_intercept=self.fit_intercept,
            max_iter=self.max_iter,
            tol=self.tol,
            positive=self.positive,
            penalty_factor=factors,
            bounds=self.bounds,
            n_jobs=self.n_jobs,
            max_time=self.max_time,
        ).fit(X, y, sample_weight)
        self.initial_coef_, self.penalty_factor_ = initial, factors
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        self.dual_gap_, self.exact_, self.n_iter_ = model.dual_gap_, model.exact_, model.n_iter_
        return self

    def _first_estimates(self, X: Any, y: NDArray[Any], sample_weight: Any) -> NDArray[Any]:
        estimator = self.initial
        if isinstance(estimator, str):
            estimator = Ridge(INITIAL_ALPHAS[estimator], fit_intercept=self.fit_intercept)
        if not hasattr(estimator, "fit"):
            return _checked_estimates(estimator, X.shape[1])
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        if options and not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(f"initial={estimator!r} takes no sample_weight")
        fitted = clone(estimator).fit(X, y, **options)
        if not hasattr(fitted, "coef_"):
            raise ValueError(f"initial={estimator!r} has no coef_ after fit")
        return _checked_estimates(np.ravel(fitted.coef_), X.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def adaptive_factors(
    initial: NDArray[Any], gamma: float, base: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """``base / |initial| ** gamma``; a feature with base 0 stays free, one with estimate 0 out."""
    with np.errstate(divide="ignore", over="ignore"):
        weights = np.abs(initial.astype(np.float64)) ** -gamma
    if base is None:
        return np.asarray(weights)
    return base * np.where(base == 0, 1.0, weights)


def _checked_estimates(initial: Any, n_features: int) -> NDArray[Any]:
    estimates = check_array(initial, ensure_2d=False, dtype=FLOATS, input_name="initial")
    if estimates.shape != (n_features,):
        raise ValueError(
            f"initial coefficients have shape {estimates.shape}, expected {(n_features,)}"
        )
    return np.array(estimates)
