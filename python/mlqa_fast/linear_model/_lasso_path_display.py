"""A picture of the path of the coefficients, and of its cross-validation."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast.linear_model._adaptive_lasso import AdaptiveLasso
from mlqa_fast.linear_model._cross_validated import CrossValidated
from mlqa_fast.linear_model._cross_validation import chosen_alpha
from mlqa_fast.linear_model._elastic_net import ElasticNet
from mlqa_fast.linear_model._path import NO_GRID, _grid
from mlqa_fast.linear_model._problem import FLOATS, check_structure, solve

SOLVER_OPTIONS = (
    "fit_intercept",
    "bounds",
    "positive",
    "tol",
    "max_iter",
    "n_jobs",
)


class LassoPathDisplay:
    """Coefficients over the penalty and, after cross-validation, the error over it.

    Made by `from_estimator`; `plot` draws it again. The penalty falls from left to right. The
    points of the error are means over the folds, the bars one standard error up and down; lines
    mark the alpha with the least mean error and the largest whose mean error is within one
    standard error of it.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Penalties.
    coefs : array-like of shape (n_features, n_alphas)
        Coefficients at each, as `lasso_path` gives them.
    feature_names : array-like of shape (n_features,), default=None
        Names of the features; None for "x0", "x1", ...
    alpha : float, default=None
        The alpha of the model, marked.
    errors : array-like of shape (n_alphas, n_folds), default=None
        Mean squared error of each alpha on each fold, as ``mse_path_``.

    Attributes
    ----------
    alpha_min, alpha_1se : float
        What the rules "min" and "1se" choose; None without errors.
    ax_ : matplotlib Axes
        Where it was drawn last; with both panels, that of the path.
    error_ax_ : matplotlib Axes
        Where the error was drawn last; None where it was not.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : list of matplotlib Line2D
        The paths of the features that are not zero at every alpha, in the order of the features.
    errorbar_ : matplotlib ErrorbarContainer
        The error with its bars; None where it was not drawn.

    See Also
    --------
    lasso_path : The coefficients alone.
    LassoCV : The choice of alpha.

    Examples
    --------
    >>> from mlqa_fast.linear_model import LassoPathDisplay, lasso_path
    >>> alphas, coefs, _ = lasso_path([[1, 0], [0, 1], [1, 1]], [3.0, 1.0, 4.0], alphas=5)
    >>> display = LassoPathDisplay(alphas, coefs, feature_names=["a", "b"])
    >>> display.coefs.shape
    (2, 5)

    From a fitted estimator, where matplotlib is installed::

        LassoPathDisplay.from_estimator(LassoCV().fit(X, y), X, y)
    """

    ax_: Any
    error_ax_: Any
    figure_: Any
    lines_: list[Any]
    errorbar_: Any

    def __init__(
        self,
        alphas: Any,
        coefs: Any,
        *,
        feature_names: Any = None,
        alpha: float | None = None,
        errors: Any = None,
    ) -> None:
        self.alphas = np.asarray(alphas, dtype=np.float64)
        order = np.argsort(-self.alphas, kind="stable")
        self.coefs = np.asarray(coefs)
        if self.coefs.ndim != 2 or self.coefs.shape[1] != len(self.alphas):
            raise ValueError(
                f"coefs must have shape (n_features, {len(self.alphas)}), got {self.coefs.shape}"
            )
        self.alphas, self.coefs = self.alphas[order], self.coefs[:, order]
        n_features = len(self.coefs)
        names = [f"x{j}" for j in range(n_features)] if feature_names is None else feature_names
        self.feature_names = np.asarray(names)
        if self.feature_names.shape != (n_features,):
            raise ValueError(
                f"feature_names must have shape {(n_features,)}, got {self.feature_names.shape}"
            )
        self.alpha = alpha
        self.errors: NDArray[np.float64] | None = None
        self.alpha_min = self.alpha_1se = None
        if errors is not None:
            given = np.asarray(errors, dtype=np.float64)
            if given.ndim != 2 or len(given) != len(self.alphas):
                raise ValueError(
                    f"errors must have shape ({len(self.alphas)}, n_folds), got {given.shape}"
                )
            self.errors = given[order]
            places = [chosen_alpha(self.errors.T, rule) for rule in ("min", "1se")]
            self.alpha_min, self.alpha_1se = self.alphas[places]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        alphas: Any = 100,
        eps: float = 1e-3,
        ax: Any = None,
        **plot_options: Any,
    ) -> Self:
        """Solve the path of a fitted estimator's problem, and draw it.

        Parameters
        ----------
        estimator : Lasso, ElasticNet, LassoCV, ElasticNetCV or AdaptiveLasso
            A fitted estimator of one target. The path has its intercept, (adaptive)
            `penalty_factor`, `bounds`, `positive` and `relaxed`, and its (chosen) `l1_ratio`.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of alphas of an even grid in the logarithm, or the alphas themselves. Without
            effect after cross-validation, whose alphas are drawn.
        eps : float, default=1e-3
            Length of that grid: ``alpha_min / alpha_max``.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **plot_options : dict
            Passed to `plot`.

        Returns
        -------
        LassoPathDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator is none of these.
        ValueError
            If X, y or alphas cannot be used.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(estimator, (ElasticNet, CrossValidated, AdaptiveLasso)):
            raise TypeError(
                "estimator must be a Lasso, ElasticNet, LassoCV, ElasticNetCV or AdaptiveLasso,"
                f" got {type(estimator).__name__}"
            )
        check_is_fitted(estimator)
        X, y = validate_data(
            estimator,
            check_structure(X),
            y,
            reset=False,
            accept_sparse="csc",
            dtype=FLOATS,
            accept_large_sparse=False,
            y_numeric=True,
        )
        errors = None
        if isinstance(estimator, CrossValidated):
            alphas, errors = _of_cross_validation(estimator)
        grid, n_alphas = _grid(alphas)
        l1_ratio = getattr(estimator, "l1_ratio_", getattr(estimator, "l1_ratio", 1.0))
        if grid is None and l1_ratio == 0:
            raise ValueError(NO_GRID)
        path = solve(
            X,
            y,
            alphas=grid,
            n_alphas=n_alphas,
            eps=eps,
            l1_ratio=l1_ratio,
            sample_weight=sample_weight,
            penalty_factor=getattr(estimator, "penalty_factor_", estimator.penalty_factor),
            relaxed=getattr(estimator, "relaxed", False),
            **{name: getattr(estimator, name) for name in SOLVER_OPTIONS},
        )
        display = cls(
            path.alphas,
            path.coefs[0].T,
            feature_names=getattr(estimator, "feature_names_in_", None),
            alpha=estimator.alpha if errors is None else estimator.alpha_,
            errors=errors,
        )
        return display.plot(ax=ax, **plot_options)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "auto",
        n_labels: int = 10,
        line_kw: dict[str, Any] | None = None,
        errorbar_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the path, the error, or both.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        kind : {'auto', 'path', 'errors'}, default='auto'
            'auto' for both in a new figure where errors are known, and the path otherwise.
        n_labels : int, default=10
            Most features in the legend: those with the largest coefficients at the smallest alpha.
        line_kw : dict, default=None
            Passed to ``ax.plot`` for the coefficients.
        errorbar_kw : dict, default=None
            Passed to ``ax.errorbar`` for the errors.

        Returns
        -------
        self : LassoPathDisplay
            With ``ax_``, ``figure_`` and ``lines_``.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If errors are asked for that are not known.
        """
        if kind not in ("auto", "path", "errors"):
            raise ValueError(f"kind must be 'auto', 'path' or 'errors', got {kind!r}")
        if kind == "errors" and self.errors is None:
            raise ValueError("kind='errors' shows errors of cross-validation: there are none")
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError(
                "LassoPathDisplay.plot needs matplotlib: pip install 'mlqa-fast[plot]'"
            ) from error
        both = kind == "auto" and ax is None and self.errors is not None
        if both:
            size = 6.4, 7.2
            _, (ax, below) = pyplot.subplots(2, sharex=True, figsize=size, layout="constrained")
        elif ax is None:
            ax = pyplot.subplots(layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.error_ax_ = below if both else ax if kind == "errors" else None
        self.lines_, self.errorbar_ = [], None
        lowest = self.error_ax_ or self.ax_
        places = [alpha for alpha in (*self.alphas, self.alpha or 0.0) if alpha > 0] or [1.0]
        for panel in (self.ax_, lowest):
            panel.set_xscale("log")
            panel.set_xlim(1.1 * max(places), min(places) / 1.1)
        lowest.set_xlabel("alpha")
        if kind != "errors":
            self._label(self.ax_, "lower left", self._plot_path(n_labels, line_kw or {}))
        if self.error_ax_ is not None:
            self._plot_errors(errorbar_kw or {})
            self._label(self.error_ax_, "upper right", [])
        return self

    def _plot_path(self, n_labels: int, line_kw: dict[str, Any]) -> list[Any]:
        """Draw the coefficients; the lines of the largest at the smallest alpha."""
        used = np.flatnonzero(np.any(self.coefs != 0, axis=1))
        shown = self.alphas > 0  # on a logarithmic axis
        for j in used:
            options = {"linewidth": 1, "label": str(self.feature_names[j])} | line_kw
            self.lines_ += self.ax_.plot(self.alphas[shown], self.coefs[j, shown], **options)
        self.ax_.axhline(0, color="0.7", linewidth=0.5, zorder=0)
        self.ax_.set_ylabel("coefficients")
        largest = np.argsort(-np.abs(self.coefs[used, -1]), kind="stable")
        return [self.lines_[place] for place in largest[: max(n_labels, 0)]]

    def _plot_errors(self, errorbar_kw: dict[str, Any]) -> None:
        shown = self.alphas > 0
        errors = np.asarray(self.errors)[shown]
        n_folds = errors.shape[1]
        spread = np.std(errors, axis=1, ddof=1) if n_folds > 1 else np.zeros(len(errors))
        options = {"fmt": ".", "color": "C0", "ecolor": "0.6", "elinewidth": 1} | errorbar_kw
        self.errorbar_ = self.error_ax_.errorbar(
            self.alphas[shown],
            np.mean(errors, axis=1),
            yerr=spread / np.sqrt(n_folds),
            **options,
        )
        self.error_ax_.set_ylabel("mean squared error")

    def _label(self, ax: Any, corner: str, handles: list[Any]) -> None:
        """Mark alphas in a panel, and explain the marks and lines."""
        marks = [("min", self.alpha_min, "--"), ("1se", self.alpha_1se, ":")]
        if self.alpha not in (self.alpha_min, self.alpha_1se):
            marks.append(("alpha", self.alpha, "-"))
        for label, alpha, style in marks:
            if alpha is not None and alpha > 0:
                name = f"{label}, chosen" if style != "-" and alpha == self.alpha else label
                options = {"color": "0.3", "linewidth": 1, "linestyle": style, "label": name}
                handles = [*handles, ax.axvline(alpha, **options)]
        if handles:
            ax.legend(handles=handles, loc=corner, fontsize="small")


def _of_cross_validation(estimator: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The alphas (n_alphas,) and errors (n_alphas, n_folds) of the chosen l1_ratio."""
    alphas = np.atleast_2d(estimator.alphas_)
    ratios = np.asarray(estimator._l1_ratios())
    errors = np.reshape(estimator.mse_path_, (len(ratios), alphas.shape[1], -1))
    best = int(np.argmax(ratios == getattr(estimator, "l1_ratio_", ratios[0])))
    return alphas[best if len(alphas) > 1 else 0], errors[best]
