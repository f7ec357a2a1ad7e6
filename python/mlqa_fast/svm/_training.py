"""What fitting any kernel machine shares: parameters, points, weights, state, a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_consistent_length, validate_data

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._libsvm import LibsvmFormat
from mlqa_fast.svm._plain import are_plain_points, is_plain_target
from mlqa_fast.svm._prediction import KernelMachine
from mlqa_fast.svm._problem import KernelTuple, Limits, checked, kernel_tuple, numeric_gamma

FORMAT = 1
# Entries of a kernel matrix may differ from their mirror images by this share of the largest.
ASYMMETRY = 1e-5

Progress = Callable[[int, int, float], bool]


class TrainedMachine(LibsvmFormat, KernelMachine):
    """A kernel machine that can be fitted."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "kernel": [StrOptions({"linear", "poly", "rbf", "sigmoid", "precomputed"}), callable],
        "degree": [Interval(Integral, 0, None, closed="left")],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="left")],
        "coef0": [Interval(Real, None, None, closed="neither")],
        "shrinking": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "cache_size": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "verbose": ["verbose"],
        "max_iter": [Interval(Integral, -1, None, closed="left")],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
    }

    gamma: str | float
    tol: float
    cache_size: float | str
    verbose: bool
    max_iter: int
    warm_start: bool
    max_time: float | None

    def __sklearn_tags__(self) -> Any:
        """What the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags

    @contextmanager
    def _unchanged_unless_fitted(self) -> Iterator[None]:
        """Interrupted or refused, the estimator stays what it was."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _take_points(self, X: Any, *y: Any) -> tuple[Any, ...]:
        """X, and y if given, validated."""
        if sp.issparse(X) and self.kernel == "precomputed":
            raise TypeError("Sparse precomputed kernels are not supported.")
        self._sparse = sp.issparse(X) and not callable(self.kernel)
        if callable(self.kernel):
            check_consistent_length(X, *y)
            return X, *y
        if are_plain_points(X, n_threads(self.n_jobs), np.float64) and all(
            is_plain_target(target) and len(target) == len(X) for target in y
        ):
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            return X, *y
        taken = validate_data(
            self, X, *y, dtype=np.float64, accept_sparse="csr", accept_large_sparse=False
        )
        points, *targets = taken if y else (taken,)
        return checked(points), *targets

    def _take_kernel(self, X: Any) -> tuple[Any, KernelTuple]:
        """What the extension trains on: points or kernel values, and the kernel function."""
        kernel = "precomputed" if callable(self.kernel) else self.kernel
        self._gamma = 0.0 if kernel == "precomputed" else numeric_gamma(self.gamma, X)
        if callable(self.kernel):
            # Prediction needs the kernel between new points and these.
            self._fit_points = X
        matrix = self._kernel_matrix(X)
        if callable(self.kernel):
            assert_all_finite(matrix, input_name="kernel values")
        if kernel == "precomputed":
            self._check_kernel_values(matrix)
        self.shape_fit_: tuple[int, ...] = X.shape if hasattr(X, "shape") else (len(X),)
        return matrix, kernel_tuple(kernel, self.degree, self._gamma, self.coef0)

    def _check_kernel_values(self, matrix: NDArray[np.float64]) -> None:
        if matrix.shape[0] != matrix.shape[1]:
            if callable(self.kernel):
                raise ValueError("X.shape[0] should be equal to X.shape[1]")
            raise ValueError(
                "Precomputed matrix must be a square matrix."
                f" Input is a {matrix.shape[0]}x{matrix.shape[1]} matrix."
            )
        largest, difference = _asymmetry(matrix)
        if difference > ASYMMETRY * largest:
            raise ValueError(
                "The kernel matrix must be symmetric: K and its transpose differ by up to"
                f" {difference:.3g}. Use (K + K.T) / 2 if that is what is meant."
            )

    def _check_weight(
        self, X: Any, sample_weight: ArrayLike | None, n: int
    ) -> NDArray[np.float64] | None:
        """sample_weight as numbers, with 0 for negative ones."""
        if sample_weight is None:
            return None
        weight = np.asarray(sample_weight, dtype=np.float64)
        if weight.shape != (n,):
            raise ValueError(
                f"sample_weight and X have incompatible shapes: {weight.shape!r} vs "
                f"{getattr(X, 'shape', (n,))!r}"
            )
        if not np.isfinite(weight).all():
            raise ValueError("Input sample_weight contains NaN or infinity.")
        return np.maximum(weight, 0.0)

    def _limits(self) -> Limits:
        return Limits(self.tol, int(self.max_iter), self.max_time, self.cache_size, self.n_jobs)

    @contextmanager
    def _progress(self, total: int, unit: str) -> Iterator[Progress | None]:
        """A bar with the violation and the number of support vectors, if `verbose`."""
        if not self.verbose:
            yield None
            return
        from tqdm.auto import tqdm

        with tqdm(total=total, unit=unit, desc=type(self).__name__) as bar:

            def show(done: int, support: int, violation: float) -> bool:
                bar.update(done - bar.n)
                bar.set_postfix(kkt=f"{violation:.2g}", support_vectors=support)
                return False

            yield show
            bar.update(total - bar.n)

    def __getstate__(self) -> dict[str, Any]:
        """State with the version of its format."""
        return {**super().__getstate__(), "_format": FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Refuse a state that a later version wrote."""
        state = dict(state)
        found = state.pop("_format", FORMAT)
        if found > FORMAT:
            raise ValueError(
                f"this {type(self).__name__} was saved in format {found};"
                f" this version reads up to {FORMAT}"
            )
        super().__setstate__(state)


def fingerprint(*parts: Any) -> bytes:
    """A digest of arrays, sparse matrices and numbers: the same one for the same problem."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if sp.issparse(part):
            digest.update(fingerprint(part.data, part.indices, part.indptr, part.shape))
        elif isinstance(part, np.ndarray):
            digest.update(repr((part.shape, part.dtype.str)).encode())
            # Block by block, so that a matrix of any strides is not copied as a whole.
            for block in np.array_split(part, max(1, part.nbytes >> 20)) if part.ndim else (part,):
                digest.update(np.ascontiguousarray(block).data)
        else:
            digest.update(repr(part).encode())
    return digest.digest()


def container_of(X: Any) -> Any:
    """The kind of CSR that X is."""
    return sp.csr_matrix if isinstance(X, sp.spmatrix) else sp.csr_array


def _asymmetry(matrix: NDArray[np.float64]) -> tuple[float, float]:
    """Largest magnitude, and largest difference from the transpose, block by block."""
    largest = difference = 0.0
    step = 256
    for i in range(0, len(matrix), step):
        largest = max(largest, float(np.abs(matrix[i : i + step]).max(initial=0.0)))
        for j in range(0, i + step, step):
            above = matrix[j : j + step, i : i + step].T
            below = matrix[i : i + step, j : j + step]
            difference = max(difference, float(np.abs(below - above).max(initial=0.0)))
    return largest, difference
