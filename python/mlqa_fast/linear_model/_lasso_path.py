"""``lasso_path`` as scikit-learn has it, over the native solver."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array, check_random_state

from mlqa_fast._compat import Interval, StrOptions, multi_task_lasso_path, validate_params
from mlqa_fast.linear_model._lasso_cd import check_number
from mlqa_fast.linear_model._problem import FLOATS, check_structure, checked_gram, solve


def _progress_bar(total: int) -> tuple[Any, Callable[[int, int, float], bool]]:
    from tqdm import tqdm

    bar = tqdm(total=total, desc="lasso path", unit="alpha")

    def progress(done: int, total: int, gap: float) -> bool:
        bar.update(done - bar.n)
        bar.set_postfix_str(f"gap {gap:.1e}", refresh=False)
        return False

    return bar, progress


@validate_params(  # type: ignore[untyped-decorator]
    {
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
    },
    prefer_skip_nested_validation=True,
)
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
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """Compute the LASSO over a path of penalties, without an intercept.

    For each alpha, from the largest to the smallest, it minimises ::

        (1 / (2 * n_samples)) * ||y - Xw||^2_2 + alpha * ||w||_1

    in one native call, each from the solution before it. Every solution carries a certified
    duality gap.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Data, dense in any memory order or sparse; float32 stays float32.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Target. With two dimensions the problem is the multi-task LASSO, which is handed to
        scikit-learn's solver.
    eps : float, default=1e-3
        Length of the path: ``alpha_min / alpha_max = eps``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of alphas of an even grid in the logarithm, or the alphas themselves.
    precompute : 'auto', bool or array-like of shape (n_features, n_features), default='auto'
        A Gram matrix to use; True computes all of it first; 'auto' and False leave the choice to
        the solver. Without effect for sparse `X`.
    Xy : array-like of shape (n_features,), default=None
        ``X.T @ y``, if it is known. Only used with a Gram matrix.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    coef_init : array-like of shape (n_features,), default=None
        Where the largest alpha starts from.
    verbose : bool or int, default=False
        Show a bar of progress.
    return_n_iter : bool, default=False
        Whether to return the number of passes as well.
    positive : bool, default=False
        Require coefficients to be positive.
    **params : dict
        ``tol=1e-4`` and ``max_iter=1000`` as in :class:`Lasso`; ``sample_weight``, ``n_jobs`` and
        ``max_time`` as in :func:`lasso_cd`; ``check_input=False`` skips the search for NaN;
        ``selection``, ``random_state`` and ``do_screening`` are accepted without effect.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The alphas, decreasing.
    coefs : ndarray of shape (n_features, n_alphas)
        Coefficients along the path.
    dual_gaps : ndarray of shape (n_alphas,)
        Upper bounds of the duality gap.
    n_iters : list of int
        Passes for each alpha, if `return_n_iter`.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes do not fit, or data is NaN or infinite.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via
    coordinate descent", Journal of Statistical Software 33(1), 2010.
    R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", Journal
    of the Royal Statistical Society B 74, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.linear_model import lasso_path
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> alphas, coefs, gaps = lasso_path(X, [1, 2, 3.1], alphas=[5.0, 1.0, 0.5])
    >>> print(coefs.round(3))
    [[0.    0.    0.469]
     [0.216 0.443 0.237]]
    >>> bool(gaps.max() < 1e-10)
    True
    """
    options = _path_options(params)
    if np.ndim(y) != 1 or sparse.issparse(y):
        return _multi_task_path(
            X,
            y,
            eps=eps,
            alphas=alphas,
            precompute=precompute,
            Xy=Xy,
            coef_init=coef_init,
            positive=positive,
            return_n_iter=return_n_iter,
            **params,
        )
    if options.pop("check_input"):
        X = check_array(
            check_structure(X), accept_sparse="csc", dtype=FLOATS, accept_large_sparse=False
        )
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    if X.shape[0] != len(y):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {[X.shape[0], len(y)]}"
        )
    gram, updates = checked_gram(
        X, precompute, fit_intercept=False, sample_weight=options["sample_weight"]
    )
    grid, n_alphas = _grid(alphas)
    correlations = None
    if Xy is not None and gram is not None:
        correlations = check_array(Xy, dtype=np.float64, ensure_2d=False, input_name="Xy")[None]
    bar, progress = _progress_bar(n_alphas) if verbose else (None, None)
    try:
        path = solve(
            X,
            y,
            alphas=grid,
            n_alphas=n_alphas,
            eps=eps,
            gram=gram,
            correlations=correlations,
            start=coef_init,
            positive=positive,
            updates=updates,
            progress=progress,
            **options,
        )
    finally:
        if bar is not None:
            bar.close()
    result = path.alphas, path.coefs[0].T, path.gaps[0]
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
        "check_input": True,
        "n_jobs": None,
        "max_time": None,
    }
    without_effect = {"selection": "cyclic", "random_state": None, "do_screening": True}
    if "n_alphas" in params:
        raise ValueError("n_alphas was replaced by alphas: pass alphas=<number of alphas>")
    l1_ratio = params.get("l1_ratio", 1.0)
    if l1_ratio != 1:
        raise ValueError(
            f"l1_ratio must be 1, got {l1_ratio!r}: see sklearn.linear_model.enet_path"
        )
    unknown = params.keys() - options.keys() - without_effect.keys() - {"l1_ratio"}
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


def _multi_task_path(X: Any, y: Any, *, positive: bool, **arguments: Any) -> tuple[Any, ...]:
    if positive:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    for name in ("l1_ratio", "n_jobs", "max_time"):
        arguments.pop(name, None)
    return multi_task_lasso_path(X, y, **arguments)
