"""From validated input to the native call, and from its result to warnings and errors."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array

from mlqa_fast._mlqa_fast_core import linear_model as native
from mlqa_fast._threadpool import n_threads

FLOATS = (np.float64, np.float32)

NOT_CONVERGED = (
    "Objective did not converge. You might want to increase the number of iterations, check the "
    "scale of the features or consider increasing regularisation."
)
NO_PENALTY = (
    "\nLinear regression models with a zero l1 penalization strength are more efficiently fitted "
    "using one of the solvers implemented in sklearn.linear_model.Ridge/RidgeCV instead."
)
CENTERED_GRAM = (
    "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix."
)
NOT_FINITE = (
    "Coordinate descent iterations resulted in non-finite parameter values. The input data may "
    "contain large values and need to be preprocessed."
)


class NativePath(NamedTuple):
    """Result of `solve`: one row a target, of the certificates one in all where it is joint."""

    alphas: NDArray[np.float64]
    coefs: NDArray[Any]  # (n_targets, n_alphas, n_features), in the precision of X
    goals: NDArray[np.float64]  # what gaps times n_samples had to reach
    gaps: NDArray[np.float64]
    n_iters: NDArray[np.int64]
    converged: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    x_means: NDArray[np.float64]
    y_means: NDArray[np.float64]


class GramProblem(NamedTuple):
    """A dense problem of one target by its second moments, centred and weighted."""

    gram: NDArray[np.float64]  # X'X
    norms: NDArray[np.float64]  # of the columns before their centring
    correlations: NDArray[np.float64]  # X'y, (1, n_features)
    y_squared: float
    n_samples: int
    cancellation: float  # y'y before its centring, over y_squared
    x_means: NDArray[np.float64]
    y_mean: float
    single: bool  # coefficients in float32


def check_structure(X: Any) -> Any:
    """Refuse a compressed sparse matrix whose index arrays contradict its shape.

    Others come back as they are, or as another matrix over the same arrays: SciPy notes what it
    finds on the matrix, and the caller's is not ours to write to.
    """
    if not (sparse.issparse(X) and X.format in ("csr", "csc", "bsr")):
        return X
    X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    X.check_format(full_check=True)
    return X


def native_matrix(X: Any) -> Any:
    """X as the binding takes it: an aligned array of any strides, or the parts of a CSC matrix."""
    if not sparse.issparse(X):
        return np.require(X, requirements="A")
    X = X.tocsc()
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if X.nnz > np.iinfo(np.int32).max or X.shape[0] > np.iinfo(np.int32).max:
        raise ValueError("sparse X with more than 2^31 - 1 entries or rows is not supported")
    values = np.require(X.data, requirements=["A", "C"])
    return values, X.indices.astype(np.int32), X.indptr.astype(np.int32), X.shape[0]


def normalised_weights(sample_weight: Any, n_samples: int) -> NDArray[np.float64]:
    """Weights in float64 that sum to the number of samples."""
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}!")
    if not np.all(np.isfinite(weights)):
        raise ValueError("Input sample_weight contains NaN or infinity.")
    if np.any(weights < 0):
        raise ValueError("Negative values in data passed to `sample_weight`.")
    total = float(np.sum(weights))
    if total == 0:
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights * (n_samples / total)


def factors_of(penalty_factor: Any, n_features: int) -> NDArray[np.float64] | None:
    """Penalty factors in float64: not negative, not NaN, infinite for a feature that stays out."""
    if penalty_factor is None:
        return None
    factors = np.array(penalty_factor, dtype=np.float64)
    if factors.shape != (n_features,):
        raise ValueError(
            f"penalty_factor has shape {factors.shape}, expected {(n_features,)}, one a feature"
        )
    if not np.all(factors >= 0):
        raise ValueError("penalty_factor must not be negative or NaN")
    return factors


def bounds_of(bounds: Any, n_features: int) -> tuple[NDArray[np.float64] | None, ...]:
    """Lower and upper bounds of the coefficients, each a number or one a feature, around 0."""
    if bounds is None:
        return None, None
    if len(bounds) != 2:
        raise ValueError(f"bounds must be a pair, lower and upper, got {len(bounds)} entries")
    lower, upper = (
        np.array(np.broadcast_to(np.asarray(bound, dtype=np.float64), (n_features,)))
        for bound in bounds
    )
    if not (np.all(lower <= 0) and np.all(upper >= 0)):
        raise ValueError("bounds must have no lower bound above 0, no upper bound below 0, no NaN")
    return lower, upper


def checked_gram(
    X: Any, precompute: Any, *, fit_intercept: bool, sample_weight: Any
) -> tuple[Any, str]:
    """The caller's Gram matrix if it can be used, and how to update otherwise."""
    if isinstance(precompute, (bool, np.bool_, str)) or sparse.issparse(X):
        return None, "gram" if precompute is True and not sparse.issparse(X) else "auto"
    if fit_intercept and not np.allclose(np.average(X, axis=0, weights=sample_weight), 0.0):
        warnings.warn(CENTERED_GRAM, UserWarning, stacklevel=4)
        return None, "auto"
    gram = check_array(precompute, dtype=FLOATS)
    n_features = X.shape[1]
    if gram.shape != (n_features, n_features):
        raise ValueError(
            f"the Gram matrix passed in via 'precompute' has shape {gram.shape}, expected "
            f"{(n_features, n_features)}"
        )
    first = n_features // 2
    second = min(first + 1, n_features - 1)
    columns = np.asarray(X[:, [first, second]], dtype=np.float64)
    weights = 1.0 if sample_weight is None else normalised_weights(sample_weight, len(X))
    expected, actual = np.sum(weights * columns[:, 0] * columns[:, 1]), gram[first, second]
    rtol = 1e-4 if np.float32 in (X.dtype, gram.dtype) else 1e-7
    if not np.isclose(expected, actual, rtol=rtol, atol=1e-5):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a "
            "single element was checked - please check that it was computed properly. For element "
            f"({first},{second}) we computed {expected} but the user-supplied value was {actual}."
        )
    return gram, "auto"


