"""Machines of a code book: one against the rest, error-correcting output codes."""

from __future__ import annotations

from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix, numeric_gamma
from mlqa_fast.reference.svm._smo import svm_smo


def code_book(n_classes: int, kind: str = "exhaustive") -> NDArray[np.int8]:
    """Books that nothing is drawn for: `mlqa_fast.svm.code_book`.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import code_book
    >>> code_book(2, "one_vs_rest")
    array([[ 1, -1],
           [-1,  1]], dtype=int8)
    """
    if kind == "one_vs_rest":
        return np.where(np.eye(n_classes), 1, -1).astype(np.int8)
    # All ways to part the classes, with the first on the positive side.
    sides = [(1, *s[::-1]) for s in product((1, -1), repeat=n_classes - 1) if -1 in s]
    return np.array(sides, dtype=np.int8).T


def decode(values: Any, code_book: Any, decoding: str = "hinge") -> NDArray[np.float64]:
    """Minus the loss of each class, machine by machine: `mlqa_fast.svm.decode`.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import decode
    >>> decode([[3.0, -0.5]], [[1, -1], [-1, 1]], "hamming")
    array([[ 0., -2.]])
    """
    z = np.asarray(code_book, dtype=float)[None, :, :] * np.asarray(values, dtype=float)[:, None, :]
    loss = {
        "hamming": 0.5 * (1 - np.sign(z)),
        "hinge": np.maximum(0, 1 - z),
        "exponential": np.exp(-z),
    }
    return np.asarray(0.0 - loss[decoding].sum(axis=2))


class CodeBookSVC:
    """An SVC whose machines are those of a book: ``SVC(multi_class='ovr')`` and ``'ecoc'``.

    The decision values are (n_samples, n_machines); `scores` are (n_samples, n_classes).

    Examples
    --------
    >>> from mlqa_fast.reference.svm import CodeBookSVC, code_book
    >>> svc = CodeBookSVC(code_book(3, "one_vs_rest"), kernel="linear")
    >>> svc.fit([[-2.0], [0.0], [2.0]], [0, 1, 2]).predict([[-3.0], [4.0]])
    array([0, 2])
    """

    def __init__(
        self,
        book: Any,
        *,
        C: float = 1.0,
        kernel: str = "rbf",
        degree: int = 3,
        gamma: str | float = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        balanced: bool = False,
        decoding: str | None = None,
    ) -> None:
        self.book, self.C, self.kernel, self.degree = np.asarray(book), C, kernel, degree
        self.gamma, self.coef0, self.tol = gamma, coef0, tol
        self.balanced, self.decoding = balanced, decoding

    def fit(self, X: Any, y: Any) -> Self:
        """Train a machine for each column."""
        self._points = dense(X)
        self.classes_, code = np.unique(np.asarray(y), return_inverse=True)
        gamma = numeric_gamma(self.gamma, self._points)
        self._function = (self.kernel, self.degree, gamma, self.coef0)
        K = kernel_matrix(self._points, self._points, *self._function)
        self._beta = np.zeros((self.book.shape[1], len(code)))
        self.intercept_: list[float] = []
        for m, codes in enumerate(self.book.T):
            rows = np.flatnonzero(codes[code])
            side = codes[code][rows]
            weight = np.ones(len(rows))
            if self.balanced:
                for sign in (1, -1):
                    weight[side == sign] = len(rows) / (2 * np.sum(side == sign))
            part = svm_smo(
                K[np.ix_(rows, rows)],
                side,
                C=self.C,
                kernel="precomputed",
                tol=self.tol,
                sample_weight=weight,
            )
            self._beta[m, rows] = part.dual_coef
            self.intercept_.append(part.intercept)
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Values of the machines."""
        K = kernel_matrix(dense(X), self._points, *self._function)
        return np.asarray(K @ self._beta.T + self.intercept_)

    def scores(self, X: Any) -> NDArray[np.float64]:
        """A column for each class: the values themselves of one against the rest."""
        values = self.decision_function(X)
        return values if self.decoding is None else decode(values, self.book, self.decoding)

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of the largest score, the first of several."""
        return np.asarray(self.classes_[np.argmax(self.scores(X), axis=1)])
