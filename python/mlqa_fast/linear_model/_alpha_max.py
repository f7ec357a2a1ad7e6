"""The threshold at which the first coefficient leaves zero."""

from __future__ import annotations

from typing import Any

from mlqa_fast.linear_model._lasso_cd import check_data, check_number
from mlqa_fast.linear_model._problem import solve


def lasso_alpha_max(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    positive: bool = False,
    bounds: Any = None,
    n_jobs: int | None = None,
) -> float:
    r"""Smallest alpha for which every penalised coefficient of the LASSO is zero.

    .. math:: \alpha_{\max} = \max_j \frac{|x_j' r|}{n \rho f_j}

    over the features with a penalty, where r is what the intercept and the features without one
    leave of y, and :math:`\rho` = `l1_ratio`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data.
    y : array-like of shape (n_samples,)
        Target.
    l1_ratio : float, default=1.0
        Share of the penalty on absolute values, above 0 and at most 1.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, not negative.
    penalty_factor : array-like of shape (n_features,), default=None
        Factors of the penalty; see :func:`lasso_cd`.
    positive : bool, default=False
        Whether coefficients have to be positive.
    bounds : (float or array-like, float or array-like), default=None
        Lower and upper bound of the coefficients; see :func:`lasso_cd`.
    n_jobs : int, default=None
        Threads; the result has the same bits for any number.

    Returns
    -------
    float
        The threshold; 1e-15, where scikit-learn's grids end, if it is less than that.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes do not fit, or data is NaN or infinite.

    References
    ----------
    R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", Journal
    of the Royal Statistical Society B 74, 2012, section 2.

    Examples
    --------
    >>> from mlqa_fast.linear_model import Lasso, lasso_alpha_max
    >>> X, y = [[0.0, 1.0], [1.0, 1.0], [2.0, 2.0]], [0.0, 1.0, 2.0]
    >>> alpha = lasso_alpha_max(X, y)
    >>> round(alpha, 4), Lasso(alpha).fit(X, y).coef_.tolist()
    (0.6667, [0.0, 0.0])
    >>> int((Lasso(0.9 * alpha).fit(X, y).coef_ != 0).sum())
    1
    """
    check_number("l1_ratio", l1_ratio, 0.0)
    if not 0 < l1_ratio <= 1:
        raise ValueError(f"l1_ratio must be above 0 and at most 1, got {l1_ratio!r}")
    X, y = check_data("lasso_alpha_max", X, y)
    path = solve(
        X,
        y,
        alphas=None,
        l1_ratio=l1_ratio,
        fit_intercept=fit_intercept,
        sample_weight=sample_weight,
        penalty_factor=penalty_factor,
        positive=positive,
        bounds=bounds,
        n_jobs=n_jobs,
    )
    return float(path.alphas[0])
