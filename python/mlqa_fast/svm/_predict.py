"""A fitted model, packed once for many predictions."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from sys import intern
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mlqa_fast._mlqa_fast_core import core as levels
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._coefficients import PackedCoefficients, dense
from mlqa_fast.svm._multiclass import graph_scores, method_name, route_of, scores, with_unclaimed
from mlqa_fast.svm._problem import KernelTuple, kernel_tuple, points, starts


class Pieces(NamedTuple):
    """A fitted model as the extension takes it."""

    support_vectors: Any
    kernel: KernelTuple
    support: NDArray[np.int64]
    start: NDArray[np.int64]
    dual_coef: NDArray[np.float64] | PackedCoefficients
    intercept: NDArray[np.float64]


class Outputs:
    """Machines that each have a coefficient for every support vector, packed."""

    __slots__ = ("_coef", "_intercept", "_native")

    def __init__(self, pieces: Pieces, n_jobs: int) -> None:
        n = pieces.dual_coef.shape[1]
        self._coef, self._intercept = dense(pieces.dual_coef), pieces.intercept
        one_class = pieces._replace(
            start=np.array([0, n]), dual_coef=np.empty((0, n)), intercept=np.empty(0)
        )
        self._native = core.Predictor(*one_class, n_jobs)

    def decisions(self, X: Any, n_jobs: int) -> NDArray[np.float64]:
        """Values of all machines."""
        return self._native.outputs(X, self._coef, self._intercept, n_jobs)


Native = core.Predictor | Outputs


def packed(pieces: Pieces, method: str, n_jobs: int, graph: bool) -> Native:
    """The pieces in the form that predictions take; `graph`: those along the graph are expected."""
    if method == "pairs":
        return core.Predictor(*pieces, n_jobs, graph)
    return Outputs(pieces, n_jobs)


def pieces_of(estimator: Any) -> Pieces:
    """The fitted attributes of a kernel machine: a classifier, a regressor or one class."""
    vectors, count = estimator.support_vectors_, estimator._n_support
    is_classifier = hasattr(estimator, "classes_")
    checkable = is_classifier and not estimator._sparse and vectors.size > 0
    if checkable and int(count.sum()) != vectors.shape[0]:
        raise ValueError(f"The internal representation of {type(estimator).__name__} was altered")
    dual_coef = estimator._dual_coef_
    if not isinstance(dual_coef, PackedCoefficients):
        dual_coef = np.ascontiguousarray(dense(dual_coef), dtype=np.float64)
    # One machine is a pair of classes whose second has no support vectors.
    start = starts(count) if is_classifier else np.array([0, *[dual_coef.shape[1]] * 2])
    kernel = "precomputed" if callable(estimator.kernel) else estimator.kernel
    return Pieces(
        points(vectors),
        kernel_tuple(kernel, estimator.degree, estimator._gamma, estimator.coef0),
        estimator.support_.astype(np.int64),
        start,
        dual_coef,
        estimator._intercept_,
    )


def _made_of(estimator: Any) -> tuple[Any, ...]:
    """What a packed model depends on."""
    return (
        estimator.support_vectors_,
        estimator.support_,
        estimator._n_support,
        estimator._dual_coef_,
        estimator._intercept_,
        estimator._gamma,
        estimator.kernel,
        estimator.degree,
        estimator.coef0,
        # Each instruction set has panels of its own; only tests change it.
        intern(levels.isa_current()),
    )


def _is_same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, (str, int, float)) and a == b)


class Packed:
    """The packed machines of an estimator, beside what they were made of.

    A copy or a pickle of it is empty: the estimator that holds it packs its machines anew.
    """

    __slots__ = ("made_of", "native")

    def __init__(self, estimator: Any = None) -> None:
        self.made_of = () if estimator is None else _made_of(estimator)
        self.native: Native | None = None
        if estimator is not None:
            method = getattr(estimator, "_method", "pairs")
            graph = getattr(estimator, "multi_class", "ovo") == "dag"
            self.native = packed(pieces_of(estimator), method, n_threads(estimator.n_jobs), graph)

    def __reduce__(self) -> tuple[type[Packed], tuple[()]]:
        """Nothing of the packed form is worth keeping."""
        return Packed, ()

    def is_of(self, estimator: Any) -> bool:
        """Whether the estimator still has the attributes and parameters of then."""
        then, now = self.made_of, _made_of(estimator)
        return (
            len(then) == len(now)
            and (all(map(is_, then, now)) or all(map(_is_same, then, now)))
            # The one array whose numbers the extension would follow without bounds of its own.
            and sum(estimator._n_support.tolist()) == len(estimator.support_)
        )


def native_of(estimator: Any) -> Any:
    """The packed machines of an estimator: those made when it was fitted, if they still fit."""
    held = vars(estimator).get("_packed")
    if held is None or not held.is_of(estimator):
        held = Packed(estimator)
    return held.native


def one_vs_rest(decision: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Votes of the classes, and the sum of their confidences squeezed into (-1/3, 1/3)."""
    votes = np.zeros((len(decision), n_classes))
    confidence = np.zeros_like(votes)
    machine = 0
    for a in range(n_classes):
        # The machines of a with all later classes lie side by side.
        after = n_classes - a - 1
        value = decision[:, machine : machine + after]
        lost = value < 0
        confidence[:, a] += value.sum(axis=1)
        confidence[:, a + 1 :] -= value
        votes[:, a] += after - lost.sum(axis=1)
        votes[:, a + 1 :] += lost
        machine += after
    return np.asarray(votes + confidence / (3 * (np.abs(confidence) + 1)))