def solve(
    X: Any,
    y: NDArray[Any],
    *,
    alphas: Any,
    n_alphas: int = 1,
    eps: float = 1e-3,
    l1_ratio: float = 1.0,
    penalty_factor: Any = None,
    bounds: Any = None,
    fit_intercept: bool = False,
    sample_weight: Any = None,
    gram: Any = None,
    correlations: Any = None,
    start: Any = None,
    positive: bool = False,
    relaxed: bool = False,
    joint: bool = False,
    tol: float = 1e-4,
    max_iter: int | None = 1000,
    updates: str = "auto",
    max_time: float | None = None,
    n_jobs: int | None = None,
    progress: Any = None,
) -> NativePath:
    """Run the native path on validated input: `y` is (n_samples,) or (n_samples, n_targets).

    `alphas` decreases, or is None for a grid of `n_alphas`. `joint` makes all targets one problem,
    whose penalty is on the norms of the coefficients of each feature. Warns where `max_iter` came
    first.
    """
    n_samples, n_features = X.shape
    targets = np.ascontiguousarray(np.atleast_2d(np.asarray(y, dtype=np.float64).T))
    weights = None if sample_weight is None else normalised_weights(sample_weight, n_samples)
    y_means = np.zeros(len(targets))
    if fit_intercept:
        y_means = np.array([np.average(target, weights=weights) for target in targets])
        targets = targets - y_means[:, None]
    if weights is not None:
        targets = targets * np.sqrt(weights)
    if start is not None:
        start = np.atleast_2d(np.asarray(start, dtype=np.float64))
        if start.shape != (len(targets), n_features):
            raise ValueError(
                f"initial coefficients have shape {start.shape}, expected "
                f"{(len(targets), n_features)}"
            )
    lower, upper = bounds_of(bounds, n_features)
    alphas, coefs, gaps, n_iters, converged, exact, x_means = native.lasso_path(
        X=native_matrix(X),
        y=targets,
        alphas=None if alphas is None else np.ascontiguousarray(alphas, dtype=np.float64),
        n_alphas=n_alphas,
        eps=eps,
        l1_ratio=float(l1_ratio),
        start=start,
        sample_weight=weights,
        center=bool(fit_intercept),
        gram=None if gram is None else np.ascontiguousarray(gram, dtype=np.float64),
        gram_error=0.0 if gram is None else float(np.finfo(np.asarray(gram).dtype).eps),
        correlations=correlations,
        penalty_factor=factors_of(penalty_factor, n_features),
        lower=lower,
        upper=upper,
        tol=float(tol),
        max_iter=int(1000 if max_iter is None else max_iter),
        positive=bool(positive),
        relaxed=bool(relaxed),
        joint=bool(joint),
        updates=updates,
        max_time=np.inf if max_time is None else float(max_time),
        n_jobs=n_threads(n_jobs),
        progress=progress,
    )
    goals = tol * np.sum(targets**2, axis=1)
    if joint:
        coefs, goals = np.moveaxis(coefs, 0, 1), np.sum(goals, keepdims=True)
    path = NativePath(alphas, coefs, goals, gaps, n_iters, converged, exact, x_means, y_means)
    _check_result(path, n_samples)
    return path


