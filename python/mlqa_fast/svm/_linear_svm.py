"""One linear machine, of two classes or of values."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from mlqa_fast._compat import Interval, StrOptions, validate_params
from mlqa_fast.svm._linear_problem import (
    SOLVERS,
    SQUARED,
    LinearLimits,
    rows_of,
    solver_of,
    train_linear,
    warn_if_linear_early,
    weights_of,
)


class LinearSVMResult(NamedTuple):
    """A linear machine and its certificate.

    Attributes
    ----------
    coef : ndarray of shape (n_features,)
        Weights.
    intercept : float
        Constant of the decision function; 0 without one.
    n_iter : int
        Passes (for Newton's method: steps).
    dual_gap : float
        Upper bound of how far the objective is above its minimum.
    objective : float
        Primal objective.
    converged : bool
        Whether the tolerance was reached.

    Examples
    --------
    >>> from mlqa_fast.svm import LinearSVMResult, linear_svm
    >>> result = linear_svm([[-1.0], [1.0]], [0, 1], loss="hinge", dual=True)
    >>> isinstance(result, LinearSVMResult), result.converged
    (True, True)
    """

    coef: NDArray[np.float64]
    intercept: float
    n_iter: int
    dual_gap: float
    objective: float
    converged: bool


@validate_params(  # type: ignore[untyped-decorator]
    {
        "penalty": [StrOptions({"l1", "l2"})],
        "loss": [StrOptions(set(SOLVERS))],
        "dual": ["boolean", StrOptions({"auto"})],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "C": [Interval(Real, 0.0, None, closed="neither")],
        "epsilon": [Interval(Real, 0.0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def linear_svm(
    X: Any,
    y: ArrayLike,
    *,
    penalty: str = "l2",
    loss: str = "squared_hinge",
    dual: bool | str = "auto",
    tol: float = 1e-4,
    C: float = 1.0,
    epsilon: float = 0.0,
    fit_intercept: bool = True,
    intercept_scaling: float = 1.0,
    sample_weight: ArrayLike | None = None,
    random_state: Any = None,
    max_iter: int = 1000,
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> LinearSVMResult:
    r"""Train one linear machine.

    Minimises over the weights w, that of a constant feature among them,

    .. math:: \tfrac12 |w|_2^2 + \sum_i C_i \, d_i^p \quad \text{or} \quad |w|_1 + \sum_i C_i d_i^2

    where :math:`d_i` is the distance of :math:`w x_i` to :math:`[1, \infty)` or
    :math:`(-\infty, -1]` for the larger and the smaller label, to
    :math:`[y_i - \epsilon, y_i + \epsilon]` for values.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows; float64 and float32 are taken as they are.
    y : array-like of shape (n_samples,)
        Labels of two kinds, or for the epsilon-insensitive losses values.
    penalty : {'l1', 'l2'}, default='l2'
        Norm of the penalty.
    loss : str, default='squared_hinge'
        Loss of a sample: 'hinge' or 'squared_hinge' for labels, 'epsilon_insensitive' or
        'squared_epsilon_insensitive' for values.
    dual : 'auto' or bool, default='auto'
        Solve the dual or the primal problem; 'auto' is the dual for fewer samples than features,
        wherever the combination has both.
    tol : float, default=1e-4
        Tolerance of LIBLINEAR's stopping rule for the solver.
    C : float, default=1.0
        Factor of the loss.
    epsilon : float, default=0.0
        Deviations of values up to this one cost nothing.
    fit_intercept : bool, default=True
        Whether a constant feature is added to the rows.
    intercept_scaling : float, default=1.0
        The constant.
    sample_weight : array-like of shape (n_samples,), default=None
        Factors of C; samples with a weight of 0 or less are left out.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders in which coordinates are visited.
    max_iter : int, default=1000
        Most passes (for Newton's method: steps).
    max_time : float, default=None
        Most seconds; None for no limit.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.

    Returns
    -------
    LinearSVMResult
        ``coef``, ``intercept``, ``n_iter``, ``dual_gap``, ``objective``, ``converged``.

    Raises
    ------
    ValueError
        If a parameter is out of range, the combination of penalty, loss and dual has no solver, X
        holds NaN or infinity, or the labels are not of two kinds.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` or `max_time` comes first; it names the certificate reached.

    References
    ----------
    .. [1] C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi and S. Sundararajan, "A dual
       coordinate descent method for large-scale linear SVM", ICML 2008.
    .. [2] C.-H. Ho and C.-J. Lin, "Large-scale linear support vector regression",
       JMLR 13:3323-3348, 2012.
    .. [3] G.-X. Yuan, K.-W. Chang, C.-J. Hsieh and C.-J. Lin, "A comparison of optimization methods
       and software for large-scale L1-regularized linear classification", JMLR 11:3183-3234, 2010.

    Examples
    --------
    >>> from mlqa_fast.svm import linear_svm
    >>> result = linear_svm([[-1.0], [1.0]], [0, 1], loss="hinge", dual=True, fit_intercept=False)
    >>> float(result.coef[0]), result.objective
    (1.0, 0.5)
    """
    X = check_array(
        X,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        accept_large_sparse=False,
        input_name="X",
    )
    X = rows_of(X)
    if y is None:
        raise ValueError("linear_svm requires y to be passed, but the target y is None")
    target = column_or_1d(y)
    assert_all_finite(target, input_name="y")
    check_consistent_length(X, target)
    solver = solver_of(loss, penalty, dual, X.shape)
    weight = weights_of(sample_weight, X.shape[0])
    limits = LinearLimits(float(tol), int(max_iter), max_time, random_state, n_jobs)
    task: dict[str, Any] = {"epsilon": float(epsilon)}
    if loss.endswith("hinge"):
        check_classification_targets(target)
        classes, codes = np.unique(target, return_inverse=True)
        if len(classes) != 2:
            raise ValueError(f"The number of classes has to be two; got {len(classes)} class(es)")
        task = {"codes": codes, "factors": np.ones(2)}
    else:
        task["value"] = column_or_1d(target, dtype=np.float64)
    constant = float(intercept_scaling) if fit_intercept else 0.0
    trained = train_linear(X, solver, loss in SQUARED, constant, float(C) * weight, limits, **task)
    warn_if_linear_early(trained, limits, stacklevel=4)
    return LinearSVMResult(
        trained.weights[0, :-1],
        float(constant * trained.weights[0, -1]),
        int(trained.n_iter[0]),
        trained.dual_gap,
        trained.objective,
        trained.status == 0,
    )
