"""
Sparse linear models.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['lasso_path']
def lasso_path(X: typing.Any, y: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], alphas: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, n_alphas: typing.SupportsInt | typing.SupportsIndex, eps: typing.SupportsFloat | typing.SupportsIndex, l1_ratio: typing.SupportsFloat | typing.SupportsIndex, start: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, sample_weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, center: bool, gram: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, gram_error: typing.SupportsFloat | typing.SupportsIndex, correlations: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, penalty_factor: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, lower: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, upper: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, positive: bool, relaxed: bool, joint: bool, updates: str, max_time: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.float64]]:
    """
    alphas, coefficients (targets, alphas, features), gaps, passes, converged, means; jointly: coefficients (alphas, targets, features), and one row of gaps, passes and converged.
    """
