"""``Ridge`` as scikit-learn has it, by matrix factors or by the native solver."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context, check_sample_weight
from mlqa_fast.linear_model._linear import LinearRegressor
from mlqa_fast.linear_model._problem import (
    FLOATS,
    NOT_FINITE,
    check_structure,
    factors_of,
    normalised_weights,
    solve,
)
from mlqa_fast.linear_model._ridge_certificate import ridge_gaps
from mlqa_fast.linear_model._ridge_design import Array, RidgeDesign
from mlqa_fast.linear_model._ridge_solve import RidgeFit, RidgeSolver

SOLVERS = {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}
SPARSE_INTERCEPT = {"auto", "lbfgs", "lsqr", "sag", "sparse_cg"}


class Ridge(LinearRegressor):
    """Linear model with an L2 penalty, as ``sklearn.linear_model.Ridge``.

    Minimises ::

        ||y - Xw - b||^2_2 + alpha * ||w||^2_2

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Weight of the penalty, at least 0, for all targets or one for each. With 0 the problem is
        ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit b.
    copy_X : bool, default=True
        Without effect: `X` is never changed.
    max_iter : int, default=None
        Most iterations of the solvers that iterate: of LSQR (None for its own limit), and passes
        of coordinate descent (None for 1000).
    tol : float, default=1e-4
        Tolerance of these solvers.
    solver : {'auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga', 'lbfgs'}, \
            default='auto'
        'svd' and 'lsqr' as they say. All others are names of scikit-learn's without effect: the
        exact solution by Cholesky's factor of ``X'X`` or ``XX'``, the smaller one;
        by singular values if it is singular; by LSQR for a sparse `X` that is large both ways; by
        coordinate descent with `positive` or `bounds`. What scikit-learn refuses is refused.
    positive : bool, default=False
        Require coefficients to be positive.
    random_state : int, RandomState instance, default=None
        Without effect: nothing is drawn.
    penalty_factor : array-like of shape (n_features,), default=None
        What the penalty of each feature is multiplied by, taken as it is: 0 leaves a feature
        without a penalty, infinity leaves it out. Ones by default.
    bounds : (float or array-like, float or array-like), default=None
        Lower and upper bound of the coefficients, of all or one a feature: not above and not
        below 0.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 without one.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Upper bound of how far the objective (with the intercept that is best for the coefficients)
        is above its minimum, rounding included. With ``alpha=0`` it is ``||X'r||^2``, and no bound.
    n_iter_ : ndarray of shape (n_targets,) or None
        Iterations of LSQR or coordinate descent; None of the others.
    solver_ : str
        Who found the solution: 'cholesky', 'svd', 'lsqr' or 'coordinate_descent'.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen during fit, where all are strings.

    See Also
    --------
    ElasticNet : With a penalty on absolute values as well.

    References
    ----------
    A. Hoerl, R. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12(1), 1970.
    T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd edition,
    2009, sections 3.4.1 and 18.3.5.

    Examples
    --------
    >>> from mlqa_fast.linear_model import Ridge
    >>> model = Ridge(alpha=1.0).fit([[0, 0], [1, 1], [2, 3]], [0, 1, 2])
    >>> print(model.coef_.round(3), round(model.intercept_, 3))
    [0.292 0.375] 0.208
    >>> model.solver_, bool(model.dual_gap_ < 1e-20)
    ('cholesky', True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(SOLVERS)],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "penalty_factor": ["array-like", None],
        "bounds": [tuple, list, None],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        penalty_factor: Any = None,
        bounds: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.penalty_factor = penalty_factor
        self.bounds = bounds

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, in any memory order; float32 stays float32, though sums run in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, not negative. They multiply the squared errors as they are: a number is the
            same as dividing `alpha` by it.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If shapes do not fit, data is NaN or infinite, or so large that sums overflow, or the
            solver cannot do what is asked for.
        """
        self._check_solver(sparse.issparse(X))
        X, y = validate_data(
            self,
            check_structure(X),
            y,
            accept_sparse=["csr", "csc"],
            dtype=FLOATS,
            accept_large_sparse=False,
            multi_output=True,
            y_numeric=True,
        )
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X, dtype=np.float64)
            normalised_weights(weights, len(weights))  # refuses what cannot be used
        targets = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
        alphas = self._alphas(targets.shape[1])
        factors = factors_of(self.penalty_factor, X.shape[1])
        factors = np.ones(X.shape[1]) if factors is None else factors
        y_means = np.zeros(targets.shape[1])
        if self.fit_intercept:
            y_means = np.average(targets, axis=0, weights=weights)
        with np.errstate(over="ignore", invalid="ignore"):
            design = RidgeDesign(X, weights, center=self.fit_intercept)
            centred = (targets - y_means) * design.roots[:, None]
            if self.positive or self.bounds is not None:
                fit, gaps = self._descend(X, targets, weights, alphas)
            else:
                fit = RidgeSolver(self.solver, self.tol, self.max_iter).solve(
                    design, centred, alphas, factors
                )
                returned = fit.coefs.astype(X.dtype).astype(np.float64)
                gaps = ridge_gaps(design, centred, returned, alphas, factors)
            intercept = (y_means - design.means @ fit.coefs).astype(X.dtype)
        coef = fit.coefs.T.astype(X.dtype)
        if not (np.all(np.isfinite(coef)) and np.all(np.isfinite(intercept))):
            raise ValueError(NOT_FINITE)
        several = len(coef) > 1
        self.coef_ = coef if several else coef[0]
        self.dual_gap_ = gaps if several else gaps[0]
        self.n_iter_ = None if fit.n_iter is None else np.array(fit.n_iter, dtype=np.int32)
        self.solver_ = fit.solver
        self.intercept_: Any = 0.0
        if self.fit_intercept:
            self.intercept_ = intercept if np.ndim(y) > 1 else intercept[0]
        return self

    def _check_solver(self, is_sparse: bool) -> None:
        """Refuse what scikit-learn refuses."""
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError(
                "'lbfgs' solver can be used only when positive=True. Please use another solver."
            )
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver='{self.solver}' does not support positive fitting. Please set the solver "
                "to 'auto' or 'lbfgs', or set `positive=False`"
            )
        if is_sparse and self.fit_intercept and self.solver not in SPARSE_INTERCEPT:
            raise ValueError(
                f"solver='{self.solver}' does not support fitting the intercept on sparse data. "
                "Please set the solver to 'auto' or 'lsqr', 'sparse_cg', 'sag', 'lbfgs' or set "
                "`fit_intercept=False`"
            )
        if is_sparse and self.solver == "svd":
            raise TypeError("SVD solver does not support sparse inputs currently")

    def _alphas(self, n_targets: int) -> Array:
        alphas = np.array(self.alpha, dtype=np.float64).ravel()
        if len(alphas) not in (1, n_targets):
            raise ValueError(
                "Number of targets and number of penalties do not correspond: "
                f"{len(alphas)} != {n_targets}"
            )
        if not np.all(np.isfinite(alphas)) or np.any(alphas < 0):
            raise ValueError(f"alpha must be finite and not negative, got {self.alpha!r}")
        return np.array(np.broadcast_to(alphas, n_targets))

    def _descend(
        self, X: Any, targets: Array, weights: NDArray[Any] | None, alphas: Array
    ) -> tuple[RidgeFit, Array]:
        """By coordinate descent: the elastic net's objective is this one over twice the weights."""
        total = float(len(targets)) if weights is None else float(np.sum(weights))
        paths = [
            solve(
                X,
                target,
                alphas=[alpha / total],
                l1_ratio=0.0,
                penalty_factor=self.penalty_factor,
                bounds=self.bounds,
                fit_intercept=self.fit_intercept,
                sample_weight=weights,
                positive=self.positive,
                tol=self.tol,
                max_iter=self.max_iter,
            )
            for target, alpha in zip(targets.T, alphas, strict=True)
        ]
        coefs = np.array([path.coefs[0, 0] for path in paths], dtype=np.float64).T
        n_iter = [int(path.n_iters[0, 0]) for path in paths]
        gaps = 2 * total * np.array([path.gaps[0, 0] for path in paths])
        return RidgeFit(coefs, "coordinate_descent", n_iter), gaps
