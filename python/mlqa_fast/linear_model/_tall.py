"""From a problem to its path: large tall ones by their moments, all others by their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mlqa_fast.linear_model._fold_moments import (
    TALL,
    SharedFold,
    centred,
    fold_moments,
    in_doubt,
)
from mlqa_fast.linear_model._folds import Penalised, Rows
from mlqa_fast.linear_model._problem import NativePath
from mlqa_fast.linear_model._problem import solve as solve_rows

LARGE = 1 << 20  # entries of X from which one pass that copies nothing is worth more calls
FEATURES_AN_ALPHA, MORE_ALPHAS, MOST_FEATURES = 64, 8, 4096  # as in cpp/linear_model/lasso.cpp
BY_ROWS = ("gram", "correlations", "start")  # arguments that only `solve_rows` takes


def solve(X: Any, y: NDArray[Any], *, alphas: Any, **options: Any) -> NativePath:
    """As `_problem.solve`; X is not copied where its moments do."""
    common = Penalised(**{name: options[name] for name in Penalised._fields if name in options})
    given = common.joint or any(options.get(name) is not None for name in BY_ROWS)
    n_alphas = options.get("n_alphas", 1) if alphas is None else len(alphas)
    if given or np.size(y) != len(y) or not _pays(X, n_alphas, common.updates):
        return solve_rows(X, y, alphas=alphas, **options)
    rows = Rows(X, np.ravel(y), options.get("sample_weight"), common)
    (moments,) = fold_moments(rows)
    problem = centred(moments, common.fit_intercept, X.dtype)
    if problem is None:
        return solve_rows(X, y, alphas=alphas, **options)
    whole = SharedFold(problem, moments, common, lambda: in_doubt(rows))
    taken = (*Penalised._fields, *BY_ROWS, "sample_weight")
    rest = {name: value for name, value in options.items() if name not in taken}
    return whole.solve(alphas=alphas, **rest)


def _pays(X: Any, n_alphas: int, updates: str) -> bool:
    if sparse.issparse(X) or updates not in ("auto", "gram") or X.size < LARGE:
        return False
    n_samples, n_features = X.shape
    most = min(MOST_FEATURES, FEATURES_AN_ALPHA * (n_alphas + MORE_ALPHAS))
    return bool(n_samples >= TALL * n_features and n_features <= most)
