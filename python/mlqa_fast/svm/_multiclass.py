"""What each ``multi_class`` of an SVC trains, and how its values become an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.svm._all_at_once import train_all_at_once
from mlqa_fast.svm._code_book import Book, checked_book, code_book, decoded, train_book
from mlqa_fast.svm._problem import KernelTuple, Limits, Trained, train

PAIRS = {"ovo", "dag"}
BOOKS = {"ovr", "ecoc"}
AT_ONCE = {"crammer_singer", "weston_watkins"}

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
        )
    return train(X, codes, n_classes, bound, kernel, limits, progress, nu=nu, initial=initial)


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
