"""``lasso_path`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

from typing import Any

from mlqa_fast._compat import validate_params
from mlqa_fast.linear_model._path import CONSTRAINTS, compute_path


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """Compute the LASSO over a path of penalties, without an intercept.

    For each alpha, from the largest to the smallest, it minimises ::

        (1 / (2 * n_samples)) * ||y - Xw||^2_2 + alpha * ||w||_1

    in one native call, each from the solution before it. Every solution carries a certified
    duality gap.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data, dense in any memory order or sparse; float32 stays float32.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Target. With two dimensions the problem is that of :class:`MultiTaskLasso`.
    eps : float, default=1e-3
        Length of the path: ``alpha_min / alpha_max = eps``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas of an even grid in the logarithm, or the alphas themselves.
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        A Gram matrix to use; True computes all of it first; 'auto' and False leave the choice to
        the solver. Without effect for sparse `X` and several targets.
    Xy : array-like of shape (n_features,), default=None
        ``X.T @ y``, if it is known. Only used with a Gram matrix.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Where the largest alpha starts from.
    verbose : bool or int, default=False
        Show a bar of progress.
    return_n_iter : bool, default=False
        Whether to return the number of passes as well.
    positive : bool, default=False
        Require coefficients to be positive; for one target only, as are ``bounds``.
    **params : dict
        ``tol=1e-4`` and ``max_iter=1000`` as in :class:`Lasso`; ``sample_weight``, ``n_jobs`` and
        ``max_time``, ``penalty_factor`` and ``bounds`` as in :func:`lasso_cd`;
        ``check_input=False`` skips the search for NaN;
        ``selection``, ``random_state`` and ``do_screening`` are accepted without effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        Coefficients along the path.
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds of the duality gap.
    n_iters : list of int
        Passes for each alpha, if `return_n_iter`.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes do not fit, or data is NaN or infinite.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", Journal of Statistical Software 33(1), 2010.
    R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", Journal
    of the Royal Statistical Society B 74, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.linear_model import lasso_path
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> alphas, coefs, gaps = lasso_path(X, [1, 2, 3.1], alphas=[5.0, 1.0, 0.5])
    >>> print(coefs.round(3))
    [[0.    0.    0.469]
     [0.216 0.443 0.237]]
    >>> bool(gaps.max() < 1e-10)
    True
    """
    return compute_path(
        X,
        y,
        l1_ratio=1.0,
        eps=eps,
        alphas=alphas,
        precompute=precompute,
        Xy=Xy,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        params=params,
    )
