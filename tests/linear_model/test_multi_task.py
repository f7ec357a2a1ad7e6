"""Multi-task LASSO and elastic net: optimality, certificates, the peer's answers, edge cases."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from sklearn.datasets import load_linnerud
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, ShuffleSplit

from mlqa_fast import reference
from mlqa_fast.linear_model import (
    Lasso,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    enet_path,
    lasso_path,
)

TIGHT = {"tol": 1e-12, "max_iter": 10**5}


def problem(n, p, targets, seed=0, shift=1.0, noise=0.5, common=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + common * rng.normal(size=(n, 1)) + shift
    W = np.where(rng.random(p) < 0.3, rng.normal(size=(targets, p)), 0.0)
    return X, X @ W.T + noise * rng.normal(size=(n, targets)) + 2.0


def held(X, Y, weights=None, fit_intercept=True, dtype=np.longdouble):
    """X and Y centred and weighted, in extended precision."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X).astype(dtype)
    Y = np.asarray(Y).astype(dtype)
    s = np.ones(len(Y), dtype) if weights is None else np.asarray(weights).astype(dtype)
    s = s * (len(Y) / np.sum(s))
    if fit_intercept:
        X, Y = X - s @ X / len(Y), Y - s @ Y / len(Y)
    return X * np.sqrt(s)[:, None], Y * np.sqrt(s)[:, None]


def gap_of(X, Y, coef, alpha, *, l1_ratio=1.0, penalty_factor=None, **options):
    """The duality gap in extended precision, from the data as given."""
    X, Y = held(X, Y, **options)
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, X.shape[1])
    used = np.isfinite(factor)
    assert not np.any(coef[:, ~used])
    penalty = len(Y) * np.longdouble(alpha) * factor[used]
    W = coef[:, used].T.astype(np.longdouble)
    ridge = penalty * (1 - np.longdouble(l1_ratio))
    gap = reference.linear_model.multi_task_gap(X[:, used], Y, W, penalty * l1_ratio, ridge=ridge)
    return gap / len(Y)


def energy(Y, fit_intercept=True):
    return np.sum(held(np.zeros((len(Y), 1)), Y, fit_intercept=fit_intercept)[1] ** 2) / len(Y)


def violation(X, Y, coef, alpha, l1_ratio=1.0, penalty_factor=None, **options):
    """How far the optimality conditions are from true, relative to the penalty."""
    X, Y = held(X, Y, **options)
    n, W = len(Y), coef.T.astype(np.longdouble)
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, len(W))
    used = np.isfinite(factor)
    assert not np.any(W[~used])
    X, W, factor = X[:, used], W[used], factor[used]
    lam, ridge = n * alpha * l1_ratio * factor, n * alpha * (1 - l1_ratio) * factor
    G = X.T @ (Y - X @ W) - ridge[:, None] * W
    sizes, pull = np.linalg.norm(W.astype(float), axis=1), np.linalg.norm(G.astype(float), axis=1)
    on = sizes > 0
    wrong = np.where(on, 0.0, np.maximum(pull - lam, 0.0))
    direction = W[on] / sizes[on][:, None]
    wrong[on] = np.linalg.norm((G[on] - lam[on][:, None] * direction).astype(float), axis=1)
    return np.max(wrong) / (n * alpha)


SHAPES = [(40, 8, 3), (30, 60, 2), (25, 90, 20), (60, 4, 1), (200, 30, 7), (12, 500, 9)]


@pytest.mark.sanitize
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_solutions_are_optimal(shape, l1_ratio, share):
    X, Y = problem(*shape)
    Xc, Yc = held(X, Y, dtype=np.float64)
    largest = np.linalg.norm(Xc.T @ Yc, axis=1).max() / len(Y) / l1_ratio
    model = MultiTaskElasticNet(share * largest, l1_ratio=l1_ratio, **TIGHT).fit(X, Y)
    assert violation(X, Y, model.coef_, share * largest, l1_ratio) < 1e-6
    gap = gap_of(X, Y, model.coef_, share * largest, l1_ratio=l1_ratio)
    # Sums over rows (cpp/linear_model/design.cpp) and over features may err by this share, and a
    # certificate has dozens of them.
    rounding = (len(Y) / 8 + 2 * min(len(Y), 128) + 16 + X.shape[1]) * 2.0**-53
    assert gap <= model.dual_gap_ <= (TIGHT["tol"] + 64 * rounding) * energy(Y)
    above = MultiTaskElasticNet(1.0001 * largest, l1_ratio=l1_ratio).fit(X, Y)
    assert not np.any(above.coef_)
    below = MultiTaskElasticNet(0.999 * largest, l1_ratio=l1_ratio, **TIGHT).fit(X, Y)
    assert np.any(below.coef_)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", [np.ascontiguousarray, np.asfortranarray, sp.csc_matrix])
