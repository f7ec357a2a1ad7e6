"""Orders of the classes for the directed acyclic graph, and what they are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.metrics.pairwise import (
    linear_kernel,
    polynomial_kernel,
    rbf_kernel,
    sigmoid_kernel,
)
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets

from mlqa_fast._compat import Interval, StrOptions, validate_params
from mlqa_fast.svm._problem import KERNELS, checked

# Numbers that a block of kernel or decision values may hold.
BLOCK = 1 << 23

KERNEL_CONSTRAINTS = {
    "kernel": [StrOptions(set(KERNELS))],
    "degree": [Interval(Integral, 0, None, closed="left")],
    "gamma": [Interval(Real, 0.0, None, closed="left")],
    "coef0": [Interval(Real, None, None, closed="neither")],
}


def checked_order(order: Any, n_classes: int) -> NDArray[np.int64]:
    """A permutation of 0, ..., n_classes - 1; ValueError for anything else."""
    order = np.asarray(order)
    if (
        order.shape != (n_classes,)
        or order.dtype.kind not in "iu"
        or not np.array_equal(np.sort(order), np.arange(n_classes))
    ):
        raise ValueError(f"order must be a permutation of 0, ..., {n_classes - 1}")
    return np.asarray(order, dtype=np.int64)


def dag_order(score: Any, *, ties: Any = None) -> NDArray[np.int64]:
    """Put the classes in an order in which the surest machines of the graph come first.

    The first machine that the graph asks is that of the two ends of the list, and neighbours on the
    list meet last, where all others are struck off. So the pair of the largest score takes the
    ends, the pair of the largest score among the classes that are left the two places next to them,
    and so on inwards; a single class that is left comes into the middle. Of each pair the one goes
    to the left that makes the scores with the class before it on the other side larger in sum:
    those are the machines that are asked next.

    Parameters
    ----------
    score : array-like of shape (n_classes, n_classes)
        How sure the machine of each pair of classes is: `pair_margins` or `centroid_distances`
        (most separated classes first), or `pair_accuracies`. Symmetric; the diagonal is not read.
    ties : array-like of shape (n_classes, n_classes), default=None
        Scores of pairs that are equal in `score`. Pairs equal in both are taken by number.

    Returns
    -------
    ndarray of shape (n_classes,), int64
        A permutation of 0, ..., `n_classes` - 1, as `dag_predict` takes it.

    Raises
    ------
    ValueError
        If a matrix is not square and symmetric, or holds NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.svm import dag_order
    >>> place = np.array([2.0, 0.0, 3.0, 1.0])
    >>> dag_order(np.abs(place[:, None] - place)).tolist()
    [1, 3, 0, 2]
    """
    score = _pair_matrix(score, "score", None)
    k = len(score)
    second = np.zeros_like(score) if ties is None else _pair_matrix(ties, "ties", k)
    low, high = np.triu_indices(k, 1)
    free = np.ones(k, dtype=bool)
    left: list[int] = []
    right: list[int] = []
    for pair in np.lexsort((-second[low, high], -score[low, high])):
        a, b = int(low[pair]), int(high[pair])
        if not (free[a] and free[b]):
            continue
        free[[a, b]] = False
        if left:
            before, behind = left[-1], right[-1]
            if score[b, behind] + score[a, before] > score[a, behind] + score[b, before]:
                a, b = b, a
        left.append(a)
        right.append(b)
    return np.array([*left, *np.flatnonzero(free), *right[::-1]], dtype=np.int64)


def _pair_matrix(values: Any, name: str, n_classes: int | None) -> NDArray[np.float64]:
    values = check_array(
        values, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=2, input_name=name
    )
    k = len(values) if n_classes is None else n_classes
    off = ~np.eye(len(values), values.shape[1], dtype=bool)
    if values.shape != (k, k):
        raise ValueError(f"{name} must have shape {(k, k)}, got {values.shape}")
    if np.isnan(values[off]).any():
        raise ValueError(f"{name} holds NaN")
    if not np.array_equal(values[off], values.T[off]):
        raise ValueError(f"{name} must be symmetric")
    return np.asarray(values)


@validate_params(KERNEL_CONSTRAINTS, prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
def pair_margins(
    support_vectors: Any,
    dual_coef: Any,
    n_support: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
) -> NDArray[np.float64]:
    r"""Margins of one-vs-one machines, with their slack, from what a fit leaves.

    ``sqrt(2 / D)`` for the dual objective ``D = sum alpha - |w|^2 / 2`` of a machine. Where no
    sample is inside of the margin, D is ``|w|^2 / 2`` and this is the width 2 / \|w\|. Slack makes
    D larger and narrows it. The width alone would not do: with all coefficients at their bound
    \|w\| is that bound times the distance of the classes, and the most separated ones have the
    narrowest margin.

    Parameters
    ----------
    support_vectors : {array-like, sparse matrix} of shape (n_vectors, n_features)
        Support vectors sorted by class; with ``kernel="precomputed"`` their kernel matrix.
    dual_coef : {array-like, sparse matrix} of shape (n_classes - 1, n_vectors)
        Signed coefficients in LIBSVM's layout, as for `dag_predict`.
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

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        Symmetric; infinite where D is not positive, as between classes without support vectors,
        and on the diagonal.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> from mlqa_fast.svm import SVC, pair_margins
    >>> svc = SVC(kernel="linear", C=1e3).fit([[0.0], [1.0], [4.0]], [0, 1, 2])
    >>> pair_margins(svc.support_vectors_, svc.dual_coef_, svc.n_support_, kernel="linear").round(3)
    array([[inf,  1.,  4.],
           [ 1., inf,  3.],
           [ 4.,  3., inf]])
    """
    coef, count = machine_parts(dual_coef, n_support)
    vectors = _points(support_vectors, "support_vectors", kernel)
    if vectors.shape[0] != coef.shape[1]:
        raise ValueError(
            f"support_vectors must have {coef.shape[1]} rows, got shape {vectors.shape}"
        )
    k, start = len(count), np.concatenate([[0], np.cumsum(count)])
    member = _members(np.repeat(np.arange(k), count), k)
    norm, total = np.zeros((k, k)), np.zeros((k, k))
    for a in range(k):
        others = np.delete(np.arange(k), a)
        # The coefficients of a against each other class, and theirs against a.
        mine, theirs = coef[:, start[a] : start[a + 1]], np.zeros(coef.shape[1])
        theirs[: start[a]] = coef[a - 1, : start[a]]
        theirs[start[a + 1] :] = coef[min(a, k - 2), start[a + 1] :]
        values = _kernel_values(vectors, start[a], start[a + 1], kernel, degree, gamma, coef0)
        of_a = values[:, start[a] : start[a + 1]]
        norm[a, others] = np.einsum("ri,ri->r", mine @ of_a, mine)
        norm[a, others] += np.einsum("ri,ir->r", mine, ((values * theirs) @ member)[:, others])
        total[a, others] = np.abs(mine).sum(axis=1)
    objective = (total + total.T) - (norm + norm.T) / 2
    margin = np.full((k, k), np.inf)
    np.divide(2.0, objective, out=margin, where=objective > 0)
    return np.asarray(np.sqrt(margin))


@validate_params(KERNEL_CONSTRAINTS, prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
def centroid_distances(
    X: Any,
    y: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
) -> NDArray[np.float64]:
    """Distances of the classes' means in the space of the kernel.

    Takes the kernel values of all pairs of samples, but keeps few at a time. Classes that are far
    apart for their spread are told apart most surely; this knows nothing of the spread, nor of the
    machines.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples; with ``kernel="precomputed"`` their kernel matrix.
    y : array-like of shape (n_samples,)
        Labels.
    kernel : {'linear', 'poly', 'rbf', 'sigmoid', 'precomputed'}, default='rbf'
        Kernel function.
    degree : int, default=3
        Degree of 'poly'.
    gamma : float, default=1.0
        Coefficient of 'rbf', 'poly' and 'sigmoid'.
    coef0 : float, default=0.0
        Constant of 'poly' and 'sigmoid'.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        Symmetric; classes in sorted order.

    Raises
    ------
    ValueError
        If X and y do not fit, or y holds fewer than 2 classes.

    Examples
    --------
    >>> from mlqa_fast.svm import centroid_distances
    >>> centroid_distances([[0.0], [2.0], [5.0]], [0, 0, 1], kernel="linear").tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    """
    X = _points(X, "X", kernel)
    classes, codes = _classes(y)
    check_consistent_length(X, codes)
    n, k = X.shape[0], len(classes)
    member = _members(codes, k)
    total = np.zeros((k, k))
    for first, last in _blocks(n, n):
        values = _kernel_values(X, first, last, kernel, degree, gamma, coef0)
        total += member[first:last].T @ (values @ member)
    count = np.bincount(codes)
    mean = total / (count[:, None] * count)
    mean = (mean + mean.T) / 2
    own = np.diag(mean)
    return np.asarray(np.sqrt(np.maximum(own[:, None] + own - 2 * mean, 0)))


@validate_params(  # type: ignore[untyped-decorator]
    {"fit": [callable], "cv": [Interval(Integral, 2, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def pair_accuracies(
    y: Any,
    fit: Callable[[NDArray[np.intp]], Callable[[NDArray[np.intp]], NDArray[np.float64]]],
    *,
    cv: int = 5,
) -> NDArray[np.float64]:
    """Share of the samples of each two classes that their machine tells apart, cross-validated.

    The samples of each class are dealt into the folds in turn. Each fold is decided by machines
    that were trained on the others; one fit a fold serves all pairs.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    fit : callable
        ``fit(rows)`` trains on these samples, which hold all classes, and returns a function of
        other rows whose result holds the values of the machines of classes (0, 1), (0, 2), ...,
        (n_classes - 2, n_classes - 1) for each: above 0 for the first class.
    cv : int, default=5
        Folds, at least 2.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        Symmetric, 1 on the diagonal; classes in sorted order.

    Raises
    ------
    ValueError
        If there are fewer than 2 classes, or a class has one sample only.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.svm import SVC, pair_accuracies
    >>> X, y = np.array([[0.0], [1.0], [4.0], [3.0], [9.0], [8.0]]), np.array([0, 0, 1, 1, 2, 2])
    >>> def fit(rows):
    ...     svc = SVC(kernel="linear", decision_function_shape="ovo").fit(X[rows], y[rows])
    ...     return lambda others: svc.decision_function(X[others])
    >>> pair_accuracies(y, fit, cv=2).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    classes, codes = _classes(y)
    count, k = np.bincount(codes), len(classes)
    if count.min() < 2:
        raise ValueError(
            f"class {classes[np.argmin(count)]!r} has one sample only: none is left to train on"
        )
    low, high = np.triu_indices(k, 1)
    right = np.zeros((k, k))
    fold = np.empty(len(codes), dtype=np.intp)
    by_class = np.argsort(codes, kind="stable")
    fold[by_class] = (np.arange(len(codes)) - np.repeat(np.cumsum(count) - count, count)) % cv
    for f in range(min(cv, int(count.max()))):
        decide, test = fit(np.flatnonzero(fold != f)), np.flatnonzero(fold == f)
        for first, last in _blocks(len(test), len(low)):
            rows = test[first:last]
            for_low = decide(rows) > 0
            of_low, of_high = codes[rows, None] == low, codes[rows, None] == high
            right[low, high] += ((of_low & for_low) | (of_high & ~for_low)).sum(axis=0)
    right += right.T
    share = np.asarray(right / (count[:, None] + count))
    np.fill_diagonal(share, 1.0)
    return share


