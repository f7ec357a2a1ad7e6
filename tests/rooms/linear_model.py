"""Sparse linear models."""

from functools import partial

import numpy as np
import scipy.sparse as sp

from mlqa_fast.linear_model import (
    AdaptiveLasso,
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    enet_path,
    lasso_alpha_max,
    lasso_cd,
    lasso_path,
)
from rooms.registry import Entry, Room

ALPHAS = [0.3, 0.1, 0.03]
TIGHT = 1e-10


def regression(rng, n=600, p=150, dtype=np.float64):
    X = (rng.normal(size=(n, p)) + rng.normal(size=(n, 1))).astype(dtype)
    return {"X": X, "y": X[:, :10] @ rng.normal(size=10) + rng.normal(size=n)}


def sparse_regression(rng):
    X = sp.random(3000, 400, 0.05, format="csc", random_state=rng)
    return {"X": X, "y": X @ rng.normal(size=400) + rng.normal(size=3000)}


def fit(updates, n_jobs, X, y, tol=TIGHT, **penalty):
    options = {"updates": updates, "n_jobs": n_jobs, "tol": tol, "max_iter": 10_000}
    solution = lasso_cd(X, y, ALPHAS, **options, **penalty)
    return solution.coef, solution.intercept, solution.converged


def cross_validated(n_jobs, X, y):
    model = LassoCV(alphas=ALPHAS, tol=TIGHT, n_jobs=n_jobs).fit(X, y)
    return model.mse_path_, model.coef_, model.intercept_


def correlated(n, p):
    """Neighbouring columns are nearly equal: passes hardly make progress."""
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(n, p))
    for j in range(1, p):
        steps[:, j] = 0.999 * steps[:, j - 1] + 0.05 * steps[:, j]
    return {"X": np.asfortranarray(steps), "y": rng.normal(size=n)}


def long_run(updates, X, y):
    lasso_cd(X, y, 1e-5, updates=updates, tol=1e-14, max_iter=10**8, n_jobs=2)


def several_targets(rng, n=600, p=150, targets=6):
    made = regression(rng, n, p)
    return made | {"y": np.c_[made["y"], rng.normal(size=(n, targets - 1))]}


def fit_jointly(n_jobs, X, y):
    return lasso_path(X, y, alphas=ALPHAS, tol=TIGHT, max_iter=10_000, n_jobs=n_jobs)[:2]


def long_joint_run(X, y):
    lasso_path(X, y, alphas=[1e-4], tol=1e-14, max_iter=10**8, n_jobs=2)


ROOMS = [
    *(
        Room(
            name=f"linear_model/multi_task ({shape})",
            inputs=inputs,
            run=fit_jointly,
            isa_tolerance=1e-6,
            long_inputs=lambda: correlated(1000, 2500) | {"y": correlated(1000, 20)["X"]},
            long_run=long_joint_run,
        )
        for shape, inputs in [
            ("complete Gram matrix", several_targets),
            ("wide", lambda rng: several_targets(rng, 60, 600)),
        ]
    ),
    *(
        Room(
            name=f"linear_model/lasso ({updates})",
            inputs=regression,
            run=partial(fit, updates),
            isa_tolerance=1e-7,
            long_inputs=partial(correlated, n, p),
            long_run=partial(long_run, updates),
        )
        for updates, n, p in [
            ("gram", 4000, 2000),
            ("covariance", 2000, 4000),
            ("residual", 1000, 2000),
        ]
    ),
    Room(
        name="linear_model/lasso (elastic net, free, bounded)",
        inputs=regression,
        run=partial(
            fit,
            "auto",
            l1_ratio=0.5,
            penalty_factor=np.where(np.arange(150) % 10 == 3, 0.0, 1.0),
            bounds=(np.where(np.arange(150) % 3 == 0, 0.0, -np.inf), 0.3),
        ),
        isa_tolerance=1e-7,
    ),
    Room(
        name="linear_model/lasso (wide)",
        inputs=lambda rng: regression(rng, 150, 900),
        run=partial(fit, "auto"),
        isa_tolerance=1e-6,
    ),
    Room(
        name="linear_model/lasso (float32)",
        inputs=lambda rng: regression(rng, dtype=np.float32),
        run=partial(fit, "covariance", tol=1e-6),
        isa_tolerance=1e-5,
    ),
    Room(
        name="linear_model/moments",
        inputs=lambda rng: regression(rng, 1000, 40),
        run=cross_validated,
        isa_tolerance=1e-7,
        long_inputs=lambda: regression(np.random.default_rng(0), 20_000, 2000),
        long_run=partial(cross_validated, 2),
    ),
    Room(
        name="linear_model/lasso (sparse)",
        inputs=sparse_regression,
        run=partial(fit, "auto"),
        isa_tolerance=1e-7,
    ),
]


