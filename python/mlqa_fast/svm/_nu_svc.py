"""Classification with a bound on the share of points beyond the margin."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._compat import Interval
from mlqa_fast.svm._classification import TrainedClassifier


class NuSVC(TrainedClassifier):
    """Nu-support vector classification.

    scikit-learn's ``NuSVC`` in signature, attributes and results: `nu` bounds the share of margin
    errors from above and that of support vectors from below, in the place of `C`.

    Parameters
    ----------
    nu : float, default=0.5
        Bound of both shares, in (0, 1]; at most twice the share of the smaller class of any two.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'} or callable, default='rbf'
        Kernel function; a callable takes two sets of points and returns the matrix of their values.
    degree : int, default=3
        Degree of 'poly'.
    gamma : {'scale', 'auto'} or float, default='scale'
        Coefficient of 'rbf', 'poly' and 'sigmoid'; 'scale' is ``1 / (n_features * X.var())``,
        'auto' ``1 / n_features``.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.
    shrinking : bool, default=True
        Accepted for compatibility; the result does not depend on it.
    probability : bool, default=False
        Deprecated in scikit-learn 1.9: use ``CalibratedClassifierCV(NuSVC(), ensemble=False)``,
        which is what True does.
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result, in double precision.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values, at least two rows; 'auto' for an eighth of the memory.
    class_weight : dict or 'balanced', default=None
        Shown in ``class_weight_`` and without effect, as in LIBSVM: weights of the classes would
        change which `nu` is feasible. Use `sample_weight` for weights.
    verbose : bool, default=False
        Show a progress bar, with the violation and the number of support vectors so far.
    max_iter : int, default=-1
        Most steps of a machine; -1 for no limit.
    decision_function_shape : {'ovo', 'ovr'}, default='ovr'
        Shape of ``decision_function`` for more than two classes: one column a machine, or one a
        class (votes, broken by confidence).
    break_ties : bool, default=False
        With ``decision_function_shape='ovr'`` and the vote, predict the class with the largest
        decision value, instead of the first class among those with most votes.
    random_state : int, RandomState instance or None, default=None
        Accepted for compatibility: training uses no random numbers.
    multi_class : {'ovo', 'dag'}, default='ovo'
        How more than two classes are predicted: by the vote of all machines, or along the directed
        acyclic graph. May be changed after fit.
    warm_start : bool, default=False
        Begin with the coefficients of the last fit where classes, weights and `nu` are the same.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.

    Attributes
    ----------
    class_weight_ : ndarray of shape (n_classes,)
        Weights of the classes, without effect.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coef_ : {ndarray, sparse array} of shape (n_classes * (n_classes - 1) / 2, n_features)
        Weights of the features; for a linear kernel.
    dual_coef_ : {ndarray, sparse array} of shape (n_classes - 1, n_SV)
        Signed dual coefficients, divided by the margin of their machine; sparse if X was.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Constants of the machines.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Steps of the machines.
    support_ : ndarray of shape (n_SV,)
        Indices of the support vectors.
    support_vectors_ : {ndarray, sparse array} of shape (n_SV, n_features)
        Support vectors; empty for a precomputed or callable kernel.
    n_support_ : ndarray of shape (n_classes,), dtype=int32
        Support vectors of each class.
    probA_, probB_ : ndarray
        Deprecated in scikit-learn 1.9; empty.
    shape_fit_ : tuple of int
        Shape of the training data.
    kkt_violation_ : float
        Largest violation of the optimality conditions over the machines, in double precision,
        before the coefficients are divided by the margins.
    dual_gap_ : float
        Bound of how far the dual objectives are from their optima, summed over the machines, each
        divided by the square of its margin.
    objective_ : float
        Dual objective, summed over the machines, each divided by the square of its margin.

    See Also
    --------
    SVC : The same machines, with `C` in the place of `nu`.

    References
    ----------
    .. [1] B. Schoelkopf, A. J. Smola, R. C. Williamson and P. L. Bartlett, "New support vector
       algorithms", Neural Computation 12:1207-1245, 2000.
    .. [2] C.-C. Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST
       2(3):27, 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import NuSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> svc = NuSVC(nu=0.2).fit(X, y)
    >>> svc.predict(X[:3]).tolist(), svc.kkt_violation_ <= svc.tol
    ([0, 0, 0], True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TrainedClassifier._parameter_constraints,
        "nu": [Interval(Real, 0.0, 1.0, closed="right")],
    }
    _svm_type = "nu_svc"

    def __init__(
        self,
        *,
        nu: float = 0.5,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        shrinking: bool = True,
        probability: bool | str = "deprecated",
        tol: float = 1e-3,
        cache_size: float | str = 200,
        class_weight: dict[Any, float] | str | None = None,
        verbose: bool = False,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: int | np.random.RandomState | None = None,
        multi_class: str = "ovo",
        warm_start: bool = False,
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.nu = nu
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.shrinking = shrinking
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.verbose = verbose
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state
        self.multi_class = multi_class
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.max_time = max_time

    def _bounds(
        self, codes: NDArray[np.intp], weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """The weight of each sample."""
        return np.ones(len(codes)) if weight is None else weight

    def _share(self, codes: NDArray[np.intp], bound: NDArray[np.float64]) -> float:
        """`nu`, if every two classes have the weight for it."""
        if not bound.any():
            raise ValueError("Invalid input - all samples have zero or negative weights.")
        of_class = np.bincount(codes, bound)
        least, most = of_class.min(), of_class.max()
        if self.nu * (least + most) / 2 > least:
            raise ValueError(
                "specified nu is infeasible: it may be at most twice the share of the smaller"
                f" class of any two, here {2 * least / (least + most):.3g}; nu={self.nu:g}"
            )
        return float(self.nu)
