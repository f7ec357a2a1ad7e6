"""One machine of all classes at once, after Crammer and Singer or Weston and Watkins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._compat import StrOptions, validate_params
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._problem import (
    FUNCTION_PARAMETERS,
    KernelTuple,
    Limits,
    bounds,
    by_class,
    cache_bytes,
    kernel_tuple,
    numeric_gamma,
    points,
    take_labelled,
    warn_if_early,
)

LOSSES = {"crammer_singer": 0, "weston_watkins": 1}


class AllAtOnceResult(NamedTuple):
    """A machine of all classes and its certificates.

    Attributes
    ----------
    dual_coef : ndarray of shape (n_classes, n_samples)
        Coefficients: the decision value of x for class m is ``sum_i dual_coef[m, i] k(x_i, x)``,
        and x belongs to the class with the largest. Those of a sample add up to 0; only that of
        its own class is positive.
    n_iter : int
        Number of steps, of one sample each.
    kkt_violation : float
        Largest violation of the optimality conditions by a sample.
    dual_gap : float
        Upper bound of primal minus dual objective (for positive semidefinite kernels).
    objective : float
        Dual objective
        ``-1/2 sum_mij dual_coef[m, i] dual_coef[m, j] k(x_i, x_j) - sum_mi dual_coef[m, i] e_mi``,
        e_mi being 0 for the class of the sample, else 1.

    Examples
    --------
    >>> from mlqa_fast.svm import AllAtOnceResult, all_at_once
    >>> result = all_at_once([[-1.0], [1.0]], [0, 1], kernel="linear")
    >>> isinstance(result, AllAtOnceResult), result.objective
    (True, 0.25)
    """

    dual_coef: NDArray[np.float64]
    n_iter: int
    kkt_violation: float
    dual_gap: float
    objective: float


class TrainedAtOnce(NamedTuple):
    """A machine of all classes, its support vectors sorted by class, and its certificates."""

    support: NDArray[np.int64]
    n_support: NDArray[np.int32]
    dual_coef: NDArray[np.float64]
    n_iter: int
    kkt_violation: float
    dual_gap: float
    objective: float
    status: int
    #: Kernel rows and values that were computed.
    work: tuple[int, int]


def train_all_at_once(
    X: Any,
    codes: NDArray[np.intp],
    n_classes: int,
    bound: NDArray[np.float64],
    kernel: KernelTuple,
    limits: Limits,
    progress: Callable[[int, int, float], bool] | None = None,
    *,
    loss: str = "crammer_singer",
    initial: NDArray[np.float64] | None = None,
) -> TrainedAtOnce:
    """Train the machine of all classes on the points whose `bound` is positive.

    ``dual_coef`` has the shape (n_classes, n_support), ``support`` holds indices of points of X.
    `initial` are coefficients to begin with, of shape (n_classes, n_samples); those that the bounds
    forbid are moved to them. Raises ValueError where nothing can be trained.
    """
    order, _ = by_class(codes, n_classes, bound)
    labels = codes[order].astype(np.int64, copy=False)
    beta, n_iter, violation, gap, objective, status, work = core.all_at_once(
        points(X),
        kernel,
        order,
        labels,
        np.minimum(bound[order], np.finfo(np.float64).max),
        n_classes,
        LOSSES[loss],
        np.empty((0, 0)) if initial is None else np.ascontiguousarray(initial[:, order]),
        limits.tol,
        limits.max_iter,
        0.0 if limits.max_time is None else limits.max_time,
        cache_bytes(limits.cache_size),
        n_threads(limits.n_jobs),
        progress,
    )
    if not np.isfinite(objective) or not np.isfinite(beta).all():
        raise ValueError(
            "The dual coefficients are not finite."
            " The input data may contain large values and need to be preprocessed."
        )
    position = np.flatnonzero(beta[labels, np.arange(len(labels))] > 0)
    return TrainedAtOnce(
        order[position],
        np.bincount(labels[position], minlength=n_classes).astype(np.int32),
        beta[:, position],
        n_iter,
        violation,
        gap,
        objective,
        status,
        work,
    )


@validate_params(  # type: ignore[untyped-decorator]
    FUNCTION_PARAMETERS | {"loss": [StrOptions(set(LOSSES))]},
    prefer_skip_nested_validation=True,
)
def all_at_once(
    X: Any,
    y: Any,
    *,
    loss: str = "crammer_singer",
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
) -> AllAtOnceResult:
    r"""Train one support vector machine of all classes at once, with a kernel.

    A function :math:`f_m(x) = \langle w_m, \phi(x) \rangle` a class, without a constant, minimises
    :math:`\frac12 \sum_m |w_m|^2 + \sum_i C w_i \ell_i` with the loss

    .. math:: \max_m \left( [m \ne y_i] + f_m(x_i) - f_{y_i}(x_i) \right)
              \quad \text{or} \quad
              \sum_{m \ne y_i} \max \left( 0, 1 + f_m(x_i) - f_{y_i}(x_i) \right)

    of Crammer and Singer [1]_ or of Weston and Watkins [2]_. The dual is solved by working sets of
    samples, each sample exactly with the others held. Coefficients, slopes and certificates are in
    double precision; the kernel values of dense points that drive the steps are in single precision
    where that leads to `tol`.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_samples)
        Points, or with ``kernel="precomputed"`` the kernel matrix. Computed in float64.
    y : array-like of shape (n_samples,)
        Labels of two kinds or more.
    loss : {'crammer_singer', 'weston_watkins'}, default='crammer_singer'
        The loss. Where a margin of 2 is asked for in the place of 1, as in [2]_, half of that C
        gives half of those decision values here.
    C : float, default=1.0
        Weight of the loss.
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
    AllAtOnceResult
        ``dual_coef``, ``n_iter``, ``kkt_violation``, ``dual_gap``, ``objective``; classes in the
        order of ``numpy.unique(y)``.

    Raises
    ------
    ValueError
        If a parameter is out of range, X holds NaN or infinity, or y has one class alone.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` or `max_time` comes first; it names the certificate reached.

    References
    ----------
    .. [1] K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based
       vector machines", JMLR 2:265-292, 2001.
    .. [2] J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition",
       ESANN 1999.

    Examples
    --------
    >>> from mlqa_fast.svm import all_at_once
    >>> X, y = [[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], ["left", "up", "right"]
    >>> result = all_at_once(X, y, gamma=1.0, C=10, tol=1e-9)
    >>> result.dual_coef.round(3)
    array([[ 0.725, -0.392, -0.294],
           [-0.294, -0.392,  0.725],
           [-0.431,  0.783, -0.431]])
    >>> result.kkt_violation <= 1e-9
    True
    """
    X, y = take_labelled(X, y, kernel, "all_at_once")
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"The number of classes has to be greater than one; got {len(classes)} class"
        )
    bound = bounds(C, sample_weight, X)
    number = 0.0 if kernel == "precomputed" else numeric_gamma(gamma, X)
    limits = Limits(float(tol), int(max_iter), max_time, cache_size, n_jobs)
    trained = train_all_at_once(
        X,
        codes,
        len(classes),
        bound,
        kernel_tuple(kernel, degree, number, coef0),
        limits,
        loss=loss,
    )
    warn_if_early(trained, limits, stacklevel=4)
    dual_coef = np.zeros((len(classes), len(y)))
    dual_coef[:, trained.support] = trained.dual_coef
    return AllAtOnceResult(
        dual_coef, trained.n_iter, trained.kkt_violation, trained.dual_gap, trained.objective
    )