@pytest.mark.parametrize("shape", [(40, 8, 3), (30, 40, 5)], ids=str)
def test_definition_scikit_learn_and_ours_agree(fit_intercept, weighted, container, shape):
    X, Y = problem(*shape, shift=0.2, common=0.0)
    X[np.abs(X) < 0.5] = 0
    weights = np.linspace(0.0, 2, len(Y)) if weighted else None
    options = {"l1_ratio": 0.7, "fit_intercept": fit_intercept, "tol": 1e-10, "max_iter": 10**5}
    ours = MultiTaskElasticNet(0.3, **options).fit(container(X), Y, weights)
    coef, intercept, gap = reference.linear_model.multi_task_cd(
        X, Y, 0.3, sample_weight=weights, **options
    )
    np.testing.assert_allclose(ours.coef_, coef, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, intercept, atol=1e-4)
    assert gap <= 1e-10 * energy(Y, fit_intercept) * 3
    try:
        theirs = peer.MultiTaskElasticNet(0.3, **options)
        theirs = theirs.fit(X, Y) if weights is None else theirs.fit(X, Y, weights)
    except TypeError:
        return  # before 1.9 without weights
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)
    common = {"fit_intercept": fit_intercept, "weights": weights, "l1_ratio": 0.7}
    assert gap_of(X, Y, ours.coef_, 0.3, **common) <= ours.dual_gap_
    assert ours.eps_ == pytest.approx(1e-10 * np.sum(held(X, Y, weights, fit_intercept)[1] ** 2))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6, 0.0])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("penalised", [True, False])
def test_certificates_are_bounds(dtype, tol, sparse, penalised):
    X, Y = problem(50, 80, 4)
    X = (sp.csc_matrix(np.where(np.abs(X) < 1, 0, X)) if sparse else X).astype(dtype)
    factor = None if penalised else np.where(np.arange(80) % 20 == 7, 0.0, 1.0)
    for alpha in (1.0, 0.1, 0.01):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = MultiTaskLasso(alpha, tol=tol, penalty_factor=factor).fit(X, Y)
        assert model.coef_.dtype == dtype
        gap = gap_of(X, Y, model.coef_, alpha, penalty_factor=factor)
        assert 0 < gap <= model.dual_gap_
        if (
            penalised or tol >= 1e-4
        ):  # a rounded coefficient of a free feature shows in the first order
            floor = 1e-11 if dtype == np.float64 else 1e-5
            assert model.dual_gap_ <= 1.01 * max(tol, floor) * energy(Y)


def test_one_target_is_the_lasso():
    X, y = problem(50, 30, 1)
    joint = MultiTaskLasso(0.1, **TIGHT).fit(X, y)
    single = Lasso(0.1, **TIGHT).fit(X, y[:, 0])
    np.testing.assert_allclose(joint.coef_[0], single.coef_, atol=1e-8)
    assert joint.coef_.shape == (1, 30)
    assert joint.intercept_.shape == (1,)


def test_rotated_targets_have_rotated_coefficients():
    X, Y = problem(40, 60, 6)
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    plain, rotated = (MultiTaskLasso(0.2, **TIGHT).fit(X, Z).coef_ for Z in (Y, Y @ Q.T))
    np.testing.assert_allclose(Q @ plain, rotated, atol=1e-7)
    np.testing.assert_array_equal(np.any(plain, axis=0), np.any(rotated, axis=0))


def test_features_are_used_by_all_targets_or_none():
    X, Y = problem(60, 100, 5)
    on = MultiTaskLasso(0.5).fit(X, Y).coef_ != 0
    assert 0 < on.any(0).sum() < 100
    np.testing.assert_array_equal(on.any(0), on.all(0))


