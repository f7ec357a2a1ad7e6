"""The classifier over the machines: scikit-learn's SVC, with a choice of how they are combined."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast.svm._classification import Problem, TrainedClassifier
from mlqa_fast.svm._code_book import DECODINGS, KINDS
from mlqa_fast.svm._cost_report import largest_diagonal
from mlqa_fast.svm._multiclass import (
    AT_ONCE,
    BOOKS,
    ORDERS,
    PAIRS,
    Method,
    method_name,
    method_of,
    order_of,
)


class SVC(TrainedClassifier):
    """C-support vector classification.

    scikit-learn's ``SVC`` in signature, attributes and results, with the kernel machines trained by
    batched sequential minimal optimisation in double precision and their certificates kept.

    Parameters
    ----------
    C : float, default=1.0
        Bound of the dual coefficients; the strength of the regularisation is inverse to it.
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
        Deprecated in scikit-learn 1.9: use ``CalibratedClassifierCV(SVC(), ensemble=False)``, which
        is what True does.
    tol : float, default=1e-3
        Largest violation of the optimality conditions in the result, in double precision.
    cache_size : float or 'auto', default=200
        Megabytes for stored kernel values, at least two rows; 'auto' for an eighth of the memory.
    class_weight : dict or 'balanced', default=None
        Factors of C for the classes; 'balanced' is ``n_samples / (n_classes * np.bincount(y))``,
        and with 'ovr' and 'ecoc' gives both sides of each machine the same weight.
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
        Of random code books; training uses no other random numbers.
    multi_class : {'ovo', 'dag', 'ovr', 'ecoc', 'crammer_singer', 'weston_watkins'}, default='ovo'
        How more than two classes are made from machines of two. 'ovo': a machine for every two
        classes, and the vote of all. 'dag': the same machines, of which a point asks
        `n_classes` - 1 along the directed acyclic graph; the two may be changed for each other
        after fit. 'ovr': a machine for each class against the rest; the one with the largest value
        wins. 'ecoc': the machines of a code book. 'crammer_singer' and 'weston_watkins': a function
        for each class, all trained at once, without constants (see `all_at_once`).
    warm_start : bool, default=False
        Begin with the coefficients of the last fit where the classes of the points are the same:
        after `max_iter` or `max_time` came first the solver goes on, and a problem that is solved
        already is recognised.
    n_jobs : int, default=None
        Threads: None for the pool's limit, -1 for all processors. The result does not depend on it.
    max_time : float, default=None
        Most seconds for fit; None for no limit.
    dag_order : {'listed', 'separation', 'accuracy'} or array-like of shape (n_classes,), \
            default='listed'
        The list of classes that a point starts with along the graph: as in `classes_`, with the
        pairs of the widest margins at the ends (`pair_margins`), with those that cross-validation
        tells apart most surely (`pair_accuracies`), or a permutation of 0, ..., `n_classes` - 1.
        'accuracy' is found by fit, with ``multi_class='dag'``; the others may be chosen after it.
    dag_explore : float, default=0.0
        Along the graph both paths are followed where a machine's value is below this in magnitude;
        of the classes at their ends the one wins whose path has the largest smallest value. Read at
        prediction.
    unclaimed : object, default=None
        With 'ovr', the label of a point that no machine claims (all values at most 0); None for the
        class whose machine is nearest to it. Read at prediction.
    code_book : {'exhaustive', 'dense_random', 'sparse_random'} or array-like of shape \
            (n_classes, n_machines), default='dense_random'
        With 'ecoc', the book. 'exhaustive': all ``2 ** (n_classes - 1) - 1`` ways to part the
        classes in two, for up to 12 classes. The random ones are drawn from `random_state`: of 100
        the one whose closest rows are furthest apart, ``10 * log2(n_classes)`` columns of 1 and -1,
        or ``15 * log2(n_classes)`` with half zeros, which leave a class out of a machine.
    decoding : {'hamming', 'hinge', 'exponential'}, default='hinge'
        With 'ecoc', the loss: see `mlqa_fast.svm.decode`. Read at prediction.

    Attributes
    ----------
    class_weight_ : ndarray of shape (n_classes,)
        Factors of C.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    code_book_ : ndarray of shape (n_classes, n_machines), int8
        1, -1 and 0; with 'ovr' and 'ecoc' for more than two classes.
    coef_ : {ndarray, sparse array} of shape (n_machines, n_features)
        Weights of the features; for a linear kernel. There are ``n_classes * (n_classes - 1) / 2``
        machines with 'ovo' and 'dag', the columns of the book with 'ecoc', else `n_classes`.
    dag_order_ : ndarray of shape (n_classes,)
        Positions of the classes on the list; with 'dag' and more than two classes.
    dual_coef_ : {ndarray, sparse array} of shape (n_classes - 1, n_SV) or (n_machines, n_SV)
        Signed dual coefficients; sparse if X was. With 'ovo' and 'dag' in LIBSVM's layout, else a
        row for each machine.
    fit_status_ : int
        0 if solved, 1 if a limit came first.
    intercept_ : ndarray of shape (n_machines,)
        Constants of the machines.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had names that are all strings.
    n_iter_ : ndarray of shape (n_machines,)
        Steps of the machines; one number where they are trained at once.
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
        Largest violation of the optimality conditions over the machines, in double precision.
    dual_gap_ : float
        Upper bound of primal minus dual objective, summed over the machines; for kernels that are
        positive semidefinite ('sigmoid' need not be).
    objective_ : float
        Dual objective, summed over the machines.

    See Also
    --------
    NuSVC : The same machines, with `nu` in the place of `C`.
    svm_smo : The function behind a machine.
    dag_predict : The function behind ``multi_class='dag'``.

    References
    ----------
    .. [1] C.-C. Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST
       2(3):27, 2011.
    .. [2] J. C. Platt, N. Cristianini and J. Shawe-Taylor, "Large margin DAGs for multiclass
       classification", Advances in Neural Information Processing Systems 12, 2000.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import SVC
    >>> X, y = load_iris(return_X_y=True)
    >>> svc = SVC(C=10).fit(X, y)
    >>> svc.predict(X[:3]).tolist(), svc.kkt_violation_ <= svc.tol
    ([0, 0, 0], True)
    >>> svc.set_params(multi_class="dag").prediction_report(X[:3]).machines_asked.tolist()
    [2, 2, 2]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TrainedClassifier._parameter_constraints,
        "C": [Interval(Real, 0.0, None, closed="right")],
        "multi_class": [StrOptions({*PAIRS, *BOOKS, *AT_ONCE})],
        "dag_order": [StrOptions(ORDERS), "array-like"],
        "dag_explore": [Interval(Real, 0.0, None, closed="left")],
        "unclaimed": [object],
        "code_book": [StrOptions(KINDS), "array-like"],
        "decoding": [StrOptions(DECODINGS)],
    }
    _svm_type = "c_svc"

    def __init__(
        self,
        *,
        C: float = 1.0,
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
        dag_order: str | ArrayLike = "listed",
        dag_explore: float = 0.0,
        unclaimed: Any = None,
        code_book: str | ArrayLike = "dense_random",
        decoding: str = "hinge",
    ) -> None:
        self.C = C
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
        self.dag_order = dag_order
        self.dag_explore = dag_explore
        self.unclaimed = unclaimed
        self.code_book = code_book
        self.decoding = decoding

    def _find_order(self, problem: Problem) -> None:
        """What the graph needs of the training points."""
        self.__dict__.pop("dag_order_", None)
        if self.multi_class == "dag" and len(self.classes_) > 2:
            self.dag_order_ = order_of(self, problem.points, problem.codes)
            self._found_order = self.dag_order if isinstance(self.dag_order, str) else None
        self.__dict__.pop("_largest_diagonal", None)
        if (
            self.multi_class == "dag"
            and isinstance(self.kernel, str)
            and self.kernel != "precomputed"
        ):
            self._largest_diagonal = largest_diagonal(self, problem.points)

    def _method_of(self, codes: NDArray[np.intp]) -> Method:
        """Which machines are trained."""
        return method_of(self, codes)

    def _bounds(
        self, codes: NDArray[np.intp], weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """C of each sample."""
        factor = self.class_weight_
        if self.class_weight == "balanced" and method_name(self.multi_class, len(factor)) in BOOKS:
            factor = np.ones_like(factor)  # each machine is balanced by itself
        bound: NDArray[np.float64] = (float(self.C) * factor)[codes]
        if weight is None:
            return bound
        # 0 times an infinite C has no value: such a point is left out.
        return np.where(weight > 0, bound * np.maximum(weight, np.finfo(float).tiny), 0.0)