def small_regression(rng):
    X = rng.normal(size=(60, 4))
    return {"X": X, "y": X @ [1.0, -2.0, 0.0, 0.5] + 0.1 * rng.normal(size=60)}


def fit_estimator(X, y, sample_weight=None, estimator=Lasso, **options):
    model = estimator(**({"alpha": 0.01, "tol": TIGHT} | options)).fit(X, y, sample_weight)
    return model.coef_, model.intercept_


def small_targets(rng):
    made = small_regression(rng)
    return made | {"y": np.c_[made["y"], made["X"] @ [0.0, 1.0, 1.0, 0.0]]}


def fit_cross_validated(estimator, X, y, sample_weight=None, **options):
    options = {"alphas": ALPHAS, "cv": 3, "tol": TIGHT} | options
    model = estimator(**options).fit(X, y, sample_weight)
    return model.coef_, model.mse_path_


BAD_FACTORS = (
    ({"penalty_factor": np.ones(3)}, "penalty_factor"),
    ({"penalty_factor": [1.0, -1.0, 1.0, 1.0]}, "penalty_factor"),
    ({"penalty_factor": [1.0, np.nan, 1.0, 1.0]}, "penalty_factor"),
)
BAD_PENALTIES = (
    *BAD_FACTORS,
    ({"bounds": (-1.0, 1.0, 2.0)}, "bounds"),
    ({"bounds": (0.5, 1.0)}, "bounds"),
    ({"bounds": (-1.0, np.nan)}, "bounds"),
    ({"bounds": (np.zeros(3), 1.0)}, "shape|broadcast"),
)
BAD_LIMITS = (
    ({"tol": -1.0}, "tol"),
    ({"tol": np.nan}, "tol"),
    ({"max_iter": 0}, "max_iter"),
    ({"max_iter": 2.5}, "max_iter"),
    ({"sample_weight": np.ones(3)}, "sample_weight"),
    ({"sample_weight": -np.ones(60)}, "Negative values"),
    ({"sample_weight": np.zeros(60)}, "non-zero"),
    ({"sample_weight": np.full(60, np.nan)}, "NaN"),
    ({"n_jobs": 0}, "n_jobs"),
    ({"max_time": -1.0}, "max_time"),
)
BAD_SOLVER_ARGUMENTS = (*BAD_PENALTIES, *BAD_LIMITS)
BAD_FOLDS = (
    ({"alphas": 0}, "alphas"),
    ({"alphas": [-1.0]}, "alphas"),
    ({"eps": 0.0}, "eps"),
    ({"cv": 1}, "cv|folds|n_splits"),
    ({"alpha_rule": "max"}, "alpha_rule"),
    ({"selection": "none"}, "selection"),
)
BAD_CROSS_VALIDATION = (
    *BAD_SOLVER_ARGUMENTS,
    *BAD_FOLDS,
    ({"relaxed": "yes"}, "relaxed"),
    ({"y": np.zeros((60, 2))}, "MultiTask"),
)
BAD_TARGETS = (  # the harness's own kinds have one dimension
    ({"y": np.full((60, 2), np.nan)}, "NaN"),
    ({"y": np.full((60, 2), np.inf)}, "infinity"),
    ({"y": np.zeros((60, 2), complex)}, "(?i)complex"),
    ({"y": np.zeros((59, 2))}, "inconsistent"),
    ({"y": np.zeros((60, 2, 2))}, "dim"),
)
BAD_JOINT = (*BAD_TARGETS, *BAD_FACTORS, *BAD_LIMITS, ({"y": np.zeros(60)}, "mono-task"))
SIZES = "inconsistent|shape|1d array"
REGRESSION = {
    "one class": "same",
    "target of reals": "same",
    "target complex": "refused: (?i)complex",
}