@pytest.mark.parametrize("sparse", [False, True])
def test_factors_free_and_exclude_features(sparse):
    X, Y = problem(60, 30, 4)
    factor = np.where(np.arange(30) % 7 == 0, 0.0, np.linspace(0.1, 3, 30))
    factor[5] = np.inf
    data = sp.csc_matrix(X) if sparse else X
    model = MultiTaskElasticNet(0.3, l1_ratio=0.8, penalty_factor=factor, **TIGHT).fit(data, Y)
    assert violation(X, Y, model.coef_, 0.3, 0.8, factor) < 1e-6
    assert not np.any(model.coef_[:, 5])
    options = {"l1_ratio": 0.8, "penalty_factor": factor, "tol": 1e-13, "max_iter": 10**4}
    want = reference.linear_model.multi_task_cd(X, Y, 0.3, **options)[0]
    np.testing.assert_allclose(model.coef_, want, atol=1e-6)
    alphas = enet_path(data, Y, l1_ratio=0.8, alphas=3, penalty_factor=factor)[0]
    coef = MultiTaskElasticNet(
        1.001 * alphas[0], l1_ratio=0.8, penalty_factor=factor, fit_intercept=False, **TIGHT
    )
    coef = coef.fit(data, Y).coef_
    assert np.all(np.any(coef, axis=0) == (factor == 0))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(40, 12, 3), (20, 200, 6), (900, 20, 5)], ids=str)
def test_paths_are_scikit_learns(shape, l1_ratio):
    X, Y = problem(*shape)
    options = {"alphas": np.geomspace(20, 0.1, 15), "l1_ratio": l1_ratio, "tol": 1e-10}
    options |= {"max_iter": 10**5, "return_n_iter": True}
    ours, theirs = (path(X, Y, **options) for path in (enet_path, peer.enet_path))
    np.testing.assert_allclose(ours[0], theirs[0])
    assert ours[1].shape == theirs[1].shape == (shape[2], shape[1], 15)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-5)
    assert len(ours[3]) == 15
    for k, alpha in enumerate(ours[0]):
        gap = gap_of(X, Y, ours[1][..., k], alpha, l1_ratio=l1_ratio, fit_intercept=False)
        assert gap <= ours[2][k] <= 1.01e-10 * energy(Y, False)


def test_grids_begin_where_coefficients_do():
    X, Y = problem(50, 8, 3)
    alphas, coefs, gaps = lasso_path(X, Y, alphas=7, eps=1e-2)
    largest = np.linalg.norm(X.T @ Y, axis=1).max() / 50
    np.testing.assert_allclose(alphas, np.geomspace(largest, 1e-2 * largest, 7))
    assert not np.any(coefs[..., 0] > 1e-9)
    assert np.all(np.any(coefs[..., 1:], axis=(0, 1)))
    assert gaps.shape == (7,)


def test_paths_refuse_what_needs_one_target():
    X, Y = problem(20, 5, 2)
    with pytest.raises(ValueError, match="positive=True is not allowed"):
        lasso_path(X, Y, positive=True)
    with pytest.raises(ValueError, match="bounds are not allowed"):
        lasso_path(X, Y, bounds=(0.0, 1.0))
    with pytest.raises(ValueError, match="n_alphas was replaced by alphas"):
        lasso_path(X, Y, n_alphas=3)
    with pytest.raises(ValueError, match="not supported for l1_ratio=0"):
        enet_path(X, Y, l1_ratio=0.0)


def test_large_supports_are_solved_by_residuals():
    """More features than covariances would pay for: a working set has 286 and more."""
    X, Y = problem(15, 1500, 80, shift=0.0, common=0.0)
    for data in (X, np.asfortranarray(X), sp.csc_matrix(X)):
        model = MultiTaskLasso(0.05, tol=1e-9, max_iter=10**4).fit(data, Y)
        assert gap_of(X, Y, model.coef_, 0.05) <= model.dual_gap_ <= 1.01e-9 * energy(Y)


