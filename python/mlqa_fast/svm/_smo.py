"""One binary machine, trained by sequential minimal optimisation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._compat import validate_params
from mlqa_fast.svm._coefficients import dense
from mlqa_fast.svm._problem import (
    FUNCTION_PARAMETERS,
    Limits,
    bounds,
    kernel_tuple,
    numeric_gamma,
    take_labelled,
    train,
    warn_if_early,
)


class SMOResult(NamedTuple):
    """A binary machine and its certificates.

    Attributes
    ----------
    dual_coef : ndarray of shape (n_samples,)
        Signed coefficients ``y_i alpha_i``: the decision value of x is
        ``sum_i dual_coef[i] k(x_i, x) + intercept``, positive for the larger label.
    intercept : float
        Constant of the decision function.
    n_iter : int
        Number of steps.
    kkt_violation : float
        Largest violation of the optimality conditions, ``m(alpha) - M(alpha)``, at least 0.
    dual_gap : float
        Upper bound of primal minus dual objective (for positive semidefinite kernels).
    objective : float
        Dual objective ``sum_i alpha_i - 1/2 sum_ij y_i alpha_i y_j alpha_j k(x_i, x_j)``.

    Examples
    --------
    >>> from mlqa_fast.svm import SMOResult, svm_smo
    >>> result = svm_smo([[-1.0], [1.0]], [0, 1], kernel="linear")
    >>> isinstance(result, SMOResult), result.objective
    (True, 0.5)
    """

    dual_coef: NDArray[np.float64]
    intercept: float
    n_iter: int
    kkt_violation: float
    dual_gap: float
    objective: float


@validate_params(  # type: ignore[untyped-decorator]
    FUNCTION_PARAMETERS,
    prefer_skip_nested_validation=True,
)
def svm_smo(
    X: Any,
    y: Any,
    *,
    C: float = 1.0,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: str | float = "scale",
    coef0: float = 0.0,
    tol: float = 1e-3,
    sample_weight: Any = None,
    cache_size: str | float = 200,
    max_iter: int = -1,
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> SMOResult:
    r"""Train one binary support vector machine.

    Solves the dual of the soft-margin machine with bounds :math:`C_i = C w_i`,

    .. math:: \max_\alpha \sum_i \alpha_i - \tfrac12 \sum_{ij} y_i \alpha_i y_j \alpha_j k(x_i, x_j)
              \quad \text{s.t.} \quad 0 \le \alpha_i \le C_i, \; \sum_i y_i \alpha_i = 0,

    by batched sequential minimal optimisation with second-order selection. Coefficients, gradient
    and certificates are in double precision; the kernel values of dense points that drive the steps
    are in single precision where that leads to `tol`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
        Points, or with ``kernel="precomputed"`` the kernel matrix. Computed in float64.
    y : array-like of shape (n_samples,)
        Labels of two kinds; the larger one is the positive class.
    C : float, default=1.0
        Bound of the coefficients.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'}, default='rbf'
        Kernel function.
    degree : int, default=3
        Degree of 'poly'.
    gamma : {'scale', 'auto'} or float, default='scale'
        Coefficient of 'rbf', 'poly' and 'sigmoid'; 'scale' is ``1 / (n_features * X.var())``,
        'auto' ``1 / n_features``.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result.
    sample_weight : array-like of shape (n_samples,), default=None
        Factors of C; points with a weight of 0 or less are left out.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values; 'auto' is an eighth of the memory.
    max_iter : int, default=-1
        Most steps; -1 for no limit.
    max_time : float, default=None
        Most seconds; None for no limit.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.

    Returns
    -------
    SMOResult
        ``dual_coef``, ``intercept``, ``n_iter``, ``kkt_violation``, ``dual_gap``, ``objective``.

    Raises
    ------
    ValueError
        If a parameter is out of range, X holds NaN or infinity, or y has not two classes.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` or `max_time` comes first; it names the certificate reached.

    References
    ----------
    .. [1] R.-E. Fan, P.-H. Chen and C.-J. Lin, "Working set selection using second order
       information for training support vector machines", JMLR 6:1889-1918, 2005.
    .. [2] C.-C. Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST
       2(3):27, 2011.

    Examples
    --------
    >>> from mlqa_fast.svm import svm_smo
    >>> result = svm_smo([[-1.0], [-0.5], [0.5], [2.0]], [0, 0, 1, 1], kernel="linear", C=10)
    >>> [float(b) for b in result.dual_coef]
    [0.0, -2.0, 2.0, 0.0]
    >>> result.kkt_violation <= 1e-3
    True
    """
    X, y = take_labelled(X, y, kernel, "svm_smo")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(f"The number of classes has to be two; got {len(classes)} class(es)")
    bound = bounds(C, sample_weight, X)
    number = 0.0 if kernel == "precomputed" else numeric_gamma(gamma, X)
    limits = Limits(float(tol), int(max_iter), max_time, cache_size, n_jobs)
    # The machine's first class is its positive one; here the larger label is.
    trained = train(X, 1 - codes, 2, bound, kernel_tuple(kernel, degree, number, coef0), limits)
    warn_if_early(trained, limits, stacklevel=4)
    dual_coef = np.zeros(len(y))
    dual_coef[trained.support] = dense(trained.dual_coef)[0]
    return SMOResult(
        dual_coef,
        float(trained.intercept[0]),
        int(trained.n_iter[0]),
        trained.kkt_violation,
        trained.dual_gap,
        trained.objective,
    )
