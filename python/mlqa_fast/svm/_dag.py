"""Prediction with one-vs-one machines along the directed acyclic graph."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import check_array

from mlqa_fast._compat import Interval, validate_params
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._dag_order import KERNEL_CONSTRAINTS, checked_order, machine_parts
from mlqa_fast.svm._problem import checked, kernel_tuple, points, starts


@validate_params(  # type: ignore[untyped-decorator]
    {
        **KERNEL_CONSTRAINTS,
        "order": ["array-like", None],
        "explore": [Interval(Real, 0.0, None, closed="both")],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def dag_predict(
    X: Any,
    support_vectors: Any,
    dual_coef: Any,
    intercept: Any,
    n_support: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
    order: Any = None,
    explore: float = 0.0,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    r"""Predict along the directed acyclic graph of one-vs-one machines.

    A point starts with a list of all classes. The machine of the first and the last class on the
    list strikes one of them off: where its decision value is positive the one with the larger
    number, else the one with the smaller. The class that is left is predicted; `n_classes` - 1
    machines are asked.

    With `explore`, a machine whose value is closer to 0 strikes off neither: both lists are
    followed, those that become equal once. The evidence of a path is the smallest \|decision
    value\| on it, and the class at the end of the path with the largest evidence is predicted; of
    several with the same, the one that keeps longest to what the machines decide.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_vectors)
        Points, or with ``kernel="precomputed"`` their kernel values with the support vectors.
        Computed in float64.
    support_vectors : {array-like, sparse matrix} of shape (n_vectors, n_features) or None
        Support vectors sorted by class; None (or anything, unused) for a precomputed kernel.
    dual_coef : array-like of shape (n_classes - 1, n_vectors)
        Signed coefficients in LIBSVM's layout: a support vector of class a has its coefficient
        against class b in row ``b - 1`` if a < b, else in row ``b``. The first class of a machine
        is its positive one.
    intercept : array-like of shape (n_classes * (n_classes - 1) / 2,)
        Constants of the machines (0, 1), (0, 2), ..., (n_classes - 2, n_classes - 1).
    n_support : array-like of int of shape (n_classes,)
        Number of support vectors of each class.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'}, default='rbf'
        Kernel function.
    degree : int, default=3
        Degree of 'poly'.
    gamma : float, default=1.0
        Coefficient of 'rbf', 'poly' and 'sigmoid'.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.
    order : array-like of int of shape (n_classes,), default=None
        The list that points start with, a permutation of 0, ..., `n_classes` - 1, as `dag_order`
        makes it; None for the classes by number.
    explore : float, default=0.0
        Where \|decision value\| is smaller both paths are followed. 0 for none, infinity for all
        `n_classes` (`n_classes` - 1) / 2 machines.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.

    Returns
    -------
    label : ndarray of shape (n_samples,), int64
        Index of the predicted class.
    asked : ndarray of shape (n_samples,), int64
        Number of machines asked.

    Raises
    ------
    ValueError
        If shapes do not fit, X holds NaN or infinity, or `order` is no permutation.

    See Also
    --------
    dag_order : Orders of the classes.

    References
    ----------
    .. [1] J. C. Platt, N. Cristianini and J. Shawe-Taylor, "Large margin DAGs for multiclass
       classification", Advances in Neural Information Processing Systems 12, 2000.

    Examples
    --------
    Three classes on a line, one support vector each:

    >>> from mlqa_fast.svm import dag_predict
    >>> label, asked = dag_predict(
    ...     [[-2.0], [0.1], [3.0]], [[-1.0], [0.0], [1.0]],
    ...     [[1.0, -1.0, -1.0], [1.0, 1.0, -1.0]], [-0.5, 0.0, 0.5], [1, 1, 1], kernel="linear")
    >>> label.tolist(), asked.tolist()
    ([0, 1, 2], [2, 2, 2])

    In another order, and with all machines asked:

    >>> label, asked = dag_predict(
    ...     [[-2.0], [0.1], [3.0]], [[-1.0], [0.0], [1.0]],
    ...     [[1.0, -1.0, -1.0], [1.0, 1.0, -1.0]], [-0.5, 0.0, 0.5], [1, 1, 1], kernel="linear",
    ...     order=[1, 0, 2], explore=9.0)
    >>> label.tolist(), asked.tolist()
    ([0, 1, 2], [3, 3, 3])
    """
    X = check_array(
        X, accept_sparse="csr", dtype=np.float64, accept_large_sparse=False, input_name="X"
    )
    X = checked(X)
    dual_coef, count = machine_parts(dual_coef, n_support)
    intercept = check_array(
        intercept, dtype=np.float64, ensure_2d=False, input_name="intercept"
    ).ravel()
    if order is not None:
        order = checked_order(order, len(count))
    support_vectors, support = _support(X, support_vectors, dual_coef.shape[1], kernel)
    machines = core.Predictor(
        points(support_vectors),
        kernel_tuple(kernel, degree, gamma, coef0),
        support,
        starts(count.astype(np.int32)),
        dual_coef,
        intercept,
        n_threads(n_jobs),
    )
    label, asked = machines.walk(points(X), n_threads(n_jobs), order, explore)
    return label, asked


def _support(
    X: Any, support_vectors: Any, total: int, kernel: str
) -> tuple[Any, NDArray[np.int64]]:
    """Support vectors of the kind of X; for a precomputed kernel the columns of X instead."""
    if kernel == "precomputed":
        if sp.issparse(X):
            raise TypeError("Sparse precomputed kernels are not supported.")
        if X.shape[1] != total:
            raise ValueError(f"X.shape[1] = {X.shape[1]} should be equal to {total}")
        return np.empty((0, 0)), np.arange(total, dtype=np.int64)
    given = check_array(
        support_vectors,
        accept_sparse="csr",
        dtype=np.float64,
        accept_large_sparse=False,
        ensure_min_samples=0,
        input_name="support_vectors",
    )
    given = checked(given)
    if given.shape != (total, X.shape[1]):
        raise ValueError(
            f"support_vectors must have shape {(total, X.shape[1])}, got {given.shape}"
        )
    if sp.issparse(X) and not sp.issparse(given):
        given = sp.csr_array(given)
    elif sp.issparse(given) and not sp.issparse(X):
        given = given.toarray()
    return given, np.empty(0, dtype=np.int64)
