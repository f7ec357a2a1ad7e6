"""``LassoCV`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

from typing import Any

from mlqa_fast.linear_model._cross_validated import CrossValidated
from mlqa_fast.linear_model._lasso_path import lasso_path


class LassoCV(CrossValidated):
    """The LASSO with alpha chosen by cross-validation, as ``sklearn.linear_model.LassoCV``.

    Parameters
    ----------
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
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    cv : int, splitter or iterable, default=None
        Folds: None for five, a number of them, anything with ``split``, or pairs of indices.
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
    coef_ : ndarray of shape (n_features,)
        Coefficients of the fit on all data at ``alpha_``.
    intercept_ : float
        Its intercept.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error of each alpha on the rows left out.
    dual_gap_path_ : ndarray of shape (n_alphas, n_folds)
        Upper bound of the duality gap of each of these fits.
    alphas_ : ndarray of shape (n_alphas,)
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
    Lasso : One alpha.
    ElasticNetCV : The elastic net.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", Journal of Statistical Software 33(1), 2010.
    N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52(1), 2007.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from mlqa_fast.linear_model import LassoCV
    >>> X, y = make_regression(noise=4, random_state=0)
    >>> model = LassoCV(cv=5).fit(X, y)
    >>> round(model.score(X, y), 4), model.mse_path_.shape
    (0.9994, (100, 5))
    >>> simpler = LassoCV(cv=5, alpha_rule="1se").fit(X, y)
    >>> bool(simpler.alpha_ >= model.alpha_)
    True
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
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
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
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
