"""``MultiTaskElasticNet`` and ``MultiTaskLasso`` as scikit-learn has them."""

from __future__ import annotations

from numbers import Number
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from mlqa_fast._compat import _fit_context, check_sample_weight
from mlqa_fast.linear_model._elastic_net import ElasticNet
from mlqa_fast.linear_model._linear import LinearRegressor
from mlqa_fast.linear_model._problem import (
    FLOATS,
    NOT_FINITE,
    check_structure,
    intercepts,
    solve,
)


class MultiTaskElasticNet(LinearRegressor):
    """Several targets that share their features, as ``sklearn.linear_model.MultiTaskElasticNet``.

    Minimises, with the coefficients :math:`w_j` of feature j for all targets together ::

        (1 / (2 * n_samples)) * ||Y - XW' - b||^2_Fro
        + alpha * l1_ratio * sum_j ||w_j||_2
        + 0.5 * alpha * (1 - l1_ratio) * ||W||^2_Fro

    A feature is used for every target or for none.

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0. With 0 the problem is ordinary least squares.
    l1_ratio : float, default=0.5
        Share of the penalty on the norms, from 0 (ridge regression) to 1 (the multi-task LASSO).
    fit_intercept : bool, default=True
        Whether to fit b.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    max_iter : int, default=1000
        Most passes over the working set.
    tol : float, default=1e-4
        A solution is accepted once a pass changes no coefficient by more than `tol` times the
        largest one and the duality gap is at most ``tol * ||Y||^2 / n_samples`` (Y centred).
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    random_state : int, RandomState instance, default=None
        Without effect: features are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: features are visited in order.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    max_time : float, default=None
        Seconds after which the best solution so far is kept, with a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients, in the precision of `X`.
    intercept_ : ndarray of shape (n_targets,)
        Intercepts; 0.0 without.
    dual_gap_ : float
        Upper bound of how far the objective is above its minimum, rounding included.
    eps_ : float
        What ``n_samples * dual_gap_`` had to reach: ``tol * ||Y||^2``.
    n_iter_ : int
        Passes over the working set (block coordinate descent; 0 where the start met the
        tolerance).
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    MultiTaskElasticNetCV : With alpha and l1_ratio chosen by cross-validation.
    enet_path : The same over many penalties.
    ElasticNet : Targets one by one.

    References
    ----------
    G. Obozinski, B. Taskar, M. Jordan, "Joint covariate selection and joint subspace selection for
    multiple classification problems", Statistics and Computing 20, 2010.
    N. Simon, J. Friedman, T. Hastie, "A blockwise descent algorithm for group-penalized
    multiresponse and multinomial regression", arXiv:1311.6529, 2013.

    Examples
    --------
    >>> from mlqa_fast.linear_model import MultiTaskElasticNet
    >>> X, Y = [[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 1], [2, 2]]
    >>> model = MultiTaskElasticNet(alpha=0.1).fit(X, Y)
    >>> print(model.coef_.round(2))
    [[0.46 0.46]
     [0.46 0.46]]
    >>> print(model.intercept_.round(2))
    [0.09 0.09]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: allowed
        for name, allowed in ElasticNet._parameter_constraints.items()
        if name not in ("precompute", "positive", "bounds")
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32.
        y : array-like of shape (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, not negative; a number is the same as None.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, data is NaN or infinite, or so large that sums overflow.
        """
        X, y = validated_targets(self, X, y)
        if isinstance(sample_weight, Number):
            sample_weight = None
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X, dtype=X.dtype)
        path = solve(
            X,
            y,
            alphas=[self.alpha],
            l1_ratio=self.l1_ratio,
            penalty_factor=self.penalty_factor,
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
            start=getattr(self, "coef_", None) if self.warm_start else None,
            joint=True,
            tol=self.tol,
            max_iter=self.max_iter,
            max_time=self.max_time,
            n_jobs=self.n_jobs,
        )
        coef = path.coefs[:, 0, :]
        intercept = intercepts(path, coef).astype(coef.dtype)
        if not np.all(np.isfinite(intercept)):
            raise ValueError(NOT_FINITE)
        self.coef_ = coef
        self.intercept_ = intercept if self.fit_intercept else 0.0
        self.dual_gap_ = path.gaps[0, 0]
        self.eps_ = path.goals[0]
        self.n_iter_ = int(path.n_iters[0, 0])
        return self

    def __sklearn_tags__(self) -> Any:
        return several_targets(super().__sklearn_tags__())


class MultiTaskLasso(MultiTaskElasticNet):
    """Several targets that share their features, as ``sklearn.linear_model.MultiTaskLasso``.

    Minimises, with the coefficients :math:`w_j` of feature j for all targets together ::

        (1 / (2 * n_samples)) * ||Y - XW' - b||^2_Fro + alpha * sum_j ||w_j||_2

    A feature is used for every target or for none.

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0. With 0 the problem is ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit b.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    max_iter : int, default=1000
        Most passes over the working set.
    tol : float, default=1e-4
        A solution is accepted once a pass changes no coefficient by more than `tol` times the
        largest one and the duality gap is at most ``tol * ||Y||^2 / n_samples`` (Y centred).
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    random_state : int, RandomState instance, default=None
        Without effect: features are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: features are visited in order.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    max_time : float, default=None
        Seconds after which the best solution so far is kept, with a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients, in the precision of `X`.
    intercept_ : ndarray of shape (n_targets,)
        Intercepts; 0.0 without.
    dual_gap_ : float
        Upper bound of how far the objective is above its minimum, rounding included.
    eps_ : float
        What ``n_samples * dual_gap_`` had to reach: ``tol * ||Y||^2``.
    n_iter_ : int
        Passes over the working set (block coordinate descent; 0 where the start met the
        tolerance).
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    MultiTaskLassoCV : With alpha chosen by cross-validation.
    lasso_path : The same over many penalties.
    Lasso : Targets one by one.

    References
    ----------
    G. Obozinski, B. Taskar, M. Jordan, "Joint covariate selection and joint subspace selection for
    multiple classification problems", Statistics and Computing 20, 2010.
    N. Simon, J. Friedman, T. Hastie, "A blockwise descent algorithm for group-penalized
    multiresponse and multinomial regression", arXiv:1311.6529, 2013.

    Examples
    --------
    >>> from mlqa_fast.linear_model import MultiTaskLasso
    >>> X, Y = [[0, 1], [1, 2], [2, 4]], [[0, 0], [1, 1], [2, 3]]
    >>> model = MultiTaskLasso(alpha=0.1).fit(X, Y)
    >>> print(model.coef_.round(2))
    [[0.   0.61]
     [0.   0.95]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: allowed
        for name, allowed in MultiTaskElasticNet._parameter_constraints.items()
        if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        penalty_factor: Any = None,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            random_state=random_state,
            selection=selection,
            penalty_factor=penalty_factor,
            n_jobs=n_jobs,
            max_time=max_time,
        )


def validated_targets(estimator: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Data of several targets."""
    X, y = validate_data(
        estimator,
        check_structure(X),
        y,
        validate_separately=(
            {"accept_sparse": "csc", "dtype": FLOATS, "accept_large_sparse": False},
            {"dtype": FLOATS, "ensure_2d": False},
        ),
    )
    check_consistent_length(X, y)
    if y.ndim == 1:
        single = type(estimator).__name__.removeprefix("MultiTask")
        raise ValueError(f"For mono-task outputs, use {single}")
    return X, y


def several_targets(tags: Any) -> Any:
    """Tags of an estimator that takes targets in two dimensions alone."""
    tags.target_tags.single_output = False
    tags.target_tags.multi_output = True
    return tags