def solve_gram(
    problem: GramProblem,
    *,
    alphas: Any,
    n_alphas: int = 1,
    eps: float = 1e-3,
    l1_ratio: float = 1.0,
    penalty_factor: Any = None,
    bounds: Any = None,
    positive: bool = False,
    relaxed: bool = False,
    tol: float = 1e-4,
    max_iter: int | None = 1000,
    max_time: float | None = None,
    progress: Any = None,
) -> NativePath:
    """As `solve`, of a problem whose Gram matrix is all that is known of X."""
    n_features = len(problem.norms)
    lower, upper = bounds_of(bounds, n_features)
    alphas, coefs, gaps, n_iters, converged, exact, _ = native.gram_path(
        gram=problem.gram,
        norms=problem.norms,
        correlations=problem.correlations,
        y_squared=float(problem.y_squared),
        n_samples=problem.n_samples,
        cancellation=float(problem.cancellation),
        single=problem.single,
        alphas=None if alphas is None else np.ascontiguousarray(alphas, dtype=np.float64),
        n_alphas=n_alphas,
        eps=eps,
        l1_ratio=float(l1_ratio),
        penalty_factor=factors_of(penalty_factor, n_features),
        lower=lower,
        upper=upper,
        tol=float(tol),
        max_iter=int(1000 if max_iter is None else max_iter),
        positive=bool(positive),
        relaxed=bool(relaxed),
        max_time=np.inf if max_time is None else float(max_time),
        progress=progress,
    )
    y_means = np.array([problem.y_mean])
    goals = np.array([tol * problem.y_squared])
    path = NativePath(
        alphas, coefs, goals, gaps, n_iters, converged, exact, problem.x_means, y_means
    )
    _check_result(path, problem.n_samples)
    return path


def intercepts(path: NativePath, coefs: NDArray[Any]) -> NDArray[np.float64]:
    """Of each row of coefficients; no BLAS, whose bits change with its threads."""
    products = coefs * path.x_means
    return np.asarray(path.y_means - np.sum(products, axis=1), dtype=np.float64)


def _check_result(path: NativePath, n_samples: int) -> None:
    if not (np.all(np.isfinite(path.coefs)) and np.all(np.isfinite(path.gaps))):
        raise ValueError(NOT_FINITE)
    for target, k in zip(*np.nonzero(~path.converged), strict=True):
        gap = path.gaps[target, k] * n_samples
        message = f"{NOT_CONVERGED} Duality gap: {gap:.6e}, tolerance: {path.goals[target]:.3e}"
        if path.alphas[k] < np.finfo(np.float64).eps:
            message += NO_PENALTY
        warnings.warn(message, ConvergenceWarning, stacklevel=4)
