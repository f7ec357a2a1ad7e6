"""What linear machines share: which solver, which rows count, how they are trained and stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.validation import check_is_fitted

from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._problem import NOT_CONVERGED, TIME_LIMIT, points

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
DUAL, PRIMAL, L1, CRAMMER_SINGER = range(4)
SQUARED = {"squared_hinge", "squared_epsilon_insensitive"}
SOLVERS: dict[str, dict[str, dict[bool, int]]] = {
    "hinge": {"l2": {True: DUAL}},
    "squared_hinge": {"l1": {False: L1}, "l2": {False: PRIMAL, True: DUAL}},
    "epsilon_insensitive": {"l2": {True: DUAL}},
    "squared_epsilon_insensitive": {"l2": {False: PRIMAL, True: DUAL}},
}


class LinearLimits(NamedTuple):
    """When a solver stops, and what it may use."""

    tol: float
    max_iter: int
    max_time: float | None
    random_state: Any
    n_jobs: int | None


class TrainedLinear(NamedTuple):
    """Weights of the machines with those of the constant feature last, and their certificate."""

    weights: NDArray[np.float64]
    n_iter: NDArray[np.int64]
    dual_gap: float
    objective: float
    status: int


def solver_of(loss: str, penalty: str, dual: bool | str, shape: tuple[int, int]) -> int:
    """The solver for a combination; ``'auto'`` is the dual for fewer samples than features.

    ValueError, with scikit-learn's text, where there is none.
    """
    solvers = SOLVERS[loss].get(penalty)
    if solvers is None:
        why = f"The combination of penalty='{penalty}' and loss='{loss}' is not supported"
    else:
        if isinstance(dual, str):
            dual = shape[0] < shape[1]
            dual = dual if dual in solvers else not dual
        if bool(dual) in solvers:
            return solvers[bool(dual)]
        why = (
            f"The combination of penalty='{penalty}' and loss='{loss}' are not supported when"
            f" dual={dual}"
        )
    raise ValueError(
        f"Unsupported set of arguments: {why}, Parameters: penalty={penalty!r}, loss={loss!r},"
        f" dual={dual!r}"
    )


def rows_of(X: Any) -> Any:
    """X, or where a row of a CSR matrix holds a column twice, a copy that does not.

    ValueError where the parts of the matrix do not fit, before compiled code follows them. The
    order of the columns does not matter.
    """
    if not sp.issparse(X):
        return X
    if len(X.indptr) != X.shape[0] + 1 or len(X.data) < len(X.indices):
        raise ValueError("the sparse matrix has indptr or data of the wrong length")
    if core.rows_repeat(X.indices, X.indptr, X.shape[1]):
        X = X.copy()
        X.sum_duplicates()
    return X


def weights_of(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64]:
    """Weights of the samples. ValueError where none counts, or one is not finite."""
    if sample_weight is None:
        return np.ones(n_samples)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.ndim == 0:
        weight = np.full(n_samples, float(weight))
    if weight.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got {weight.ndim}D array.")
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}; the shapes are"
            " inconsistent"
        )
    if not np.isfinite(weight).all():
        raise ValueError("Input sample_weight contains NaN or infinity.")
    if not (weight > 0).any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def class_factors(
    class_weight: dict[Any, float] | str | None,
    classes: NDArray[Any],
    y: ArrayLike,
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Factors of C for the classes."""
    if class_weight is None:
        return np.ones(len(classes))
    given = {"sample_weight": weight} if class_weight == "balanced" else {}
    factors = compute_class_weight(class_weight, classes=classes, y=y, **given)
    return np.asarray(factors, dtype=np.float64)


