"""One binary machine by sequential minimal optimisation."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix, numeric_gamma
from mlqa_fast.svm import SMOResult


def svm_smo(
    X: Any,
    y: Any,
    *,
    C: float = 1.0,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: str | float = "scale",
    coef0: float = 0.0,
    tol: float = 1e-3,
    sample_weight: Any = None,
    cache_size: str | float = 200,
    max_iter: int = -1,
    max_time: float | None = None,
    n_jobs: int | None = None,
) -> SMOResult:
    r"""Train one binary machine, two coefficients at a time: `mlqa_fast.svm.svm_smo`.

    In signed coefficients :math:`\beta_i = y_i \alpha_i` the dual is to minimise
    :math:`\frac12 \beta' K \beta - y'\beta` with :math:`\sum_i \beta_i = 0` and
    :math:`0 \le y_i \beta_i \le C_i`; its gradient is :math:`F = K \beta - y`. A step moves weight
    from j to i, with i the smallest F among those that may grow and j the largest gain
    :math:`(F_j - F_i)^2 / (K_{ii} + K_{jj} - 2 K_{ij})` among those that may fall, until no F of
    the second kind exceeds one of the first by `tol`. `cache_size` and `n_jobs` change nothing.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import svm_smo
    >>> svm_smo([[-1.0], [-0.5], [0.5], [2.0]], [0, 0, 1, 1], kernel="linear", C=10).dual_coef
    array([ 0., -2.,  2.,  0.])
    """
    X = dense(X)
    _, positive = np.unique(np.asarray(y))
    sign = np.where(np.asarray(y) == positive, 1.0, -1.0)
    if kernel == "precomputed":
        K = X
    else:
        K = kernel_matrix(X, X, kernel, degree, numeric_gamma(gamma, X), coef0)
    weight = np.ones(len(sign)) if sample_weight is None else np.asarray(sample_weight, float)
    upper = np.where(sign > 0, C * np.maximum(weight, 0), 0.0)
    lower = np.where(sign < 0, -C * np.maximum(weight, 0), 0.0)
    beta, F, n_iter, start = np.zeros(len(sign)), -sign.copy(), 0, time.monotonic()
    while True:
        up, low = np.where(beta < upper, F, np.inf), np.where(beta > lower, F, -np.inf)
        i = int(np.argmin(up))
        if low.max() - up[i] < tol:
            break
        if n_iter == max_iter or (max_time is not None and time.monotonic() - start >= max_time):
            warnings.warn("Solver terminated early", ConvergenceWarning, stacklevel=2)
            break
        curvature = np.maximum(K[i, i] + np.diag(K) - 2 * K[i], 1e-12)
        j = int(np.argmax(np.where(low > F[i], (F - F[i]) ** 2 / curvature, -np.inf)))
        delta = min((F[j] - F[i]) / curvature[j], upper[i] - beta[i], beta[j] - lower[j])
        beta[i] = upper[i] if delta == upper[i] - beta[i] else beta[i] + delta
        beta[j] = lower[j] if delta == beta[j] - lower[j] else beta[j] - delta
        F += delta * (K[i] - K[j])
        n_iter += 1
    return _certified(K, sign, beta, lower, upper, n_iter)


def _certified(
    K: NDArray[np.float64],
    sign: NDArray[np.float64],
    beta: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    n_iter: int,
) -> SMOResult:
    """Constant, violation, gap and objective, from the coefficients alone."""
    F = K @ beta - sign
    rises, falls = beta < upper, beta > lower
    free = rises & falls
    if free.any():
        rho = float(F[free].mean())
    else:
        rho = float((F[rises].min() + F[falls].max()) / 2)
    violation = max(float(F[falls].max() - F[rises].min()), 0.0)
    norm2, alpha, bound = float(beta @ K @ beta), np.abs(beta), upper - lower
    hinge = np.maximum(0.0, 1 - sign * (F + sign - rho))
    dual = float(alpha.sum()) - norm2 / 2
    primal = norm2 / 2 + float(bound @ hinge)
    return SMOResult(beta, -rho, n_iter, violation, primal - dual, dual)
