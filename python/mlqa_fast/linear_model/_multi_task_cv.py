"""The multi-task estimators that choose alpha by cross-validation, as scikit-learn has them."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from numpy.typing import NDArray

from mlqa_fast._compat import Interval
from mlqa_fast.linear_model._cross_validated import CrossValidated
from mlqa_fast.linear_model._enet_path import enet_path
from mlqa_fast.linear_model._folds import Penalised
from mlqa_fast.linear_model._lasso_path import lasso_path
from mlqa_fast.linear_model._multi_task import several_targets, validated_targets


class MultiTaskCrossValidated(CrossValidated):
    """What both have in common."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: allowed
        for name, allowed in CrossValidated._parameter_constraints.items()
        if name not in ("precompute", "positive", "bounds", "relaxed")
    }

    def __init__(
        self,
        *,
        eps: float,
        alphas: Any,
        fit_intercept: bool,
        max_iter: int,
        tol: float,
        copy_X: bool,
        cv: Any,
        verbose: Any,
        n_jobs: int | None,
        random_state: Any,
        selection: str,
        penalty_factor: Any,
        alpha_rule: str,
        max_time: float | None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.alpha_rule = alpha_rule
        self.max_time = max_time

    def _common(self, X: Any) -> Penalised:
        return Penalised(
            fit_intercept=self.fit_intercept,
            penalty_factor=self.penalty_factor,
            bounds=None,
            positive=False,
            relaxed=False,
            joint=True,
            tol=self.tol,
            max_iter=self.max_iter,
            updates="auto",
            n_jobs=self.n_jobs,
        )

    def _check_data(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        return validated_targets(self, X, y)

    def __sklearn_tags__(self) -> Any:
        return several_targets(super().__sklearn_tags__())


class MultiTaskElasticNetCV(MultiTaskCrossValidated):
    """The multi-task elastic net chosen by cross-validation, as scikit-learn's of this name.

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of the penalty on norms, from 0 to 1, or several to choose from.
    eps : float, default=1e-3
        Length of the path: ``alpha_min / alpha_max = eps``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas of an even grid in the logarithm, or the alphas themselves.
    fit_intercept : bool, default=True
        Whether to fit b.
    max_iter : int, default=1000
        Most passes over the working set for each alpha.
    tol : float, default=1e-4
        Tolerance of every fit, as in :class:`MultiTaskLasso`.
    cv : int, splitter or iterable, default=None
        Folds: None for five, a number of them, anything with ``split``, or pairs of indices.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    verbose : bool or int, default=0
        Show a bar of progress over folds and alphas.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    random_state : int, RandomState instance, default=None
        Without effect: features are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: features are visited in order.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    alpha_rule : {'min', '1se'}, default='min'
        The alpha with the least mean error, or the largest alpha whose mean error is within one
        standard error of that.
    max_time : float, default=None
        Seconds after which the remaining fits end where they are, with a warning.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    l1_ratio_ : float
        The chosen share.
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients of the fit on all data at ``alpha_``.
    intercept_ : ndarray of shape (n_targets,)
        Its intercepts; 0.0 without.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Mean squared error of each alpha on the rows left out, the mean over targets.
    dual_gap_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_folds)
        Upper bound of the duality gap of each of these fits.
    alphas_ : ndarray of shape (n_l1_ratio, n_alphas,)
        The alphas, decreasing.
    dual_gap_ : float
        Upper bound of the duality gap of the fit on all data.
    n_iter_ : int
        Its passes over the working set.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    MultiTaskElasticNet : One alpha.
    MultiTaskLassoCV : The multi-task LASSO.

    References
    ----------
    G. Obozinski, B. Taskar, M. Jordan, "Joint covariate selection and joint subspace selection for
    multiple classification problems", Statistics and Computing 20, 2010.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from mlqa_fast.linear_model import MultiTaskElasticNetCV
    >>> X, Y = make_regression(n_features=4, n_targets=2, random_state=0)
    >>> model = MultiTaskElasticNetCV(cv=3, l1_ratio=[0.5, 1.0]).fit(X, Y)
    >>> model.l1_ratio_, model.mse_path_.shape
    (1.0, (2, 100, 3))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MultiTaskCrossValidated._parameter_constraints,
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
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        alpha_rule: str = "min",
        max_time: float | None = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            cv=cv,
            copy_X=copy_X,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            penalty_factor=penalty_factor,
            alpha_rule=alpha_rule,
            max_time=max_time,
        )


class MultiTaskLassoCV(MultiTaskCrossValidated):
    """The multi-task LASSO with alpha chosen by cross-validation, as scikit-learn's of this name.

    Parameters
    ----------
    eps : float, default=1e-3
        Length of the path: ``alpha_min / alpha_max = eps``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas of an even grid in the logarithm, or the alphas themselves.
    fit_intercept : bool, default=True
        Whether to fit b.
    max_iter : int, default=1000
        Most passes over the working set for each alpha.
    tol : float, default=1e-4
        Tolerance of every fit, as in :class:`MultiTaskLasso`.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    cv : int, splitter or iterable, default=None
        Folds: None for five, a number of them, anything with ``split``, or pairs of indices.
    verbose : bool or int, default=False
        Show a bar of progress over folds and alphas.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    random_state : int, RandomState instance, default=None
        Without effect: features are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: features are visited in order.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    alpha_rule : {'min', '1se'}, default='min'
        The alpha with the least mean error, or the largest alpha whose mean error is within one
        standard error of that.
    max_time : float, default=None
        Seconds after which the remaining fits end where they are, with a warning.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients of the fit on all data at ``alpha_``.
    intercept_ : ndarray of shape (n_targets,)
        Its intercepts; 0.0 without.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error of each alpha on the rows left out, the mean over targets.
    dual_gap_path_ : ndarray of shape (n_alphas, n_folds)
        Upper bound of the duality gap of each of these fits.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    dual_gap_ : float
        Upper bound of the duality gap of the fit on all data.
    n_iter_ : int
        Its passes over the working set.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    MultiTaskLasso : One alpha.
    MultiTaskElasticNetCV : The multi-task elastic net.

    References
    ----------
    G. Obozinski, B. Taskar, M. Jordan, "Joint covariate selection and joint subspace selection for
    multiple classification problems", Statistics and Computing 20, 2010.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from mlqa_fast.linear_model import MultiTaskLassoCV
    >>> X, Y = make_regression(n_targets=2, noise=4, random_state=0)
    >>> model = MultiTaskLassoCV(cv=5).fit(X, Y)
    >>> round(model.score(X, Y), 4), model.mse_path_.shape
    (0.9994, (100, 5))
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        alpha_rule: str = "min",
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            penalty_factor=penalty_factor,
            alpha_rule=alpha_rule,
            max_time=max_time,
        )
