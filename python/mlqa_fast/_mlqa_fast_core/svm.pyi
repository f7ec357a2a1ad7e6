"""
Support vector machines: training and prediction.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Predictor', 'all_at_once', 'fit', 'fit_code_book', 'fit_linear', 'rows_repeat', 'solve', 'sparse_panels', 'sparse_rows_float32', 'sparse_rows_float64', 'sparse_sums_float32', 'sparse_sums_float64']
class Predictor:
    """
    A fitted model, packed for prediction.
    """
    def __init__(self, support_vectors: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], support: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], dual_coef: typing.Any, intercept: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 1, graph: bool = False) -> None:
        ...
    def classes(self, points: typing.Any, n_jobs: typing.SupportsInt | typing.SupportsIndex, graph: bool, order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64] | None = None, explore: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> numpy.typing.NDArray[numpy.int64]:
        """
        Classes by one-vs-one vote, or along the directed acyclic graph.
        """
    def decisions(self, points: typing.Any, n_jobs: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
        """
        Decision values of all machines.
        """
    def outputs(self, points: typing.Any, coef: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], intercept: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
        """
        Values of machines that have a coefficient for every support vector.
        """
    def screened(self, points: typing.Any) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
        """
        Decision values in float32, and the bounds of their error; for tests.
        """
    def walk(self, points: typing.Any, n_jobs: typing.SupportsInt | typing.SupportsIndex, order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64] | None = None, explore: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
        """
        Classes along the graph, and how many machines each point asked.
        """
def all_at_once(points: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], index: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], label: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], bound: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], classes: typing.SupportsInt | typing.SupportsIndex, loss: typing.SupportsInt | typing.SupportsIndex, initial: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, cache_bytes: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.float64], int, float, float, float, int, tuple[int, int]]:
    """
    A machine of all classes at once: beta, a row a class, steps, certificates, status, work.
    """
def fit(points: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], bound: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], nu: typing.SupportsFloat | typing.SupportsIndex, initial: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, cache_bytes: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, most_dense: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int32], numpy.typing.NDArray[numpy.float64] | tuple[numpy.typing.NDArray[numpy.uint8], numpy.typing.NDArray[numpy.float64]], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int32], float, float, numpy.typing.NDArray[numpy.float64], int, tuple[int, int]]:
    """
    Machines of every two classes: support, counts, dual_coef, rho, steps, certificates, status, work. Of more than most_dense numbers dual_coef is (bits, numbers that are not 0).
    """
def fit_code_book(points: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], code: typing.Annotated[numpy.typing.ArrayLike, numpy.int8], bound: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], initial: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, cache_bytes: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int32], numpy.typing.NDArray[numpy.float64] | tuple[numpy.typing.NDArray[numpy.uint8], numpy.typing.NDArray[numpy.float64]], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int32], float, float, numpy.typing.NDArray[numpy.float64], int, tuple[int, int]]:
    """
    Machines of a code book: as fit, with a row of dual_coef for each machine.
    """
def fit_linear(points: typing.Any, order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], solver: typing.SupportsInt | typing.SupportsIndex, squared: bool, constant: typing.SupportsFloat | typing.SupportsIndex, cost: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], label: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], factor: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], value: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], epsilon: typing.SupportsFloat | typing.SupportsIndex, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], float, float, int]:
    """
    Linear machines: weights with the constant's last, passes, gap, objective, status.
    """
def rows_repeat(indices: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], indptr: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], n_features: typing.SupportsInt | typing.SupportsIndex) -> bool:
    """
    Whether a row of a CSR matrix holds a column twice; ValueError where its parts do not fit.
    """
def solve(points: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], index: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], first: typing.SupportsInt | typing.SupportsIndex, linear: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], lower: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], upper: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], initial: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], total: typing.Annotated[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(2)"], epsilon: typing.SupportsFloat | typing.SupportsIndex, grouped: bool, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, cache_bytes: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.float64], float, float, int, float, float, float, int]:
    """
    One machine over one set of points: beta, rho of the groups, steps, certificates, status.
    """
def sparse_panels(x: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], z: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], width: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Kernel values of sparse points with panels of others.
    """
def sparse_rows_float32(x: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], index: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], which: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], step: typing.SupportsInt | typing.SupportsIndex = 0, n_jobs: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], bool]:
    """
    Kernel rows of sparse points, squared norms, diagonal, and whether all is finite.
    """
def sparse_rows_float64(x: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], index: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], which: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], step: typing.SupportsInt | typing.SupportsIndex = 0, n_jobs: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], bool]:
    """
    Kernel rows of sparse points, squared norms, diagonal, and whether all is finite.
    """
def sparse_sums_float32(x: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], z: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], first: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Weighted sums of the kernel values of sparse points.
    """
def sparse_sums_float64(x: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], z: tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float64], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.Annotated[numpy.typing.ArrayLike, numpy.int32], typing.SupportsInt | typing.SupportsIndex], weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], first: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], n_jobs: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
    """
    Weighted sums of the kernel values of sparse points.
    """
