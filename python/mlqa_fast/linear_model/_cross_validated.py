"""The estimators that choose alpha by cross-validation, without their faces."""

from __future__ import annotations

from numbers import Integral, Number, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import check_cv
from sklearn.utils import check_array, check_consistent_length, check_scalar
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import column_or_1d, validate_data

from mlqa_fast._compat import (
    Interval,
    StrOptions,
    _fit_context,
    check_sample_weight,
    raise_for_params,
    routing_enabled,
)
from mlqa_fast.linear_model._cross_validation import alpha_grid, chosen_alpha, fold_paths
from mlqa_fast.linear_model._fold_moments import folds_of
from mlqa_fast.linear_model._folds import Folds, Penalised, Rows
from mlqa_fast.linear_model._linear import LinearRegressor
from mlqa_fast.linear_model._path import NO_GRID, progress_bar
from mlqa_fast.linear_model._problem import FLOATS, check_structure, intercepts


class CrossValidated(LinearRegressor):
    """A path on every fold, the alpha with the best error, and the fit on all data at it."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "copy_X": ["boolean"],
        "cv": ["cv_object"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
        "penalty_factor": ["array-like", None],
        "bounds": [tuple, list, None],
        "alpha_rule": [StrOptions({"min", "1se"})],
        "relaxed": ["boolean"],
        "max_time": [Interval(Real, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        eps: float,
        alphas: Any,
        fit_intercept: bool,
        precompute: Any,
        max_iter: int,
        tol: float,
        copy_X: bool,
        cv: Any,
        verbose: Any,
        n_jobs: int | None,
        positive: bool,
        random_state: Any,
        selection: str,
        penalty_factor: Any,
        bounds: Any,
        alpha_rule: str,
        relaxed: bool,
        max_time: float | None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.alpha_rule = alpha_rule
        self.relaxed = relaxed
        self.max_time = max_time

    def _l1_ratios(self) -> list[float]:
        return [float(ratio) for ratio in np.atleast_1d(getattr(self, "l1_ratio", 1.0))]

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose alpha by cross-validation, and fit all data with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the fits and of the errors on each fold, not negative; a number is the same
            as None.
        **params : dict
            Passed to the splitter, where metadata routing is enabled.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, or data is NaN or infinite.
        """
        raise_for_params(params, self, "fit")
        X, y = self._check_data(X, y)
        weights = None
        if sample_weight is not None and not isinstance(sample_weight, Number):
            weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        common = self._common(X)
        given = self._given_alphas()
        splits = self._splits(X, y, sample_weight, params)
        folds = folds_of(Rows(X, y, weights, common), splits)
        grids = self._grids(folds, given)
        total = len(folds) * len(grids) * len(grids[0][1])
        with progress_bar("cross-validation", total, bool(self.verbose)) as progress:
            paths = fold_paths(folds, grids, self.max_time, progress)
        means = paths.errors.mean(axis=1)
        best = int(np.argmin(means.min(axis=1)))
        place = chosen_alpha(paths.errors[best], self.alpha_rule)
        l1_ratio, alphas = grids[best]
        if hasattr(self, "l1_ratio"):
            self.l1_ratio_ = l1_ratio
        self.alpha_ = alphas[place]
        self.mse_path_ = np.squeeze(np.moveaxis(paths.errors, 2, 1))
        self.dual_gap_path_ = np.squeeze(np.moveaxis(paths.gaps, 2, 1))
        several = isinstance(self.alphas, Integral) and len(grids) > 1
        self.alphas_ = np.array([grid for _, grid in grids]) if several else grids[0][1]
        self._refit(folds, l1_ratio, common.joint)
        return self

    def _common(self, X: Any) -> Penalised:
        return Penalised(
            fit_intercept=self.fit_intercept,
            penalty_factor=self.penalty_factor,
            bounds=self.bounds,
            positive=self.positive,
            relaxed=self.relaxed,
            joint=False,
            tol=self.tol,
            max_iter=self.max_iter,
            updates="gram" if self.precompute is True and not sparse.issparse(X) else "auto",
            n_jobs=self.n_jobs,
        )

    def _check_data(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        X, y = validate_data(
            self,
            check_structure(X),
            y,
            validate_separately=(
                {"accept_sparse": "csc", "dtype": FLOATS, "accept_large_sparse": False},
                {"dtype": FLOATS, "ensure_2d": False},
            ),
        )
        check_consistent_length(X, y)
        if y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use MultiTask{type(self).__name__}")
        return X, column_or_1d(y, warn=True)

    def _given_alphas(self) -> NDArray[np.float64] | None:
        """The alphas in falling order, or None where only their number is given."""
        if isinstance(self.alphas, Integral):
            if 0 in self._l1_ratios():
                raise ValueError(NO_GRID)
            return None
        for index, alpha in enumerate(self.alphas):
            check_scalar(alpha, f"alphas[{index}]", Real, min_val=0.0, include_boundaries="left")
        given = check_array(self.alphas, ensure_2d=False, dtype=np.float64, input_name="alphas")
        return np.sort(given)[::-1]

    def _grids(
        self, folds: Folds, given: NDArray[np.float64] | None
    ) -> list[tuple[float, NDArray[np.float64]]]:
        if given is not None:
            return [(ratio, given) for ratio in self._l1_ratios()]
        return [
            (ratio, alpha_grid(folds, ratio, self.eps, self.alphas)) for ratio in self._l1_ratios()
        ]

    def _splits(
        self, X: Any, y: NDArray[Any], sample_weight: Any, params: dict[str, Any]
    ) -> list[tuple[Any, Any]]:
        splitter = check_cv(self.cv)
        if not routing_enabled():
            return list(splitter.split(X, y))
        routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
        return list(splitter.split(X, y, **routed.splitter.split))

    def _refit(self, folds: Folds, l1_ratio: float, joint: bool) -> None:
        path = folds.solve(alphas=[self.alpha_], l1_ratio=l1_ratio, max_time=self.max_time)
        coef = path.coefs[:, 0, :]
        intercept = intercepts(path, coef).astype(coef.dtype)
        self.coef_ = coef if joint else coef[0]
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = intercept if joint else intercept[0]
        self.dual_gap_ = path.gaps[0, 0]
        if not joint:
            self.exact_ = bool(path.exact[0, 0])
        self.n_iter_ = int(path.n_iters[0, 0])

    def get_metadata_routing(self) -> Any:
        """Where `fit` passes its metadata.

        Returns
        -------
        MetadataRouter
            The routing of this object.
        """
        methods = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=check_cv(self.cv), method_mapping=methods)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
