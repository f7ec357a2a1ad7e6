"""What each ``multi_class`` of an SVC trains, and how its values become an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from mlqa_fast.svm._all_at_once import train_all_at_once
from mlqa_fast.svm._code_book import Book, checked_book, code_book, decoded, train_book
from mlqa_fast.svm._dag_order import checked_order, dag_order, pair_accuracies
from mlqa_fast.svm._problem import KernelTuple, Limits, Trained, train

PAIRS = {"ovo", "dag"}
BOOKS = {"ovr", "ecoc"}
AT_ONCE = {"crammer_singer", "weston_watkins"}
ORDERS = {"listed", "separation", "accuracy"}

Progress = Callable[[int, int, float], bool]


class Method(NamedTuple):
    """What is trained: machines of every two classes, of a code book, or of all classes at once."""

    name: str
    book: Book | None = None
    #: Factors of the bounds, of the shape of the book.
    weight: NDArray[np.float64] | None = None

    def machines(self, n_classes: int) -> int:
        """How many machines there are."""
        if self.name in AT_ONCE:
            return 1
        return n_classes * (n_classes - 1) // 2 if self.book is None else self.book.shape[1]


def method_name(multi_class: str, n_classes: int) -> str:
    """The name of what is trained; two classes have one machine of two, whatever the way."""
    if multi_class in PAIRS or (multi_class in BOOKS and n_classes == 2):
        return "pairs"
    return multi_class


def method_of(svc: Any, codes: NDArray[np.intp]) -> Method:
    """What an SVC with these parameters trains on points of these classes."""
    count = np.bincount(codes)
    name = method_name(svc.multi_class, len(count))
    if svc.multi_class == "dag" and not isinstance(svc.dag_order, str):
        checked_order(svc.dag_order, len(count))
    if name not in BOOKS:
        return Method(name)
    book = _book(svc, name, len(count))
    return Method(name, book, _balance(book, count) if svc.class_weight == "balanced" else None)


def _book(svc: Any, name: str, n_classes: int) -> Book:
    book: Book
    if name == "ovr":
        book = code_book(n_classes, "one_vs_rest")
    elif isinstance(svc.code_book, str):
        book = code_book(n_classes, svc.code_book, random_state=svc.random_state)
    else:
        book = checked_book(svc.code_book, n_classes)
    return book


def _balance(book: Book, count: NDArray[np.intp]) -> NDArray[np.float64]:
    """Factors that give both sides of each machine the same weight."""
    weight = np.zeros(book.shape)
    total = np.abs(book).T @ count
    for sign in (1, -1):
        side = (book == sign).T @ count
        weight += (book == sign) * (total / (2 * side))
    return weight


def train_method(
    method: Method,
    X: Any,
    codes: NDArray[np.intp],
    bound: NDArray[np.float64],
    kernel: KernelTuple,
    limits: Limits,
    progress: Progress | None,
    *,
    nu: float,
    initial: NDArray[np.float64] | None,
) -> Trained:
    """Train the machines of a method."""
    if method.book is not None:
        return train_book(
            X,
            codes,
            bound,
            method.book,
            kernel,
            limits,
            progress,
            weight=method.weight,
            initial=initial,
        )
    n_classes = int(codes.max()) + 1
    if method.name in AT_ONCE:
        together = train_all_at_once(
            X,
            codes,
            n_classes,
            bound,
            kernel,
            limits,
            progress,
            loss=method.name,
            initial=initial,
        )
        return Trained(
            together.support,
            together.n_support,
            together.dual_coef,
            np.zeros(n_classes),
            np.array([together.n_iter], dtype=np.int32),
            together.kkt_violation,
            together.dual_gap,
            together.objective,
            together.status,
            together.work,
            np.array([together.objective]),
        )
    return train(X, codes, n_classes, bound, kernel, limits, progress, nu=nu, initial=initial)


def order_of(svc: Any, X: Any, codes: NDArray[np.intp]) -> NDArray[np.int64]:
    """The list of classes that the graph of a fitted SVC starts with."""
    k = len(svc.classes_)
    if not isinstance(svc.dag_order, str):
        return checked_order(svc.dag_order, k)
    if svc.dag_order == "listed":
        return np.arange(k)
    margins = _margins(svc._objectives, k)
    if svc.dag_order == "separation":
        return dag_order(margins)
    given = callable(svc.kernel) or svc.kernel == "precomputed"
    single = clone(svc).set_params(
        multi_class="ovo", decision_function_shape="ovo", break_ties=False, warm_start=False
    )
    if given:
        single.set_params(kernel="precomputed")

    def fit(rows: NDArray[np.intp]) -> Callable[[NDArray[np.intp]], NDArray[np.float64]]:
        fitted = clone(single).fit(X[np.ix_(rows, rows)] if given else X[rows], codes[rows])
        return lambda others: np.asarray(
            fitted.decision_function(X[np.ix_(others, rows)] if given else X[others])
        )

    return dag_order(pair_accuracies(codes, fit), ties=margins)


def _margins(objectives: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """`pair_margins` from the dual objectives of the machines."""
    margin = np.full((k, k), np.inf)
    low, high = np.triu_indices(k, 1)
    positive = objectives > 0
    width = np.sqrt(2.0 / objectives[positive])
    margin[low[positive], high[positive]] = margin[high[positive], low[positive]] = width
    return margin


def route_of(svc: Any, n_classes: int) -> tuple[NDArray[np.int64] | None, float]:
    """The list of classes (None: as they are listed) and the threshold of exploring."""
    order = svc.dag_order
    if not isinstance(order, str):
        return checked_order(order, n_classes), svc.dag_explore
    if order == "listed" or n_classes == 2:
        return None, svc.dag_explore
    if getattr(svc, "_found_order", None) == order and hasattr(svc, "dag_order_"):
        return svc.dag_order_, svc.dag_explore
    if order == "separation" and hasattr(svc, "_objectives"):
        return dag_order(_margins(svc._objectives, n_classes)), svc.dag_explore
    raise ValueError(
        f"dag_order={order!r} is found by fit with multi_class='dag', which came without it:"
        " fit again"
    )


def graph_scores(votes: NDArray[np.float64], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Votes and confidences of the classes, where the predicted class has the largest ones."""
    rows, best = np.arange(len(votes)), np.argmax(votes, axis=1)
    top = votes[rows, best]
    votes[rows, best] = votes[rows, label]
    votes[rows, label] = top
    tied = np.argmax(votes, axis=1) != label
    votes[rows[tied], label[tied]] = np.nextafter(top[tied], np.inf)
    return votes


def scores(
    values: NDArray[np.float64], method: str, book: Book | None, decoding: str
) -> NDArray[np.float64]:
    """A column for each class, from the values of the machines; of two classes their difference."""
    if method == "ecoc" and book is not None:
        return decoded(values, book, decoding)
    return values if values.shape[1] > 2 else values[:, 1] - values[:, 0]


def with_unclaimed(
    labels: NDArray[Any], values: NDArray[np.float64], unclaimed: Any
) -> NDArray[Any]:
    """The label `unclaimed` where no machine of one against the rest is positive."""
    mark = np.asarray(unclaimed)
    numeric, numeric_mark = labels.dtype.kind in "biuf", mark.dtype.kind in "biuf"
    if mark.ndim != 0 or numeric != numeric_mark:
        raise ValueError(
            f"unclaimed must be one label of the kind of classes_ ({labels.dtype}),"
            f" got {unclaimed!r}"
        )
    return np.where((values > 0).any(axis=1), labels, mark)
