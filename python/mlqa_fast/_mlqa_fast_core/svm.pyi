"""
Support vector machines: training and prediction.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['fit', 'fit_linear', 'rows_repeat', 'vote', 'walk']
def fit(points: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], bound: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, cache_bytes: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int32], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int32], float, float, float, int]:
    """
    Machines of every two classes: support, counts, dual_coef, rho, steps, certificates, status.
    """
def fit_linear(points: typing.Any, order: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], solver: typing.SupportsInt | typing.SupportsIndex, squared: bool, constant: typing.SupportsFloat | typing.SupportsIndex, cost: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], label: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], factor: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], value: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], epsilon: typing.SupportsFloat | typing.SupportsIndex, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, max_time: typing.SupportsFloat | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], float, float, int]:
    """
    Linear machines: weights with the constant's last, passes, gap, objective, status.
    """
def rows_repeat(indices: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], indptr: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], n_features: typing.SupportsInt | typing.SupportsIndex) -> bool:
    """
    Whether a row of a CSR matrix holds a column twice; ValueError where its parts do not fit.
    """
def vote(points: typing.Any, support_vectors: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], support: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], dual_coef: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], intercept: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex, want_decision: bool) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float64]]:
    """
    Classes by one-vs-one vote, and the decision values.
    """
def walk(points: typing.Any, support_vectors: typing.Any, kernel: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex], support: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], start: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], dual_coef: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], intercept: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], n_jobs: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    Classes by the directed acyclic graph, and how many machines each point asked.
    """
