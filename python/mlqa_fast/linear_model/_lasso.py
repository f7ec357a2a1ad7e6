"""``Lasso`` and ``lasso_path`` as scikit-learn has them, over the native solver."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Number, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import lasso_path as multi_task_path
from sklearn.utils import check_array, check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context, validate_params
from mlqa_fast.linear_model._lasso_cd import check_number
from mlqa_fast.linear_model._problem import (
    FLOATS,
    NOT_FINITE,
    check_structure,
    intercepts,
    normalised_weights,
    solve,
)

NO_ALPHA = (
    "With alpha=0, this algorithm does not converge well. You are advised to use the "
    "LinearRegression estimator"
)
CENTERED_GRAM = (
    "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix."
)


def _checked_gram(
    X: Any, precompute: Any, *, fit_intercept: bool, sample_weight: Any
) -> tuple[Any, str]:
    """The caller's Gram matrix if it can be used, and how to update otherwise."""
    if isinstance(precompute, (bool, np.bool_, str)) or sparse.issparse(X):
        return None, "gram" if precompute is True and not sparse.issparse(X) else "auto"
    if fit_intercept and not np.allclose(np.average(X, axis=0, weights=sample_weight), 0.0):
        warnings.warn(CENTERED_GRAM, UserWarning, stacklevel=4)
        return None, "auto"
    gram = check_array(precompute, dtype=FLOATS)
    n_features = X.shape[1]
    if gram.shape != (n_features, n_features):
        raise ValueError(
            f"the Gram matrix passed in via 'precompute' has shape {gram.shape}, expected "
            f"{(n_features, n_features)}"
        )
    first = n_features // 2
    second = min(first + 1, n_features - 1)
    columns = np.asarray(X[:, [first, second]], dtype=np.float64)
    weights = 1.0 if sample_weight is None else normalised_weights(sample_weight, len(X))
    expected, actual = np.sum(weights * columns[:, 0] * columns[:, 1]), gram[first, second]
    rtol = 1e-4 if np.float32 in (X.dtype, gram.dtype) else 1e-7
    if not np.isclose(expected, actual, rtol=rtol, atol=1e-5):
        raise ValueError(
            "Gram matrix passed in via 'precompute' parameter did not pass validation when a "
            "single element was checked - please check that it was computed properly. For element "
            f"({first},{second}) we computed {expected} but the user-supplied value was {actual}."
        )
    return gram, "auto"


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
    gram, updates = _checked_gram(
        X, precompute, fit_intercept=False, sample_weight=options["sample_weight"]
    )
    if isinstance(alphas, Integral):
        grid, n_alphas = None, int(alphas)
    else:
        grid = np.sort(check_array(alphas, ensure_2d=False, dtype=np.float64, input_name="alphas"))
        grid, n_alphas = grid[::-1], len(grid)
        if grid[-1] < 0:
            raise ValueError(f"alphas must not be negative, got {grid[-1]}")
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
    result: tuple[Any, ...] = multi_task_path(X, y, **arguments)
    return result


class Lasso(RegressorMixin, MultiOutputMixin, BaseEstimator):  # type: ignore[misc]
    """Linear model with an L1 penalty, as ``sklearn.linear_model.Lasso``.

    Minimises ::

        (1 / (2 * n_samples)) * ||y - Xw - b||^2_2 + alpha * ||w||_1

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty, at least 0. With 0 the problem is ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit b.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        A Gram matrix to use, or True to compute all of it first. False leaves the choice to the
        solver. Without effect for sparse `X`.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    max_iter : int, default=1000
        Most passes over the working set.
    tol : float, default=1e-4
        A solution is accepted once a pass changes no coefficient by more than `tol` times the
        largest one and the duality gap is at most ``tol * ||y||^2 / n_samples`` (y centred).
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    positive : bool, default=False
        Require coefficients to be positive.
    random_state : int, RandomState instance, default=None
        Without effect: coordinates are visited in order.
    selection : {'cyclic', 'random'}, default='cyclic'
        Without effect: coordinates are visited in order.
    n_jobs : int, default=None
        Threads for passes over all of `X`. The result has the same bits for any number.
    max_time : float, default=None
        Seconds after which the best solution so far is kept, with a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound of how far the objective is above its minimum, rounding included.
    n_iter_ : int or list of int
        Passes over the working set (coordinate descent; 0 where the start met the tolerance).
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    lasso_path : The same over many penalties.
    lasso_cd : The function behind it.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
    Statistical Society B 58(1), 1996.
    O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the Lasso", ICML 2015.

    Examples
    --------
    >>> from mlqa_fast.linear_model import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> print(model.coef_.round(2))
    [0.85 0.  ]
    >>> print(round(model.intercept_, 2))
    0.15
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
        "n_jobs": [Integral, None],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
    }
    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": UNUSED}

    path = staticmethod(lasso_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        n_jobs: int | None = None,
        max_time: float | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.n_jobs = n_jobs
        self.max_time = max_time

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Lasso:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target. Several targets are fitted one by one.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, not negative; a number is the same as None.
        check_input : bool, default=True
            False skips the search for NaN and infinities.

        Returns
        -------
        Lasso
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, data is NaN or infinite, or so large that sums overflow.
        """
        if self.alpha == 0:
            warnings.warn(NO_ALPHA, stacklevel=2)
        if check_input:
            X, y = validate_data(
                self,
                check_structure(X),
                y,
                accept_sparse="csc",
                dtype=FLOATS,
                accept_large_sparse=False,
                multi_output=True,
                y_numeric=True,
            )
        if isinstance(sample_weight, Number):
            sample_weight = None
        if sample_weight is not None:
            sample_weight = check_array(
                sample_weight, ensure_2d=False, dtype=FLOATS, input_name="sample_weight"
            )
        gram, updates = _checked_gram(
            X,
            self.precompute,
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
        )
        start = getattr(self, "coef_", None) if self.warm_start else None
        path = solve(
            X,
            y,
            alphas=[self.alpha],
            fit_intercept=self.fit_intercept,
            sample_weight=sample_weight,
            gram=gram,
            start=start,
            positive=self.positive,
            tol=self.tol,
            max_iter=self.max_iter,
            updates=updates,
            max_time=self.max_time,
            n_jobs=self.n_jobs,
        )
        coef = path.coefs[:, 0, :]
        intercept = intercepts(path, coef).astype(coef.dtype)
        if not np.all(np.isfinite(intercept)):
            raise ValueError(NOT_FINITE)
        several = len(coef) > 1
        self.coef_ = coef if several else coef[0]
        self.dual_gap_ = path.gaps[:, 0] if several else path.gaps[0, 0]
        self.n_iter_ = path.n_iters[:, 0].tolist() if several else int(path.n_iters[0, 0])
        if not self.fit_intercept:
            self.intercept_: Any = 0.0
        else:
            self.intercept_ = intercept if np.ndim(y) > 1 else intercept[0]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict with the linear model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X @ coef_.T + intercept_``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        predictions: NDArray[Any] = X @ self.coef_.T + self.intercept_
        return predictions

    @property
    def sparse_coef_(self) -> Any:
        """Coefficients as a sparse matrix of shape (n_targets, n_features)."""
        return sparse.csr_matrix(np.atleast_2d(self.coef_))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
