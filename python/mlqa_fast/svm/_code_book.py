"""Code books: which classes each of several machines parts from which."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_random_state

from mlqa_fast._compat import StrOptions, validate_params
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._problem import (
    KernelTuple,
    Limits,
    Trained,
    by_class,
    cache_bytes,
    points,
    trained_of,
)

Book = NDArray[np.int8]

KINDS = {"exhaustive", "dense_random", "sparse_random"}
DECODINGS = {"hamming", "hinge", "exponential"}
# Machines of an exhaustive book double with each class.
MOST_EXHAUSTIVE = 12
# Columns for log2(n_classes) bits, from Allwein, Schapire and Singer; random books that are tried.
DENSE_COLUMNS, SPARSE_COLUMNS, TRIES = 10, 15, 100


def code_book(
    n_classes: int,
    kind: str = "dense_random",
    *,
    n_machines: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Book:
    """Make a code book: a row for each class, a column for each machine.

    Parameters
    ----------
    n_classes : int
        Number of classes, at least 2.
    kind : {'one_vs_rest', 'exhaustive', 'dense_random', 'sparse_random'}, default='dense_random'
        'one_vs_rest': a machine for each class against all others. 'exhaustive': all
        ``2 ** (n_classes - 1) - 1`` ways to part the classes in two, for up to 12 classes. Random
        books: of 100 drawn, the one whose closest two rows are furthest apart; 'dense_random' has 1
        and -1 alike, 'sparse_random' half zeros.
    n_machines : int, default=None
        Columns of a random book; None for ``10 * log2(n_classes)`` or, sparse,
        ``15 * log2(n_classes)``. All different columns there are, if these are fewer.
    random_state : int, RandomState instance or None, default=None
        Of random books.

    Returns
    -------
    ndarray of shape (n_classes, n_machines), int8
        1, -1, or 0 for a class that the machine is not trained on.

    Raises
    ------
    ValueError
        If a parameter is out of range, or no book of so few columns tells all classes apart.

    References
    ----------
    .. [1] T. G. Dietterich and G. Bakiri, "Solving multiclass learning problems via
       error-correcting output codes", JAIR 2:263-286, 1995.
    .. [2] E. L. Allwein, R. E. Schapire and Y. Singer, "Reducing multiclass to binary", JMLR
       1:113-141, 2000.

    Examples
    --------
    >>> from mlqa_fast.svm._code_book import code_book
    >>> code_book(3, "exhaustive")
    array([[ 1,  1,  1],
           [-1,  1, -1],
           [ 1, -1, -1]], dtype=int8)
    """
    if n_machines is not None and kind in ("one_vs_rest", "exhaustive"):
        raise ValueError(f"a book of kind {kind!r} has no choice of n_machines, got {n_machines}")
    if kind == "one_vs_rest":
        return (2 * np.eye(n_classes, dtype=np.int8) - 1).astype(np.int8)
    if kind == "exhaustive":
        return _exhaustive(n_classes)
    return _random(n_classes, kind == "sparse_random", n_machines, check_random_state(random_state))


def _exhaustive(n_classes: int) -> Book:
    if n_classes > MOST_EXHAUSTIVE:
        raise ValueError(
            f"an exhaustive book of {n_classes} classes has 2 ** {n_classes - 1} - 1 machines;"
            f" it is for up to {MOST_EXHAUSTIVE} classes: use a random one"
        )
    column = np.arange(1, 2 ** (n_classes - 1))
    bits = column >> np.arange(-1, n_classes - 1).clip(0)[:, None] & 1
    bits[0] = 0
    return np.asarray(1 - 2 * bits, dtype=np.int8)


def _random(
    n_classes: int, sparse: bool, n_machines: int | None, rng: np.random.RandomState
) -> Book:
    per_bit = SPARSE_COLUMNS if sparse else DENSE_COLUMNS
    wanted = n_machines or int(np.ceil(per_bit * np.log2(n_classes)))
    if wanted >= _count_columns(n_classes, sparse):
        return _all_columns(n_classes, sparse)
    best, most = None, 0.0
    for _ in range(TRIES):
        book = _draw(n_classes, sparse, wanted, rng)
        separation = row_separation(book) if _tells_apart(book) else 0.0
        if separation > most:
            best, most = book, separation
    if best is None:
        raise ValueError(
            f"no random book of {wanted} machines tells {n_classes} classes apart: raise n_machines"
        )
    return best


def _count_columns(n_classes: int, sparse: bool) -> int:
    """How many different columns there are."""
    if sparse:
        return int((3**n_classes - 2 ** (n_classes + 1) + 1) // 2)
    return int(2 ** (n_classes - 1) - 1)


def _all_columns(n_classes: int, sparse: bool) -> Book:
    codes = (1, -1, 0) if sparse else (1, -1)
    columns = np.array(list(product(codes, repeat=n_classes)), dtype=np.int8).T
    return columns[:, _distinct(columns)]


def _draw(n_classes: int, sparse: bool, wanted: int, rng: np.random.RandomState) -> Book:
    """Columns with both signs, no two of them the same machine."""
    book = np.empty((n_classes, 0), dtype=np.int8)
    while book.shape[1] < wanted:
        drawn = rng.randint(4 if sparse else 2, size=(n_classes, 2 * wanted))
        more = np.where(drawn == 0, 1, np.where(drawn == 1, -1, 0)).astype(np.int8)
        book = np.hstack([book, more])
        book = book[:, _distinct(book)]
    return book[:, :wanted]


def _distinct(book: Book) -> NDArray[np.intp]:
    """Columns that have both signs, and are neither an earlier one nor its negative."""
    both = np.flatnonzero((book == 1).any(axis=0) & (book == -1).any(axis=0))
    first = book[(book[:, both] != 0).argmax(axis=0), both]
    _, position = np.unique(book[:, both] * first, axis=1, return_index=True)
    return both[np.sort(position)]


def row_separation(book: Book) -> float:
    """The least Hamming distance of two rows, where a zero is half a difference."""
    wide = book.astype(np.int32)
    distance = (book.shape[1] - wide @ wide.T) / 2
    np.fill_diagonal(distance, np.inf)
    return float(distance.min())


def _tells_apart(book: Book) -> bool:
    """Whether every two classes are on different sides of a machine."""
    positive, negative = (book == 1).astype(np.int32), (book == -1).astype(np.int32)
    opposite = positive @ negative.T
    opposite = opposite + opposite.T
    np.fill_diagonal(opposite, 1)
    return bool((opposite > 0).all())


def checked_book(given: ArrayLike, n_classes: int) -> Book:
    """A book of the user's, if its machines can be trained and it tells all classes apart."""
    book = check_array(given, dtype=None, input_name="code_book")
    if book.shape[0] != n_classes:
        raise ValueError(f"code_book has {book.shape[0]} rows for {n_classes} classes")
    if not np.isin(book, (-1, 0, 1)).all():
        raise ValueError("code_book must hold 1, -1 and 0 only")
    book = book.astype(np.int8)
    for sign in (1, -1):
        lacking = np.flatnonzero(~(book == sign).any(axis=0))
        if lacking.size:
            raise ValueError(
                f"code_book has no {sign} in column {lacking[0]}: its machine has one side"
            )
    distinct = _distinct(book)
    if len(distinct) < book.shape[1]:
        double = np.setdiff1d(np.arange(book.shape[1]), distinct)[0]
        raise ValueError(f"code_book has column {double} twice, or its negative: the same machine")
    if not _tells_apart(book):
        raise ValueError("code_book has two classes that no machine parts")
    return np.ascontiguousarray(book)