ENTRIES = [
    Entry(
        "linear_model.lasso_cd",
        lambda X, y, alphas=(0.1, 0.01), **options: lasso_cd(
            X, y, alphas, **({"tol": TIGHT} | options)
        )[:2],
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"l1_ratio": -0.5}, "l1_ratio"),
            ({"l1_ratio": 1.5}, "l1_ratio"),
            ({"l1_ratio": np.nan}, "l1_ratio"),
            ({"alphas": -1.0}, "alphas"),
            ({"alphas": []}, "alphas"),
            ({"alphas": [[0.1]]}, "alphas"),
            ({"alphas": [np.nan]}, "alphas"),
            ({"updates": "none"}, "updates"),
            ({"coef_init": np.zeros(3)}, "initial coefficients"),
            ({"coef_init": np.full(4, np.nan)}, "NaN"),
            ({"y": np.zeros((60, 2))}, SIZES),
        ),
    ),
    Entry(
        "linear_model.lasso_path",
        lambda X, y, alphas=(0.1, 0.01), **options: lasso_path(
            X, y, alphas=alphas, **({"tol": TIGHT} | options)
        )[:2],
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION | {"0-d": "refused: array-like", "a string": "refused: array-like"},
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"alphas": 0}, "alphas"),
            ({"alphas": None}, "alphas"),
            ({"alphas": [-1.0]}, "alphas"),
            ({"alphas": [np.inf]}, "alphas|inf"),
            ({"n_alphas": 3}, "alphas"),
            ({"eps": 0.0}, "eps"),
            ({"precompute": "yes"}, "precompute"),
            ({"precompute": np.ones((4, 4))}, "Gram matrix"),
            ({"precompute": np.ones((3, 4))}, "Gram matrix"),
            ({"coef_init": np.zeros(3)}, "initial coefficients"),
            ({"selection": "none"}, "selection"),
            ({"l1_ratio": 0.5}, "l1_ratio"),
            ({"unknown": 1}, "Unexpected parameters"),
        ),
    ),
    Entry(
        "linear_model.lasso_alpha_max",
        lambda X, y, **options: (lasso_alpha_max(X, y, **options),),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_PENALTIES,
            ({"l1_ratio": 0.0}, "l1_ratio"),
            ({"l1_ratio": 1.5}, "l1_ratio"),
            ({"sample_weight": -np.ones(60)}, "Negative values"),
            ({"n_jobs": 0}, "n_jobs"),
            ({"y": np.zeros((60, 2))}, SIZES),
        ),
    ),
    Entry(
        "linear_model.enet_path",
        lambda X, y, alphas=(0.1, 0.01), **options: enet_path(
            X, y, alphas=alphas, **({"tol": TIGHT} | options)
        )[:2],
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION | {"0-d": "refused: array-like", "a string": "refused: array-like"},
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"l1_ratio": 1.5}, "l1_ratio"),
            ({"l1_ratio": 0.0, "alphas": 3}, "l1_ratio"),
            ({"alphas": 0}, "alphas"),
            ({"unknown": 1}, "Unexpected parameters"),
        ),
    ),
    Entry(
        "linear_model.ElasticNet",
        partial(fit_estimator, estimator=ElasticNet),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"alpha": -1.0}, "alpha"),
            ({"l1_ratio": 1.5}, "l1_ratio"),
            ({"precompute": "auto"}, "precompute"),
        ),
    ),
    Entry(
        "linear_model.LassoCV",
        partial(fit_cross_validated, LassoCV),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=BAD_CROSS_VALIDATION,
    ),
    Entry(
        "linear_model.ElasticNetCV",
        partial(fit_cross_validated, ElasticNetCV),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_CROSS_VALIDATION,
            ({"l1_ratio": 1.5}, "l1_ratio"),
            ({"l1_ratio": 0.0, "alphas": 5}, "l1_ratio"),
        ),
    ),
    Entry(
        "linear_model.AdaptiveLasso",
        partial(fit_estimator, estimator=AdaptiveLasso),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"alpha": -1.0}, "alpha"),
            ({"gamma": 0.0}, "gamma"),
            ({"initial": "lars"}, "initial"),
            ({"initial": np.ones(3)}, "initial coefficients"),
            ({"initial": np.full(4, np.nan)}, "NaN"),
            ({"y": np.zeros((60, 2))}, SIZES),
        ),
    ),
    Entry(
        "linear_model.Ridge",
        partial(fit_estimator, estimator=Ridge),
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_PENALTIES,
            ({"tol": -1.0}, "tol"),
            ({"max_iter": 0}, "max_iter"),
            ({"sample_weight": np.ones(3)}, "sample_weight"),
            ({"sample_weight": -np.ones(60)}, "Negative values"),
            ({"sample_weight": np.zeros(60)}, "non-zero"),
            ({"sample_weight": np.full(60, np.nan)}, "NaN"),
            ({"alpha": -1.0}, "alpha"),
            ({"alpha": [1.0, 2.0]}, "number of penalties"),
            ({"alpha": [-1.0]}, "alpha"),
            ({"alpha": np.inf}, "alpha"),
            ({"solver": "newton"}, "solver"),
            ({"solver": "lbfgs"}, "positive=True"),
        ),
    ),
    Entry(
        "linear_model.Lasso",
        fit_estimator,
        small_regression,
        target="y",
        sparse=True,
        outcomes=REGRESSION,
        bad_arguments=(
            *BAD_SOLVER_ARGUMENTS,
            ({"alpha": -1.0}, "alpha"),
            ({"alpha": "1"}, "alpha"),
            ({"precompute": "auto"}, "precompute"),
            ({"selection": "none"}, "selection"),
            ({"fit_intercept": "yes"}, "fit_intercept"),
            ({"precompute": np.ones((4, 4)), "fit_intercept": False}, "Gram matrix"),
        ),
    ),
    *(
        Entry(
            f"linear_model.{estimator.__name__}",
            partial(call, estimator)
            if call is fit_cross_validated
            else partial(call, estimator=estimator),
            small_targets,
            sparse=True,
            bad_arguments=(*BAD_JOINT, *more),
        )
        for estimator, call, more in [
            (MultiTaskLasso, fit_estimator, (({"alpha": -1.0}, "alpha"),)),
            (MultiTaskElasticNet, fit_estimator, (({"l1_ratio": 1.5}, "l1_ratio"),)),
            (MultiTaskLassoCV, fit_cross_validated, BAD_FOLDS),
            (MultiTaskElasticNetCV, fit_cross_validated, BAD_FOLDS),
        ]
    ),
    Entry(
        "linear_model.lasso_path of several targets",
        lambda X, y, alphas=(0.1, 0.01), **options: lasso_path(
            X, y, alphas=alphas, **({"tol": TIGHT} | options)
        )[:2],
        small_targets,
        sparse=True,
        outcomes={"0-d": "refused: array-like", "a string": "refused: array-like"},
        bad_arguments=(
            *BAD_TARGETS,
            *BAD_FACTORS,
            *BAD_LIMITS,
            ({"positive": True}, "positive"),
            ({"bounds": (0.0, 1.0)}, "bounds"),
            ({"coef_init": np.zeros((3, 4))}, "initial coefficients"),
        ),
    ),
]
