"""One machine of all classes at once, one pair of coefficients of a sample at a time."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix, numeric_gamma
from mlqa_fast.svm import AllAtOnceResult


def all_at_once(
    X: Any,
    y: Any,
    *,
    loss: str = "crammer_singer",
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
) -> AllAtOnceResult:
    r"""Train one machine of all classes by steps between two classes: `mlqa_fast.svm.all_at_once`.

    The dual is to minimise :math:`\frac12 \sum_m \beta_m' K \beta_m + \sum_{mi} e_{mi} \beta_{mi}`,
    :math:`e_{mi} = [m \ne y_i]`, with :math:`\sum_m \beta_{mi} = 0` and, after Crammer and Singer,
    :math:`\beta_{mi} \le C_i [m = y_i]`, after Weston and Watkins
    :math:`-C_i \le \beta_{mi} \le 0` for :math:`m \ne y_i`. With the slopes
    :math:`G_m = K \beta_m + e_m`, a step moves what two classes of one sample can exchange: to the
    class of the least slope among those that may grow, from that of the largest among those that
    may fall; for Weston and Watkins one of the two is the sample's own. `cache_size` and `n_jobs`
    change nothing.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import all_at_once
    >>> all_at_once([[-1.0], [1.0]], [0, 1], kernel="linear", tol=1e-9).objective
    0.25
    """
    X, start, n_iter = dense(X), time.monotonic(), 0
    if kernel == "precomputed":
        K = X
    else:
        K = kernel_matrix(X, X, kernel, degree, numeric_gamma(gamma, X), coef0)
    weight = np.ones(len(K)) if sample_weight is None else np.asarray(sample_weight, float)
    cost = C * np.maximum(weight, 0.0)
    own = np.unique(np.asarray(y), return_inverse=True)[1] == np.arange(len(set(y)))[:, None]
    if loss == "crammer_singer":
        upper, lower = np.where(own, cost, 0.0), np.full(own.shape, -np.inf)
    else:
        upper, lower = np.where(own, np.inf, 0.0), np.where(own, 0.0, -cost)
    upper[:, cost == 0] = lower[:, cost == 0] = 0.0
    beta, G = np.zeros(own.shape), np.where(own, 0.0, 1.0)
    while True:
        rises, falls = np.where(beta < upper, G, np.inf), np.where(beta > lower, G, -np.inf)
        if loss == "crammer_singer":
            to, back = rises.argmin(axis=0), falls.argmax(axis=0)
        else:
            to, back = _with_the_own(G, own, rises, falls)
        violation = np.take_along_axis(G, back[None], 0)[0] - np.take_along_axis(G, to[None], 0)[0]
        i = int(violation.argmax())
        if violation[i] <= tol:
            break
        if n_iter == max_iter or (max_time is not None and time.monotonic() - start >= max_time):
            warnings.warn("Solver terminated early", ConvergenceWarning, stacklevel=2)
            break
        a, b = to[i], back[i]
        room = min(upper[a, i] - beta[a, i], beta[b, i] - lower[b, i])
        delta = min(violation[i] / (2 * K[i, i]) if K[i, i] > 0 else np.inf, room)
        beta[a, i] = upper[a, i] if delta == upper[a, i] - beta[a, i] else beta[a, i] + delta
        beta[b, i] = lower[b, i] if delta == beta[b, i] - lower[b, i] else beta[b, i] - delta
        G[a] += delta * K[i]
        G[b] -= delta * K[i]
        n_iter += 1
    violation = max(float(violation[i]), 0.0)
    return AllAtOnceResult(beta, n_iter, violation, *_certified(K, own, beta, cost, loss))


def _with_the_own(
    G: NDArray[np.float64],
    own: NDArray[np.bool_],
    rises: NDArray[np.float64],
    falls: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pair of each sample with the largest violation, of which one is its own class."""
    y = own.argmax(axis=0)
    slope = G[y, np.arange(len(y))]
    to, back = np.where(own, np.inf, rises).argmin(axis=0), np.where(own, -np.inf, falls).argmax(0)
    above = falls[back, np.arange(len(y))] - slope
    below = slope - np.where(own, np.inf, rises)[to, np.arange(len(y))]
    return np.where(above >= below, y, to), np.where(above >= below, back, y)


def _certified(
    K: NDArray[np.float64],
    own: NDArray[np.bool_],
    beta: NDArray[np.float64],
    cost: NDArray[np.float64],
    loss: str,
) -> tuple[float, float]:
    """Gap and dual objective, from the coefficients alone."""
    f = beta @ K
    e = np.where(own, 0.0, 1.0)
    s = e + f - f[own.argmax(axis=0), np.arange(len(cost))]
    losses = s.max(axis=0) if loss == "crammer_singer" else np.maximum(s, 0.0).sum(axis=0)
    norm2 = float(np.sum(beta * f))
    dual = -norm2 / 2 - float(np.sum(beta * e))
    return norm2 / 2 + float(cost @ losses) - dual, dual
