"""``ElasticNetCV`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from mlqa_fast._compat import Interval
from mlqa_fast.linear_model._cross_validated import CrossValidated
from mlqa_fast.linear_model._enet_path import enet_path


class ElasticNetCV(CrossValidated):
    """The elastic net chosen by cross-validation, as ``sklearn.linear_model.ElasticNetCV``.

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of the penalty on absolute values, from 0 to 1, or several to choose from. Values
        near 1 (as .9, .95, 1) are worth more of them than values near 0.
    eps : float, default=1e-3
        Length of the path: ``alpha_min / alpha_max = eps``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas of an even grid in the logarithm, or the alphas themselves.
    fit_intercept : bool, default=True
        Whether to fit b.
    precompute : 'auto', bool or array-like, default='auto'
        True computes the complete Gram matrix of every fold first; anything else leaves the choice
        to the solver.
    max_iter : int, default=1000
        Most passes over the working set for each alpha.
    tol : float, default=1e-4
        Tolerance of every fit, as in :class:`Lasso`.
    cv : int, splitter or iterable, default=None
        Folds: None for five, a number of them, anything with ``split``, or pairs of indices.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    verbose : bool or int, default=False
        Show a bar of progress over folds and alphas.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
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
    alpha_rule : {'min', '1se'}, default='min'
        The alpha with the least mean error, or the largest alpha whose mean error is within one
        standard error of that.
    relaxed : bool, default=False
        Fit least squares on the support of every solution, and judge and keep these coefficients.
    max_time : float, default=None
        Seconds after which the remaining fits end where they are, with a warning.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    l1_ratio_ : float
        The chosen share.
    coef_ : ndarray of shape (n_features,)
        Coefficients of the fit on all data at ``alpha_``.
    intercept_ : float
        Its intercept.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error of each alpha on the rows left out.
    dual_gap_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Upper bound of the duality gap of each of these fits.
    alphas_ : ndarray of shape (n_l1_ratio, n_alphas,)
        The alphas, decreasing.
    dual_gap_ : float
        Upper bound of the duality gap of the fit on all data.
    exact_ : bool
        Whether that fit is the minimiser up to rounding: the active set's, with the optimality
        conditions of all features, or one whose gap float64 cannot tell from 0. Otherwise an
        iterate within `tol`. With `relaxed` it says so of the penalised solution.
    active_set_ : ndarray of shape (n_active,)
        Increasing indices of the features with a coefficient other than zero.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        ``coef_`` in CSR format.
    n_iter_ : int
        Its passes over the working set.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    ElasticNet : One alpha.
    LassoCV : The LASSO.

    References
    ----------
    H. Zou, T. Hastie, "Regularization and variable selection via the elastic net", Journal of the
    Royal Statistical Society B 67(2), 2005.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from mlqa_fast.linear_model import ElasticNetCV
    >>> X, y = make_regression(n_features=2, random_state=0)
    >>> model = ElasticNetCV(cv=5, l1_ratio=[0.5, 1.0]).fit(X, y)
    >>> model.l1_ratio_, model.mse_path_.shape
    (1.0, (2, 100, 5))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CrossValidated._parameter_constraints,
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
    }

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        bounds: Any = None,
        alpha_rule: str = "min",
        relaxed: bool = False,
        max_time: float | None = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            tol=tol,
            cv=cv,
            copy_X=copy_X,
            verbose=verbose,
            n_jobs=n_jobs,
            positive=positive,
            random_state=random_state,
            selection=selection,
            penalty_factor=penalty_factor,
            bounds=bounds,
            alpha_rule=alpha_rule,
            relaxed=relaxed,
            max_time=max_time,
        )
