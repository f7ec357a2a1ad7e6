"""What training and prediction share: kernels, points as the extension takes them, results."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast._memory import memory_bytes
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._coefficients import (
    MOST_DENSE,
    PackedCoefficients,
    given_by_extension,
    numbers,
)

KERNELS = {"linear": 0, "poly": 1, "rbf": 2, "sigmoid": 3, "precomputed": 4}
NOT_CONVERGED, TIME_LIMIT = 2, 3

KernelTuple = tuple[int, int, float, float]

# Parameters of the functions that train a classifier on labelled points.
FUNCTION_PARAMETERS: dict[str, list[Any]] = {
    "C": [Interval(Real, 0.0, None, closed="right")],
    "kernel": [StrOptions(set(KERNELS))],
    "degree": [Interval(Integral, 0, None, closed="left")],
    "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="left")],
    "coef0": [Interval(Real, None, None, closed="neither")],
    "tol": [Interval(Real, 0.0, None, closed="neither")],
    "cache_size": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    "max_iter": [Interval(Integral, -1, None, closed="left")],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
    "n_jobs": [Integral, None],
}


class Trained(NamedTuple):
    """Machines and their certificates: one-vs-one in LIBSVM's layout, or a row for each machine."""

    support: NDArray[np.int64]
    n_support: NDArray[np.int32]
    dual_coef: NDArray[np.float64] | PackedCoefficients
    intercept: NDArray[np.float64]
    n_iter: NDArray[np.int32]
    kkt_violation: float
    dual_gap: float
    objective: float
    status: int
    #: Kernel rows and values that were computed.
    work: tuple[int, int]
    #: Dual objectives of the machines.
    objectives: NDArray[np.float64]


class Limits(NamedTuple):
    """When a solver stops, and what it may use."""

    tol: float
    max_iter: int
    max_time: float | None
    cache_size: str | float
    n_jobs: int | None


def cache_bytes(cache_size: str | float) -> float:
    """Megabytes as bytes; ``'auto'`` is an eighth of the memory."""
    return memory_bytes() / 8 if isinstance(cache_size, str) else float(cache_size) * 1e6


def numeric_gamma(gamma: str | float, X: Any) -> float:
    """``'scale'`` and ``'auto'`` as numbers, by scikit-learn's definitions."""
    if not isinstance(gamma, str):
        return float(gamma)
    if gamma == "auto":
        return 1.0 / int(X.shape[1])
    if sp.issparse(X):
        # scikit-learn's sums to the last bit, for a path of steps may turn on it where points tie;
        # X.multiply(X) would look for equal columns on the way.
        squares = type(X)((np.square(X.data), X.indices, X.indptr), shape=X.shape)
        variance = squares.mean() - X.mean() ** 2
    else:
        variance = X.var()
    return float(1.0 / (X.shape[1] * variance)) if variance != 0 else 1.0


def kernel_tuple(kernel: str, degree: int, gamma: float, coef0: float) -> KernelTuple:
    """A kernel function as the extension takes it."""
    return KERNELS[kernel], int(min(degree, 2**31 - 1)), float(gamma), float(coef0)


def checked(X: Any) -> Any:
    """X, or for a CSR matrix one that shares its arrays if they are in order, else a sorted copy.

    ValueError where the parts of the matrix do not fit, before compiled code follows them.
    """
    if not sp.issparse(X):
        return X
    rows, columns = X.shape
    stored = min(len(X.indices), len(X.data))
    if len(X.indptr) != rows + 1:
        raise ValueError(f"the sparse matrix has {len(X.indptr)} row pointers for {rows} rows")
    if X.indptr[0] != 0 or X.indptr[-1] > stored or (np.diff(X.indptr) < 0).any():
        raise ValueError("the sparse matrix has row pointers beyond its data, or decreasing ones")
    used = X.indices[: X.indptr[-1]]
    if used.size and not 0 <= used.min() <= used.max() < columns:
        raise ValueError(f"the sparse matrix has column indices outside of 0 .. {columns - 1}")
    rises = np.diff(used) > 0
    first = X.indptr[1:-1]
    rises[first[(first > 0) & (first < len(used))] - 1] = True
    in_order = bool(rises.all())
    mine = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=not in_order)
    if not in_order:
        mine.sum_duplicates()
    return mine


def take_labelled(X: Any, y: Any, kernel: str, function: str) -> tuple[Any, NDArray[Any]]:
    """X and y of a function, validated."""
    X = check_array(
        X, accept_sparse="csr", dtype=np.float64, accept_large_sparse=False, input_name="X"
    )
    X = checked(X)
    if y is None:
        raise ValueError(f"{function} requires y to be passed, but the target y is None")
    y = column_or_1d(y)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    check_consistent_length(X, y)
    if kernel == "precomputed":
        if sp.issparse(X):
            raise TypeError("Sparse precomputed kernels are not supported.")
        if X.shape[0] != X.shape[1]:
            raise ValueError(
                "Precomputed matrix must be a square matrix."
                f" Input is a {X.shape[0]}x{X.shape[1]} matrix."
            )
    return X, y


