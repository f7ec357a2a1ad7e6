"""The function behind :class:`mlqa_fast.linear_model.Lasso`: NumPy in, NumPy out."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from mlqa_fast.linear_model._problem import FLOATS, check_structure, intercepts
from mlqa_fast.linear_model._solution import LassoSolution
from mlqa_fast.linear_model._tall import solve

UPDATES = ("auto", "gram", "covariance", "residual")


def check_number(name: str, value: Any, low: float, kind: type = Real) -> None:
    """Refuse what is no number of that kind, NaN, or less than `low`."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not float(value) >= low:  # type: ignore[arg-type]
        raise ValueError(f"{name} must be at least {low}, got {value!r}")


def check_alphas(alphas: Any) -> tuple[np.ndarray[Any, np.dtype[np.float64]], bool]:
    """Penalties as an array, and whether there was only one that was no sequence."""
    array = np.asarray(alphas, dtype=np.float64)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"alphas must be a number or a non-empty 1-D sequence, got {alphas!r}")
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError(f"alphas must be finite and non-negative, got {alphas!r}")
    return np.atleast_1d(array), array.ndim == 0


def check_data(name: str, X: Any, y: Any) -> tuple[Any, np.ndarray[Any, np.dtype[np.float64]]]:
    """X in float32 or float64, dense or CSC, and one target in float64."""
    X = check_array(
        check_structure(X), accept_sparse="csc", dtype=FLOATS, accept_large_sparse=False
    )
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {y.shape} instead.")
    check_consistent_length(X, y)
    return X, y


def lasso_cd(
    X: Any,
    y: Any,
    alphas: Any,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    positive: bool = False,
    bounds: Any = None,
    coef_init: Any = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    updates: str = "auto",
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> LassoSolution:
    r"""Solve the LASSO or the elastic net over an active set, for one or several penalties.

    .. math:: \min_{w, b} \frac{1}{2n} \|y - X w - b\|_2^2
        + \alpha \sum_j f_j \left(\rho |w_j| + \frac{1 - \rho}{2} w_j^2\right)

    with factors :math:`f_j`, all 1 by default, and :math:`\rho` = `l1_ratio`, 1 for the LASSO.
    With sample weights :math:`s_i` (scaled to sum n) the first term is
    :math:`\frac{1}{2n} \sum_i s_i (y_i - x_i' w - b)^2`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data, dense in any memory order or sparse (CSC is taken as it is). float32 and float64 are
        kept, anything else becomes float64. Sums run in float64 in any case. Never changed.
    y : array-like of shape (n_samples,)
        Target.
    alphas : float or array-like of shape (n_alphas,)
        Penalties. Several are solved from the largest to the smallest, each from the solution
        before it, and returned in the order given.
    l1_ratio : float, default=1.0
        Share of the penalty on absolute values, from 0 to 1; the rest is on squares.
    fit_intercept : bool, default=True
        Whether to fit b; without it b = 0.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, not negative.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    positive : bool, default=False
        Require w >= 0.
    bounds : (float or array-like, float or array-like), default=None
        Lower and upper bound of the coefficients, of all or one a feature: not above and not
        below 0.
    coef_init : array-like of shape (n_features,), default=None
        Where the largest penalty starts from; zeros by default.
    tol : float, default=1e-4
        A solution is accepted once a pass changes no coefficient by more than `tol` times the
        largest one and the duality gap is at most ``tol * ||y||^2 / n`` (y centred, weighted).
        A tolerance below what the precision of the result can tell counts as reached there.
    max_iter : int, default=1000
        Most passes over the working set for each penalty.
    updates : {"auto", "gram", "covariance", "residual"}, default="auto"
        How a coordinate step is paid for: from the complete Gram matrix, from the Gram matrix of
        the features that were ever active, or by reading the column. The results agree to the
        tolerance; "auto" chooses by the shape.
    max_time : float, default=None
        Seconds after which the best solution so far is returned, with a warning.
    n_jobs : int, default=None
        Threads for passes over all of `X`; see the glossary of scikit-learn. The result has the
        same bits for any number.

    Returns
    -------
    LassoSolution
        ``coef`` (n_features,) or (n_features, n_alphas), ``intercept``, ``dual_gap`` (an upper
        bound of the distance to the minimum, rounding included), ``n_iter`` (0 where the start
        already met the tolerance) and ``converged``.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes do not fit, or data is NaN or infinite.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        Where `max_iter` or `max_time` came first; it carries the gap that was reached.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", Journal of Statistical Software 33(1), 2010, equations 5 and 9.
    O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the Lasso", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.linear_model import lasso_cd
    >>> X = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 4.0], [4.0, 3.0]])
    >>> solution = lasso_cd(X, [1.0, 2.0, 3.0, 4.0], 0.125)
    >>> solution.coef
    array([0.9, 0. ])
    >>> bool(solution.dual_gap < 1e-12)
    True
    """
    grid, single = check_alphas(alphas)
    check_number("tol", tol, 0.0)
    check_number("max_iter", max_iter, 1, Integral)
    check_number("l1_ratio", l1_ratio, 0.0)
    if l1_ratio > 1:
        raise ValueError(f"l1_ratio must be at most 1, got {l1_ratio!r}")
    if max_time is not None:
        check_number("max_time", max_time, 0.0)
    if updates not in UPDATES:
        raise ValueError(f"updates must be one of {UPDATES}, got {updates!r}")
    X, y = check_data("lasso_cd", X, y)
    order = np.argsort(-grid, kind="stable")
    path = solve(
        X,
        y,
        alphas=grid[order],
        l1_ratio=l1_ratio,
        fit_intercept=fit_intercept,
        sample_weight=sample_weight,
        penalty_factor=penalty_factor,
        positive=positive,
        bounds=bounds,
        start=None if coef_init is None else check_array(coef_init, ensure_2d=False),
        tol=tol,
        max_iter=max_iter,
        updates=updates,
        max_time=max_time,
        n_jobs=n_jobs,
    )
    back = np.argsort(order)
    coef = path.coefs[0][back].T
    intercept = intercepts(path, coef.T)
    rest = path.gaps[0][back], path.n_iters[0][back], path.converged[0][back]
    if not single:
        return LassoSolution(coef, intercept.astype(coef.dtype), *rest)
    gap, n_iter, converged = rest
    return LassoSolution(
        coef[:, 0], coef.dtype.type(intercept[0]), gap[0], int(n_iter[0]), bool(converged[0])
    )