class Reading(NamedTuple):
    """How decision values become an answer."""

    classes: NDArray[Any] | None
    graph: bool
    break_ties: bool
    one_vs_one: bool
    signs: bool
    method: str = "pairs"
    book: NDArray[np.int8] | None = None
    decoding: str = "hinge"
    unclaimed: Any = None
    order: NDArray[np.int64] | None = None
    explore: float = 0.0


def reading_of(estimator: Any) -> Reading:
    """How an estimator answers, from its parameters."""
    classes = getattr(estimator, "classes_", None)
    multi_class = getattr(estimator, "multi_class", "ovo")
    reading = Reading(
        classes,
        multi_class == "dag",
        classes is not None and len(classes) > 2 and bool(estimator.break_ties),
        getattr(estimator, "decision_function_shape", "ovr") == "ovo",
        hasattr(estimator, "offset_"),
    )
    method = getattr(estimator, "_method", "pairs")
    wanted = "pairs" if classes is None else method_name(multi_class, len(classes))
    if method != wanted:
        raise ValueError(
            f"multi_class={multi_class!r} needs other machines than those that were"
            f" fitted, {'one-vs-one' if method == 'pairs' else repr(method)}: fit again"
        )
    if method == "pairs":
        if not reading.graph or not hasattr(estimator, "dag_order"):
            return reading
        order, explore = route_of(estimator, len(estimator.classes_))
        return reading._replace(order=order, explore=float(explore))
    return reading._replace(
        method=method,
        book=getattr(estimator, "code_book_", None),
        decoding=estimator.decoding,
        unclaimed=estimator.unclaimed,
    )


def decide(native: Any, X: Any, n_jobs: int, reading: Reading) -> NDArray[np.float64]:
    """The decision function of validated points."""
    k = 1 if reading.classes is None else len(reading.classes)
    if reading.method != "pairs" and reading.one_vs_one and k > 2:
        raise ValueError(
            "decision_function_shape='ovo' has a column for every two classes, which"
            f" multi_class={reading.method!r} has no machines for: use 'ovr'"
        )
    decision: NDArray[np.float64] = native.decisions(X, n_jobs)
    if reading.classes is None:
        return decision.ravel()
    if reading.method != "pairs":
        return scores(decision, reading.method, reading.book, reading.decoding)
    if k == 2:
        return -decision.ravel()
    if reading.one_vs_one:
        return decision
    votes = one_vs_rest(decision, k)
    return graph_scores(votes, classes_of(native, X, n_jobs, reading)) if reading.graph else votes


def classes_of(native: Any, X: Any, n_jobs: int, reading: Reading) -> NDArray[np.int64]:
    """Numbers of the classes, by the vote or along the graph."""
    if not reading.graph:
        return np.asarray(native.classes(X, n_jobs, False))
    return np.asarray(native.classes(X, n_jobs, True, reading.order, reading.explore))


def predict(native: Any, X: Any, n_jobs: int, reading: Reading) -> NDArray[Any]:
    """Predictions for validated points: labels, values, or 1 and -1."""
    if reading.classes is None:
        value = decide(native, X, n_jobs, reading)
        return np.where(value > 0, 1, -1) if reading.signs else value
    if reading.method != "pairs":
        value = decide(native, X, n_jobs, reading._replace(one_vs_one=False))
        best = (value > 0).astype(int) if value.ndim == 1 else np.argmax(value, axis=1)
        labels = reading.classes.take(best)
        if reading.method != "ovr" or reading.unclaimed is None:
            return np.asarray(labels)
        return with_unclaimed(labels, value, reading.unclaimed)
    if reading.break_ties and not reading.graph:
        label = np.argmax(decide(native, X, n_jobs, reading), axis=1)
    else:
        label = classes_of(native, X, n_jobs, reading)
    return np.asarray(reading.classes.take(label))


