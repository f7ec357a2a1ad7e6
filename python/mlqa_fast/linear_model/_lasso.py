"""``Lasso`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

from typing import Any, ClassVar

from mlqa_fast.linear_model._elastic_net import ElasticNet


class Lasso(ElasticNet):
    """Linear model with an L1 penalty, as ``sklearn.linear_model.Lasso``.

    Minimises ::

        (1 / (2 * n_samples)) * ||y - Xw - b||^2_2 + alpha * ||w||_1

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0. With 0 the problem is ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit b.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        A Gram matrix to use, or True to compute all of it first. False leaves the choice to the
        solver. Without effect for sparse `X`.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    max_iter : int, default=1000
        Most passes over the working set.
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
    lasso_path : The same over many penalties.
    lasso_cd : The function behind it.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
    Statistical Society B 58(1), 1996.
    O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the Lasso", ICML 2015.

    Examples
    --------
    >>> from mlqa_fast.linear_model import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> print(model.coef_.round(2))
    [0.85 0.  ]
    >>> print(round(model.intercept_, 2))
    0.15
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: allowed
        for name, allowed in ElasticNet._parameter_constraints.items()
        if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
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
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
            penalty_factor=penalty_factor,
            bounds=bounds,
            n_jobs=n_jobs,
            max_time=max_time,
        )