def machine_parts(dual_coef: Any, n_support: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Coefficients and counts of one-vs-one machines, as arrays that fit."""
    if sp.issparse(dual_coef):
        dual_coef = dual_coef.toarray()
    dual_coef = check_array(
        dual_coef, dtype=np.float64, order="C", ensure_min_features=0, input_name="dual_coef"
    )
    count = np.asarray(n_support)
    if count.ndim != 1 or count.dtype.kind not in "iu" or count.size < 2 or count.min() < 0:
        raise ValueError(
            "n_support must hold the number of support vectors of each of 2 or more classes"
        )
    shape = (len(count) - 1, int(count.sum()))
    if dual_coef.shape != shape:
        raise ValueError(f"dual_coef must have shape {shape}, got {dual_coef.shape}")
    return dual_coef, count.astype(np.int64)


def _points(X: Any, name: str, kernel: str) -> Any:
    X = check_array(
        X,
        accept_sparse="csr" if kernel != "precomputed" else False,
        dtype=np.float64,
        accept_large_sparse=False,
        input_name=name,
    )
    X = checked(X)
    if kernel == "precomputed" and X.shape[0] != X.shape[1]:
        raise ValueError(f"{name} should be a square matrix of kernel values, got {X.shape}")
    return X


def _classes(y: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Sorted labels, and the place of each sample's."""
    if y is None:
        raise ValueError("y should be a 1d array, got None")
    y = column_or_1d(y, warn=True)
    if len(y) == 0:
        raise ValueError("y is empty: it holds the label of each sample")
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y must hold 2 classes or more, got {len(classes)} class")
    return classes, codes


def _members(codes: NDArray[np.intp], n_classes: int) -> Any:
    """The indicator matrix of the classes."""
    ones = np.ones(len(codes))
    return sp.csr_array((ones, codes, np.arange(len(codes) + 1)), shape=(len(codes), n_classes))


def _blocks(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    step = max(1, BLOCK // max(columns, 1))
    return ((first, min(first + step, rows)) for first in range(0, rows, step))


def _kernel_values(
    X: Any, first: int, last: int, kernel: str, degree: int, gamma: float, coef0: float
) -> NDArray[np.float64]:
    """Rows of the kernel matrix of X."""
    rows = X[first:last]
    if kernel == "precomputed" or first == last:
        return np.zeros((last - first, X.shape[0])) if first == last else rows
    if kernel == "linear":
        values = linear_kernel(rows, X)
    elif kernel == "poly":
        values = polynomial_kernel(rows, X, degree, gamma, coef0)
    elif kernel == "sigmoid":
        values = sigmoid_kernel(rows, X, gamma, coef0)
    else:
        values = rbf_kernel(rows, X, gamma)
    return np.asarray(values)