class CompiledPredictor:
    """A fitted kernel machine without its estimator, packed for prediction.

    Made by `compile_predictor`. It does not change, may be used from several threads at a time, and
    can be pickled. Points are *not* validated beyond what memory safety needs: they must be float64
    or float32 arrays (any strides), or sorted CSR matrices of float64 for a model that was trained
    on sparse data, and must hold no NaN or infinity, which would be answered with any class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or None
        Labels; None for regressors and one class.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.svm import SVC, CompiledPredictor, compile_predictor
    >>> svc = SVC().fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
    >>> predictor = compile_predictor(svc)
    >>> isinstance(predictor, CompiledPredictor), predictor.classes_.tolist()
    (True, ['a', 'b'])
    >>> predictor.predict(np.array([[0.2], [2.8]])).tolist()
    ['a', 'b']
    """

    __slots__ = ("_n_jobs", "_native", "_pieces", "_reading")

    def __init__(self, pieces: Pieces, reading: Reading, n_jobs: int | None) -> None:
        self._pieces, self._reading = pieces, reading
        self._n_jobs = n_threads(n_jobs)
        self._native = packed(pieces, reading.method, self._n_jobs, reading.graph)

    def __reduce__(self) -> tuple[Callable[..., CompiledPredictor], tuple[Any, ...]]:
        """The arrays; they are packed anew."""
        return CompiledPredictor, (self._pieces, self._reading, self._n_jobs or None)

    @property
    def classes_(self) -> NDArray[Any] | None:
        """Labels; None for regressors and one class."""
        return self._reading.classes

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict as the estimator does.

        Parameters
        ----------
        X : {ndarray, sparse matrix} of shape (n_samples, n_features) or ndarray of (n_features,)
            Points; one alone may be a vector. For a precomputed kernel, values with the training
            points.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, values of a regressor, or 1 and -1 for one class.

        Raises
        ------
        ValueError
            If X has another type or number of features.
        """
        return predict(self._native, _given(X), self._n_jobs, self._reading)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision values as the estimator's, in float64.

        Parameters
        ----------
        X : {ndarray, sparse matrix} of shape (n_samples, n_features) or ndarray of (n_features,)
            Points, as for predict.

        Returns
        -------
        ndarray
            As the estimator's ``decision_function``; for a regressor the predicted values.

        Raises
        ------
        ValueError
            If X has another type or number of features.
        """
        return decide(self._native, _given(X), self._n_jobs, self._reading)


def _given(X: Any) -> Any:
    if isinstance(X, np.ndarray):
        return X if X.ndim != 1 else X[None]
    return points(X)


def compile_predictor(estimator: Any, *, n_jobs: int | None = None) -> CompiledPredictor:
    """Pack a fitted kernel machine for predictions that cost little more than their arithmetic.

    For services that predict one row at a time: what an estimator does at each call (validating
    points, finding out how to answer) is done once.

    Parameters
    ----------
    estimator : SVC
        A fitted estimator of ``mlqa_fast.svm``, with any kernel but a callable. It is read now and
        may be changed or refitted afterwards.
    n_jobs : int, default=None
        Threads for many points: None for the pool's limit, -1 for all processors. Few points take
        one. The result does not depend on it.

    Returns
    -------
    CompiledPredictor
        With ``predict`` and ``decision_function``, which give the estimator's answers.

    Raises
    ------
    TypeError
        If the estimator is no kernel machine.
    ValueError
        If its kernel is a callable.
    sklearn.exceptions.NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import SVC, compile_predictor
    >>> X, y = load_iris(return_X_y=True)
    >>> predictor = compile_predictor(SVC().fit(X, y))
    >>> predictor.predict(X[0]).tolist(), predictor.decision_function(X[:2]).shape
    ([0], (2, 3))
    """
    if not hasattr(estimator, "fit") or not hasattr(estimator, "kernel"):
        raise TypeError(f"estimator must be a kernel machine, got {type(estimator).__name__}")
    check_is_fitted(estimator)
    if callable(estimator.kernel):
        raise ValueError(
            "a callable kernel cannot be compiled: compute its values, and predict"
            " with kernel='precomputed'"
        )
    return CompiledPredictor(pieces_of(estimator), reading_of(estimator), n_jobs)