def test_correlated_columns_converge():
    rng = np.random.default_rng(0)
    X = np.cumsum(rng.normal(size=(100, 300)), axis=1)
    Y = X[:, ::30] @ rng.normal(size=(10, 5)) + rng.normal(size=(100, 5))
    model = MultiTaskLasso(0.5, tol=1e-10, max_iter=5000).fit(X, Y)
    assert gap_of(X, Y, model.coef_, 0.5) <= model.dual_gap_ <= 1.01e-10 * energy(Y)


def test_degenerate_data():
    X, Y = problem(30, 10, 3)
    X[:, 3] = 5.0  # constant
    X[:, 4] = 0.0
    X[:, 7] = X[:, 6]  # twice the same
    model = MultiTaskLasso(0.1, **TIGHT).fit(X, Y)
    assert violation(X, Y, model.coef_, 0.1) < 1e-6
    assert not np.any(model.coef_[:, 3:5])


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_zero_targets_have_zero_coefficients(alpha):
    X, _ = problem(30, 10, 3)
    for Y in (np.zeros((30, 2)), np.full((30, 2), 7.0)):
        model = MultiTaskLasso(alpha).fit(X, Y)
        assert not np.any(model.coef_)
        assert model.n_iter_ == 0
        np.testing.assert_allclose(model.intercept_, Y[0])
    alphas, coefs, _ = lasso_path(X, np.zeros((30, 2)), alphas=3)
    assert np.all(alphas == 1e-15)
    assert not np.any(coefs)


@pytest.mark.parametrize("shape", [(1, 5, 3), (30, 1, 4), (2, 1, 1)], ids=str)
def test_smallest_shapes(shape):
    X, Y = problem(*shape)
    for fit_intercept in (True, False):
        model = MultiTaskLasso(0.1, fit_intercept=fit_intercept, **TIGHT).fit(X, Y)
        gap = gap_of(X, Y, model.coef_, 0.1, fit_intercept=fit_intercept)
        assert gap <= model.dual_gap_ + 1e-30
        assert model.dual_gap_ <= 1e-12 * np.sum(Y**2)
        assert model.coef_.shape == shape[2:0:-1]


@pytest.mark.parametrize("x_scale", [1e-60, 1e60])
@pytest.mark.parametrize("y_scale", [1e-60, 1e60])
def test_scales(x_scale, y_scale):
    X, Y = problem(30, 12, 3)
    want = MultiTaskLasso(0.1, **TIGHT).fit(X, Y)
    got = MultiTaskLasso(0.1 * x_scale * y_scale, **TIGHT).fit(X * x_scale, Y * y_scale)
    np.testing.assert_allclose(got.coef_ * (x_scale / y_scale), want.coef_, atol=1e-7)


def test_overflow_is_an_error():
    X, Y = problem(30, 12, 3)
    with pytest.raises(ValueError, match="non-finite"):
        MultiTaskLasso(0.1).fit(X * 1e200, Y)


def test_without_penalty_it_is_least_squares():
    X, Y = problem(60, 10, 3)
    model = MultiTaskLasso(0.0, tol=1e-20, max_iter=10**5).fit(X, Y)
    want = peer.LinearRegression().fit(X, Y)
    np.testing.assert_allclose(model.coef_, want.coef_, atol=1e-8)
    ridge = MultiTaskElasticNet(0.1, l1_ratio=0.0, **TIGHT).fit(X, Y)
    want = peer.Ridge(0.1 * 60).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, want.coef_, atol=1e-6)
    assert gap_of(X, Y, ridge.coef_, 0.1, l1_ratio=0.0) <= ridge.dual_gap_ * 1.0001


def test_warm_start_recognises_a_solution():
    X, Y = problem(60, 80, 3)
    model = MultiTaskLasso(0.1, warm_start=True).fit(X, Y)
    assert model.n_iter_ > 0
    assert model.fit(X, Y).n_iter_ == 0
    with pytest.raises(ValueError, match="initial coefficients"):
        model.fit(X, Y[:, :2])


def test_inputs_stay_as_they_are():
    X, Y = problem(30, 20, 3)
    kept = X.copy(), Y.copy()
    MultiTaskLasso(0.1, copy_X=False).fit(np.asfortranarray(X), Y)
    MultiTaskLassoCV(alphas=3, copy_X=False).fit(X, Y)
    np.testing.assert_array_equal(kept[0], X)
    np.testing.assert_array_equal(kept[1], Y)


