"""
Sparse linear models.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['fold_moments', 'gram_path', 'lasso_path']
def fold_moments(X: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], y: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], roots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, rows: typing.Annotated[numpy.typing.ArrayLike, numpy.int64] | None, offsets: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], center: bool, n_jobs: typing.SupportsInt | typing.SupportsIndex) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
    """
    Moments (folds, p + 2, p + 2) of sqrt(weight) [X - m, y - m_y, 1], and (m, m_y).
    """
def gram_path(gram: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], norms: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], correlations: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], y_squared: typing.SupportsFloat | typing.SupportsIndex, n_samples: typing.SupportsInt | typing.SupportsIndex, cancellation: typing.SupportsFloat | typing.SupportsIndex, single: bool, alphas: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, n_alphas: typing.SupportsInt | typing.SupportsIndex, eps: typing.SupportsFloat | typing.SupportsIndex, l1_ratio: typing.SupportsFloat | typing.SupportsIndex, penalty_factor: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, lower: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, upper: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, positive: bool, relaxed: bool, max_time: typing.SupportsFloat | typing.SupportsIndex, progress: typing.Any) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.float64]]:
    """
    As lasso_path, from the Gram matrix alone; means are 0.
    """
def lasso_path(X: typing.Any, y: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], alphas: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, n_alphas: typing.SupportsInt | typing.SupportsIndex, eps: typing.SupportsFloat | typing.SupportsIndex, l1_ratio: typing.SupportsFloat | typing.SupportsIndex, start: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, sample_weight: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, center: bool, gram: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, gram_error: typing.SupportsFloat | typing.SupportsIndex, correlations: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, penalty_factor: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, lower: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, upper: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, positive: bool, relaxed: bool, joint: bool, updates: str, max_time: typing.SupportsFloat | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.bool], numpy.typing.NDArray[numpy.float64]]:
    """
    alphas, coefficients (targets, alphas, features), gaps, passes, converged, exact, means; jointly: coefficients (alphas, targets, features), and one row of the others.
    """
