"""``ElasticNet`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

import warnings
from numbers import Integral, Number, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context
from mlqa_fast.linear_model._enet_path import enet_path
from mlqa_fast.linear_model._linear import LinearRegressor
from mlqa_fast.linear_model._problem import (
    FLOATS,
    NOT_FINITE,
    check_structure,
    checked_gram,
    intercepts,
)
from mlqa_fast.linear_model._tall import solve

NO_ALPHA = (
    "With alpha=0, this algorithm does not converge well. You are advised to use the "
    "LinearRegression estimator"
)


class ElasticNet(LinearRegressor):
    """Linear model with L1 and L2 penalties, as ``sklearn.linear_model.ElasticNet``.

    Minimises ::

        (1 / (2 * n_samples)) * ||y - Xw - b||^2_2
        + alpha * l1_ratio * ||w||_1
        + 0.5 * alpha * (1 - l1_ratio) * ||w||^2_2

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0. With 0 the problem is ordinary least squares.
    l1_ratio : float, default=0.5
        Share of the penalty on absolute values, from 0 (ridge regression) to 1 (the LASSO).
    fit_intercept : bool, default=True
        Whether to fit b.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        A Gram matrix to use, or True to compute all of it first. False leaves the choice to the
        solver. Without effect for sparse `X`.
    max_iter : int, default=1000
        Most passes over the working set.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    tol : float, default=1e-4
        A solution is accepted once a pass changes no coefficient by more than `tol` times the
        largest one and the duality gap is at most ``tol * ||y||^2 / n_samples`` (y centred).
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    positive : bool, default=False
        Require coefficients to be positive.
    random_state : int, RandomState instance, default=None
        Without effect: coordinates are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: coordinates are visited in order.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    bounds : (float or array-like, float or array-like), default=None
        Lower and upper bound of the coefficients, of all or one a feature: not above and not
        below 0.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    max_time : float, default=None
        Seconds after which the best solution so far is kept, with a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound of how far the objective is above its minimum, rounding included.
    exact_ : bool or ndarray of shape (n_targets,)
        Whether the solution is the minimiser up to rounding: the active set's, with the optimality
        conditions of all features, or one whose gap float64 cannot tell from 0. Otherwise an
        iterate within `tol`.
    active_set_ : ndarray of shape (n_active,)
        Increasing indices of the features with a coefficient other than zero, of any target.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        ``coef_`` in CSR format.
    n_iter_ : int or list of int
        Passes over the working set (coordinate descent; 0 where the start met the tolerance).
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    enet_path : The same over many penalties.
    lasso_cd : The function behind it.

    References
    ----------
    H. Zou, T. Hastie, "Regularization and variable selection via the elastic net", Journal of the
    Royal Statistical Society B 67(2), 2005.

    Examples
    --------
    >>> from mlqa_fast.linear_model import ElasticNet
    >>> model = ElasticNet(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> print(model.coef_.round(2))
    [0.45 0.45]
    >>> print(round(model.intercept_, 2))
    0.11
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
        "penalty_factor": ["array-like", None],
        "bounds": [tuple, list, None],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
    }
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": UNUSED}

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        bounds: Any = None,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target. Several targets are fitted one by one.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, not negative; a number is the same as None.
        check_input : bool, default=True
            False skips the search for NaN and infinities.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, data is NaN or infinite, or so large that sums overflow.
        """
        if self.alpha == 0:
            warnings.warn(NO_ALPHA, stacklevel=2)
        if check_input:
            X, y = validate_data(
                self,
                check_structure(X),
                y,
                accept_sparse="csc",
                dtype=FLOATS,
                accept_large_sparse=False,
                multi_output=True,
                y_numeric=True,
            )
        if isinstance(sample_weight, Number):
            sample_weight = None
        if sample_weight is not None:
            sample_weight = check_array(
                sample_weight, ensure_2d=False, dtype=FLOATS, input_name="sample_weight"
            )
        gram, updates = checked_gram(
            X,
            self.precompute,
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
        )
        start = getattr(self, "coef_", None) if self.warm_start else None
        path = solve(
            X,
            y,
            alphas=[self.alpha],
            l1_ratio=self.l1_ratio,
            penalty_factor=self.penalty_factor,
            bounds=self.bounds,
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
            gram=gram,
            start=start,
            positive=self.positive,
            tol=self.tol,
            max_iter=self.max_iter,
            updates=updates,
            max_time=self.max_time,
            n_jobs=self.n_jobs,
        )
        coef = path.coefs[:, 0, :]
        intercept = intercepts(path, coef).astype(coef.dtype)
        if not np.all(np.isfinite(intercept)):
            raise ValueError(NOT_FINITE)
        several = len(coef) > 1
        self.coef_ = coef if several else coef[0]
        self.dual_gap_ = path.gaps[:, 0] if several else path.gaps[0, 0]
        self.exact_ = path.exact[:, 0] if several else bool(path.exact[0, 0])
        self.n_iter_ = path.n_iters[:, 0].tolist() if several else int(path.n_iters[0, 0])
        if not self.fit_intercept:
            self.intercept_: Any = 0.0
        else:
            self.intercept_ = intercept if np.ndim(y) > 1 else intercept[0]
        return self
