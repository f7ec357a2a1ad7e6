"""Paths of penalties: what ``lasso_path`` and ``enet_path`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_random_state

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast.linear_model._lasso_cd import check_number
from mlqa_fast.linear_model._problem import FLOATS, check_structure, checked_gram
from mlqa_fast.linear_model._tall import solve

NO_GRID = (
    "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by "
    "providing your estimator with the appropriate `alphas=` argument."
)

CONSTRAINTS: dict[str, list[Any]] = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", "sparse matrix"],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
}


@contextmanager
def progress_bar(what: str, total: int, shown: bool) -> Iterator[Callable[..., bool] | None]:
    """A function that moves a bar to (done, ..., gap), or None if none is shown."""
    if not shown:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit="alpha") as bar:

        def progress(done: int, *rest: float) -> bool:
            bar.update(done - bar.n)
            bar.set_postfix_str(f"gap {rest[-1]:.1e}", refresh=False)
            return False

        yield progress


def compute_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float,
    eps: float,
    alphas: Any,
    precompute: Any,
    Xy: Any,
    coef_init: Any,
    verbose: Any,
    return_n_iter: bool,
    positive: bool,
    params: dict[str, Any],
) -> tuple[Any, ...]:
    """Alphas, coefficients ([n_targets,] n_features, n_alphas), gaps, and passes if asked for."""
    options = _path_options(params)
    if options.pop("check_input"):
        X = check_array(
            check_structure(X), accept_sparse="csc", dtype=FLOATS, accept_large_sparse=False
        )
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    joint = np.ndim(y) > 1
    if joint:
        if positive:
            raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
        if options["bounds"] is not None:
            raise ValueError("bounds are not allowed for multi-output (y.ndim != 1)")
        precompute, Xy = "auto", None  # without effect, as in scikit-learn
    if X.shape[0] != len(y):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {[X.shape[0], len(y)]}"
        )
    gram, updates = checked_gram(
        X, precompute, fit_intercept=False, sample_weight=options["sample_weight"]
    )
    grid, n_alphas = _grid(alphas)
    if grid is None and l1_ratio == 0:
        raise ValueError(NO_GRID)
    correlations = None
    if Xy is not None and gram is not None:
        correlations = check_array(Xy, dtype=np.float64, ensure_2d=False, input_name="Xy")[None]
    what = "lasso path" if l1_ratio == 1 else "elastic net path"
    with progress_bar(what, n_alphas, bool(verbose)) as progress:
        path = solve(
            X,
            y,
            alphas=grid,
            n_alphas=n_alphas,
            eps=eps,
            l1_ratio=l1_ratio,
            gram=gram,
            correlations=correlations,
            start=coef_init,
            positive=positive,
            joint=joint,
            updates=updates,
            progress=progress,
            **options,
        )
    coefs = np.moveaxis(path.coefs, 1, 2)
    result = path.alphas, coefs if joint else coefs[0], path.gaps[0]
    return (*result, path.n_iters[0].tolist()) if return_n_iter else result


def _grid(alphas: Any) -> tuple[NDArray[np.float64] | None, int]:
    """The penalties in falling order, or None where only their number is given."""
    if isinstance(alphas, Integral):
        return None, int(alphas)
    given = check_array(alphas, ensure_2d=False, dtype=np.float64, input_name="alphas")
    grid = np.sort(given)[::-1]
    if grid[-1] < 0:
        raise ValueError(f"alphas must not be negative, got {grid[-1]}")
    return grid, len(grid)


def _path_options(params: dict[str, Any]) -> dict[str, Any]:
    """Options that scikit-learn takes by ``**params``, checked; those without effect left out."""
    options = {
        "tol": 1e-4,
        "max_iter": 1000,
        "sample_weight": None,
        "penalty_factor": None,
        "bounds": None,
        "check_input": True,
        "n_jobs": None,
        "max_time": None,
    }
    without_effect = {"selection": "cyclic", "random_state": None, "do_screening": True}
    if "n_alphas" in params:
        raise ValueError("n_alphas was replaced by alphas: pass alphas=<number of alphas>")
    unknown = params.keys() - options.keys() - without_effect.keys()
    if unknown:
        raise ValueError("Unexpected parameters in params", unknown)
    given = without_effect | params
    check_number("tol", params.get("tol", 1e-4), 0.0)
    if params.get("max_iter") is not None:
        check_number("max_iter", params["max_iter"], 1, Integral)
    if params.get("max_time") is not None:
        check_number("max_time", params["max_time"], 0.0)
    check_random_state(given["random_state"])
    if given["selection"] not in ("cyclic", "random"):
        raise ValueError("selection should be either random or cyclic.")
    return {name: params.get(name, default) for name, default in options.items()}
