"""Paths of penalties: one problem after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlqa_fast.reference.linear_model._lasso import lasso_cd


def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """The elastic net without an intercept for each of several alphas, each from the one before it.

    `alphas` is a number of them, evenly spaced in the logarithm from the smallest alpha whose
    solution is zero, ``max |X'y| / (n l1_ratio)``, to `eps` times it; or the alphas themselves.
    `precompute`, `Xy` and `copy_X` have no effect. See :func:`mlqa_fast.linear_model.enet_path`.
    """
    if np.ndim(alphas) == 0:
        correlations = X.T @ np.asarray(y, dtype=np.float64)
        largest = np.max(correlations if positive else np.abs(correlations))
        largest /= X.shape[0] * l1_ratio
        alphas = np.geomspace(largest, eps * largest, alphas)
    alphas = np.sort(alphas)[::-1]
    start = {"coef_init": coef_init, "positive": positive}
    path = lasso_cd(X, y, alphas, l1_ratio=l1_ratio, fit_intercept=False, **start, **params)
    result = alphas, path.coef, path.dual_gap
    return (*result, path.n_iter.tolist()) if return_n_iter else result


def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    alphas: Any = 100,
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """The LASSO without an intercept for each of several alphas, each from the solution before it.

    `alphas` is a number of them, evenly spaced in the logarithm from the smallest alpha whose
    solution is zero, ``max |X'y| / n``, to `eps` times it; or the alphas themselves. `precompute`,
    `Xy` and `copy_X` have no effect. See :func:`mlqa_fast.linear_model.lasso_path`.
    """
    options = {"eps": eps, "coef_init": coef_init, "positive": positive, **params}
    return enet_path(X, y, l1_ratio=1.0, alphas=alphas, return_n_iter=return_n_iter, **options)