def test_the_same_bits_for_any_number_of_threads():
    X, Y = problem(300, 700, 12)
    one, four = (MultiTaskLasso(0.3, n_jobs=n).fit(X, Y) for n in (1, 4))
    np.testing.assert_array_equal(one.coef_, four.coef_)
    assert one.dual_gap_ == four.dual_gap_


def test_limits_end_with_the_certificate_reached():
    X, Y = problem(100, 300, 5)
    for limit in ({"max_iter": 1}, {"max_time": 0.0}):
        with pytest.warns(ConvergenceWarning, match="Duality gap"):
            model = MultiTaskLasso(0.01, tol=1e-12, **limit).fit(X, Y)
        assert gap_of(X, Y, model.coef_, 0.01) <= model.dual_gap_


def test_real_data():
    X, Y = load_linnerud(return_X_y=True)
    ours = MultiTaskLasso(1.0, **TIGHT).fit(X, Y)
    theirs = peer.MultiTaskLasso(1.0, tol=1e-12, max_iter=10**5).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)


@pytest.mark.parametrize("estimator", [MultiTaskLasso(), MultiTaskLassoCV()])
def test_one_dimension_is_refused(estimator):
    X, Y = problem(20, 3, 1)
    single = type(estimator).__name__.removeprefix("MultiTask")
    with pytest.raises(ValueError, match=f"For mono-task outputs, use {single}"):
        estimator.fit(X, Y[:, 0])


# Cross-validation


CV = {"alphas": np.geomspace(3, 0.05, 8), "tol": 1e-9, "max_iter": 10**5}


def assert_same_choice(ours, theirs):
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-9)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-4)
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-3)


@pytest.mark.parametrize(
    "options", [{}, {"fit_intercept": False}, {"cv": ShuffleSplit(2, random_state=0)}]
)
def test_cross_validation_is_scikit_learns(options):
    X, Y = problem(60, 25, 3)
    ours = MultiTaskLassoCV(**CV, **options).fit(X, Y)
    assert_same_choice(ours, peer.MultiTaskLassoCV(**CV, **options).fit(X, Y))
    assert ours.mse_path_.shape == ours.dual_gap_path_.shape
    assert not hasattr(ours, "l1_ratio_")
    ratios = {"l1_ratio": [0.3, 1.0]}
    ours = MultiTaskElasticNetCV(**CV, **options, **ratios).fit(X, Y)
    theirs = peer.MultiTaskElasticNetCV(**CV, **options, **ratios).fit(X, Y)
    assert_same_choice(ours, theirs)
    assert ours.l1_ratio_ == theirs.l1_ratio_


def test_weights_count_in_fits_and_errors():
    X, Y = problem(60, 25, 3)
    weights = np.linspace(0.1, 2, 60)
    model = MultiTaskLassoCV(**CV).fit(X, Y, weights)
    for f, (train, test) in enumerate(KFold(5).split(X)):
        fit = MultiTaskLasso(CV["alphas"][3], tol=1e-9, max_iter=10**5)
        fit.fit(X[train], Y[train], weights[train])
        errors = ((fit.predict(X[test]) - Y[test]) ** 2).mean(1)
        want = np.average(errors, weights=weights[test])
        assert model.mse_path_[3, f] == pytest.approx(want, rel=1e-4)


def test_the_rule_of_one_standard_error_and_factors():
    X, Y = problem(60, 25, 3, noise=4.0)
    factor = np.r_[0.0, np.inf, np.ones(23)]
    least = MultiTaskLassoCV(alphas=20, penalty_factor=factor).fit(X, Y)
    simple = MultiTaskLassoCV(alphas=20, penalty_factor=factor, alpha_rule="1se").fit(X, Y)
    assert simple.alpha_ > least.alpha_
    assert not np.any(least.coef_[:, 1])
    assert np.all(least.coef_[:, 0] != 0)


def test_progress_is_shown(capsys):
    X, Y = problem(60, 5, 2)
    MultiTaskLassoCV(alphas=4, cv=3, verbose=True).fit(X, Y)
    assert "cross-validation" in capsys.readouterr().err
    lasso_path(X, Y, verbose=True)
    assert "lasso path" in capsys.readouterr().err