def train_linear(
    X: Any,
    solver: int,
    squared: bool,
    constant: float,
    cost: NDArray[np.float64],
    limits: LinearLimits,
    *,
    codes: NDArray[np.intp] | None = None,
    factors: NDArray[np.float64] | None = None,
    value: NDArray[np.float64] | None = None,
    epsilon: float = 0.0,
    verbose: int = 0,
    name: str = "linear_svm",
) -> TrainedLinear:
    """Train machines on the rows whose cost is positive.

    ValueError where a class has no such row, or the weights are not finite.
    """
    kept = np.flatnonzero(cost > 0).astype(np.int64, copy=False)
    none = np.zeros(0)
    if codes is not None and factors is not None:
        counts = np.bincount(codes[kept], minlength=len(factors))
        if not counts.all():
            raise ValueError(
                f"Invalid input - all samples of class {int(np.argmin(counts))} (in the order of"
                " classes_) have zero or negative weights."
            )
    seed = int(check_random_state(limits.random_state).randint(np.iinfo("i").max))
    if sp.issparse(X) and X.dtype != np.float64:
        X = X.astype(np.float64)
    with _progress(verbose, name) as progress:
        raw = core.fit_linear(
            points(X),
            kept,
            solver,
            squared,
            constant,
            cost[kept],
            none.astype(np.int64) if codes is None else codes[kept].astype(np.int64),
            none if factors is None else factors,
            none if value is None else value[kept],
            epsilon,
            limits.tol,
            limits.max_iter,
            0.0 if limits.max_time is None else limits.max_time,
            seed,
            n_threads(limits.n_jobs),
            progress,
        )
    trained = TrainedLinear(*raw)
    if not np.isfinite(trained.weights).all():
        raise ValueError(
            "The weights are not finite."
            " The input data may contain large values and need to be preprocessed."
        )
    return trained


@contextmanager
def _progress(verbose: int, name: str) -> Iterator[Callable[[int, int, float], bool] | None]:
    """Machines that are done, as a bar."""
    if not verbose:
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(unit="machine", desc=name) as bar:

        def show(done: int, total: int, _: float) -> bool:
            bar.total = total
            bar.update(done - bar.n)
            return False

        yield show


def warn_if_linear_early(trained: TrainedLinear, limits: LinearLimits, stacklevel: int) -> None:
    """ConvergenceWarning, with the certificate reached, for a solver that took all it may.

    As in scikit-learn, that includes one whose last step happened to be the one that it needed.
    """
    early = trained.status in (NOT_CONVERGED, TIME_LIMIT)
    if not early and trained.n_iter.max() < limits.max_iter:
        return
    why = "Liblinear failed to converge, increase the number of iterations."
    if trained.status == TIME_LIMIT:
        why = f"The solver was stopped by max_time={limits.max_time}."
    elif trained.n_iter.max() < limits.max_iter:
        why = "The gradient lies within the rounding error of double precision."
    warnings.warn(
        f"{why} Duality gap reached: {trained.dual_gap:.3g}, objective: {trained.objective:.6g}.",
        ConvergenceWarning,
        stacklevel=stacklevel,
    )


class LinearMachine(BaseEstimator):  # type: ignore[misc]
    """What the estimators over linear machines share."""

    def __sklearn_tags__(self) -> Any:
        """What the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Interrupted or refused: the estimator stays what it was."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _limits(self) -> LinearLimits:
        return LinearLimits(
            float(self.tol), int(self.max_iter), self.max_time, self.random_state, self.n_jobs
        )

    def _take(self, trained: TrainedLinear) -> None:
        self.coef_: Any = trained.weights[:, :-1]
        self.intercept_: Any = 0.0
        if self.fit_intercept:
            self.intercept_ = self.intercept_scaling * trained.weights[:, -1]
        self.n_iter_ = int(trained.n_iter.max())
        self.dual_gap_ = trained.dual_gap
        self.objective_ = trained.objective

    def densify(self) -> Any:
        """Make ``coef_`` a dense array again.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        check_is_fitted(self, msg="Estimator, %(name)s, must be fitted before densifying.")
        if sp.issparse(self.coef_):
            self.coef_ = self.coef_.toarray()
        return self

    def sparsify(self) -> Any:
        """Make ``coef_`` a CSR array, which is smaller where most weights are zero.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        check_is_fitted(self, msg="Estimator, %(name)s, must be fitted before sparsifying.")
        self.coef_ = sp.csr_array(self.coef_)
        return self

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
