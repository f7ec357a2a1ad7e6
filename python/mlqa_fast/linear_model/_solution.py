"""What a solver returns: the answer and its certificate."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray


class LassoSolution(NamedTuple):
    """Coefficients of one or several penalties, with the certificate of each.

    Attributes
    ----------
    coef : ndarray of shape (n_features,) or (n_features, n_alphas)
        Coefficients, in the precision of ``X``.
    intercept : float or ndarray of shape (n_alphas,)
        Intercept; 0 without one.
    dual_gap : float or ndarray of shape (n_alphas,)
        Upper bound of how far the objective is above its minimum.
    n_iter : int or ndarray of shape (n_alphas,)
        Passes over the working set.
    converged : bool or ndarray of shape (n_alphas,)
        Whether the tolerance was reached.

    Examples
    --------
    >>> from mlqa_fast.linear_model import lasso_cd
    >>> lasso_cd([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0], 0.1).converged
    True
    """

    coef: NDArray[Any]
    intercept: Any
    dual_gap: Any
    n_iter: Any
    converged: Any