def bounds(C: float, sample_weight: Any, X: Any) -> NDArray[np.float64]:
    """C times the weights of the points of X, with 0 for negative ones."""
    bound = np.full(X.shape[0], float(C))
    if sample_weight is not None:
        weight = column_or_1d(
            check_array(
                sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
            )
        )
        check_consistent_length(X, weight)
        bound[weight <= 0] = 0.0
        bound[weight > 0] *= weight[weight > 0]
    return bound


def points(X: Any) -> Any:
    """Points as the extension takes them."""
    if not sp.issparse(X):
        return X
    return X.data.astype(np.float64, copy=False), X.indices, X.indptr, X.shape[1]


def by_class(
    codes: NDArray[np.intp], n_classes: int, bound: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the points whose `bound` is positive, sorted by class, and where classes begin.

    Raises ValueError where a class has none, or one class has them all.
    """
    kept = np.flatnonzero(bound > 0) if bound.min(initial=1.0) <= 0 else None
    codes_kept = codes if kept is None else codes[kept]
    if codes_kept.size == 0:
        raise ValueError("Invalid input - all samples have zero or negative weights.")
    counts = np.bincount(codes_kept, minlength=n_classes)
    if np.count_nonzero(counts) == 1:
        raise ValueError(
            "Invalid input - all samples with positive weights belong to the same class."
        )
    if not counts.all():
        raise ValueError(
            f"Invalid input - all samples of class {int(np.argmin(counts))} (in the order of "
            "classes_) have zero or negative weights."
        )
    # NumPy sorts numbers of 16 bits by their digits.
    narrow = np.uint16 if n_classes <= 2**16 else np.intp
    order = np.argsort(codes_kept.astype(narrow, copy=False), kind="stable")
    if kept is not None:
        order = kept[order]
    start = np.zeros(n_classes + 1, dtype=np.int64)
    np.cumsum(counts, out=start[1:])
    return order.astype(np.int64, copy=False), start


def train(
    X: Any,
    codes: NDArray[np.intp],
    n_classes: int,
    bound: NDArray[np.float64],
    kernel: KernelTuple,
    limits: Limits,
    progress: Callable[[int, int, float], bool] | None = None,
    *,
    nu: float = 0.0,
    initial: NDArray[np.float64] | None = None,
) -> Trained:
    """Train the machines of every two classes on the points whose `bound` is positive.

    A positive `nu` makes nu-machines; `initial` are dual coefficients to begin with, in LIBSVM's
    layout: (n_classes - 1, n_samples). ``support`` holds indices of points of X. Raises ValueError
    where nothing can be trained.
    """
    order, start = by_class(codes, n_classes, bound)
    raw = core.fit(
        points(X),
        kernel,
        order,
        start,
        np.minimum(bound[order], np.finfo(np.float64).max),
        nu,
        np.empty((0, 0)) if initial is None else np.ascontiguousarray(initial[:, order]),
        limits.tol,
        limits.max_iter,
        0.0 if limits.max_time is None else limits.max_time,
        cache_bytes(limits.cache_size),
        n_threads(limits.n_jobs),
        # Of two classes every coefficient of a support vector is other than 0.
        MOST_DENSE if n_classes > 2 else len(order),
        progress,
    )
    return trained_of(raw, order, nu > 0)


def trained_of(raw: tuple[Any, ...], order: NDArray[np.int64], by_nu: bool = False) -> Trained:
    """Machines as the extension returns them, if all of their numbers are finite."""
    position, n_support, given, rho, n_iter, violation, gap, objectives, status, work = raw
    dual_coef = given_by_extension(given, len(position))
    if not (np.isfinite(rho).all() and np.isfinite(numbers(dual_coef)).all()):
        raise ValueError(
            "The dual coefficients or intercepts are not finite."
            " The input data may contain large values and need to be preprocessed."
            + (" Or nu is too small for classes that overlap: a margin is 0." if by_nu else "")
        )
    return Trained(
        order[position],
        n_support,
        dual_coef,
        -rho,
        n_iter,
        violation,
        gap,
        float(np.cumsum(objectives)[-1]),  # in the order of the machines
        status,
        work,
        objectives,
    )


def warn_if_early(trained: Any, limits: Limits, stacklevel: int) -> None:
    """ConvergenceWarning, with the certificate reached, for a solver that a limit stopped."""
    if trained.status not in (NOT_CONVERGED, TIME_LIMIT):
        return
    if trained.status == TIME_LIMIT:
        why = f"(max_time={limits.max_time})."
    elif limits.max_iter >= 0 and np.max(trained.n_iter) >= limits.max_iter:
        why = f"(max_iter={limits.max_iter})."
    else:
        why = "(the violation lies within the rounding error of double precision)."
    warnings.warn(
        f"Solver terminated early {why}  Consider pre-processing your data with StandardScaler or"
        f" MinMaxScaler. KKT violation reached: {trained.kkt_violation:.3g} (tol={limits.tol:.3g}),"
        f" duality gap: {trained.dual_gap:.3g}.",
        ConvergenceWarning,
        stacklevel=stacklevel,
    )


def starts(n_support: NDArray[np.int32]) -> NDArray[np.int64]:
    """Offsets of the classes among the support vectors."""
    start = np.zeros(len(n_support) + 1, dtype=np.int64)
    np.cumsum(n_support, out=start[1:])
    return start