@validate_params(  # type: ignore[untyped-decorator]
    {"decoding": [StrOptions(DECODINGS)]},
    prefer_skip_nested_validation=True,
)
def decode(values: ArrayLike, code_book: ArrayLike, decoding: str = "hinge") -> NDArray[np.float64]:
    r"""Scores of the classes from the values of a code book's machines.

    The score of class r is :math:`-\sum_m L(M_{rm} f_m)` with the codes M, the values f and

    - 'hamming': :math:`L(z) = (1 - \operatorname{sign} z) / 2`, the number of machines that speak
      against the class, a code or value of zero counting as half of one;
    - 'hinge': :math:`L(z) = \max(0, 1 - z)`;
    - 'exponential': :math:`L(z) = \exp(-z)`.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_machines)
        Decision values.
    code_book : array-like of shape (n_classes, n_machines)
        1, -1 and 0.
    decoding : {'hamming', 'hinge', 'exponential'}, default='hinge'
        The loss.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The class with the largest score is predicted, the first of several.

    Raises
    ------
    ValueError
        If the shapes do not fit or `values` holds NaN or infinity.

    References
    ----------
    .. [1] E. L. Allwein, R. E. Schapire and Y. Singer, "Reducing multiclass to binary", JMLR
       1:113-141, 2000, section 4.

    Examples
    --------
    >>> from mlqa_fast.svm import decode
    >>> one_against_the_rest = [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    >>> decode([[0.5, -2.0, -0.25]], one_against_the_rest, "hinge")
    array([[-1.25, -5.25, -2.75]])
    """
    book = check_array(code_book, dtype=np.float64, input_name="code_book")
    given = check_array(values, dtype=np.float64, input_name="values")
    if given.shape[1] != book.shape[1]:
        raise ValueError(
            f"values has {given.shape[1]} columns for the {book.shape[1]} machines of code_book"
        )
    return decoded(given, book, decoding)


def _hamming(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 - np.sign(z)) / 2)


def _hinge(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - z)


def _exponential(z: NDArray[np.float64]) -> NDArray[np.float64]:
    # A machine that is certain and wrong counts as much as a number can.
    return np.exp(np.minimum(-z, 700.0))


LOSSES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "hamming": _hamming,
    "hinge": _hinge,
    "exponential": _exponential,
}


def decoded(values: NDArray[np.float64], book: NDArray[Any], decoding: str) -> NDArray[np.float64]:
    """`decode` of arrays that are known to fit, machine by machine."""
    loss = LOSSES[decoding]
    score = np.zeros((len(values), len(book)))
    for value, codes in zip(values.T, book.T, strict=True):
        for code in (1, 0, -1):
            score[:, codes == code] -= loss(code * value)[:, None]
    return score


def train_book(
    X: Any,
    codes: NDArray[np.intp],
    bound: NDArray[np.float64],
    book: Book,
    kernel: KernelTuple,
    limits: Limits,
    progress: Callable[[int, int, float], bool] | None = None,
    *,
    weight: NDArray[np.float64] | None = None,
    initial: NDArray[np.float64] | None = None,
) -> Trained:
    """Train the machines of a book on the points whose `bound` is positive.

    `weight`, of the shape of the book, are factors of the bounds; ``dual_coef`` and `initial` have
    a row for each machine.
    """
    order, start = by_class(codes, len(book), bound)
    empty = np.empty((0, 0))
    raw = core.fit_code_book(
        points(X),
        kernel,
        order,
        start,
        book,
        np.minimum(bound[order], np.finfo(np.float64).max),
        empty if weight is None else weight,
        empty if initial is None else np.ascontiguousarray(initial[:, order]),
        limits.tol,
        limits.max_iter,
        0.0 if limits.max_time is None else limits.max_time,
        cache_bytes(limits.cache_size),
        n_threads(limits.n_jobs),
        progress,
    )
    return trained_of(raw, order)
