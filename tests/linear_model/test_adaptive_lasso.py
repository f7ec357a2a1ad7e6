"""The adaptive LASSO: its definition, Zou's reduction, its oracle property, its first estimates."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, OrthogonalMatchingPursuit

from lasso_problems import gap_of, problem
from mlqa_fast.linear_model import (
    AdaptiveLasso,
    Lasso,
    LassoCV,
    LassoPathDisplay,
    Ridge,
    lasso_path,
)

TIGHT = {"tol": 1e-12, "max_iter": 10**5}


def zous_model(n, seed=0):
    """Section 2 of the paper: x_3 is in the way, and no alpha makes the LASSO leave it out."""
    rng = np.random.default_rng(seed)
    covariance = np.full((4, 4), -0.39)
    covariance[3, :] = covariance[:, 3] = 0.23
    np.fill_diagonal(covariance, 1.0)
    X = rng.multivariate_normal(np.zeros(4), covariance, size=n)
    return X, X @ [5.6, 5.6, 5.6, 0.0] + rng.normal(size=n)


@pytest.mark.parametrize("initial", ["ridge", "least_squares"])
@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_is_the_lasso_with_weights_by_definition(initial, gamma, weighted, fit_intercept):
    X, y = problem(80, 12)
    weights = np.linspace(0.5, 2, 80) if weighted else None
    model = AdaptiveLasso(
        0.02, gamma=gamma, initial=initial, fit_intercept=fit_intercept, **TIGHT
    ).fit(X, y, weights)
    first = Ridge(1.0 if initial == "ridge" else 0.0, fit_intercept=fit_intercept)
    first.fit(X, y, weights)
    np.testing.assert_array_equal(model.initial_coef_, first.coef_)
    np.testing.assert_allclose(model.penalty_factor_, 1 / np.abs(first.coef_) ** gamma)
    want = Lasso(
        0.02, penalty_factor=model.penalty_factor_, fit_intercept=fit_intercept, **TIGHT
    ).fit(X, y, weights)
    np.testing.assert_array_equal(model.coef_, want.coef_)
    assert (model.intercept_, model.dual_gap_) == (want.intercept_, want.dual_gap_)
    assert model.exact_ is want.exact_ is True
    options = {"weights": weights, "fit_intercept": fit_intercept}
    factors = model.penalty_factor_
    assert gap_of(X, y, model.coef_, 0.02, penalty_factor=factors, **options) <= model.dual_gap_


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_is_the_lasso_of_scaled_columns(container):
    """Zou's computation, section 3.5: x_j / w_j, then back."""
    X, y = problem(80, 12)
    model = AdaptiveLasso(0.02, gamma=1.5, **TIGHT).fit(container(X), y)
    scaled = Lasso(0.02, **TIGHT).fit(X / model.penalty_factor_, y)
    np.testing.assert_allclose(model.coef_, scaled.coef_ / model.penalty_factor_, atol=1e-9)
    np.testing.assert_allclose(model.intercept_, scaled.intercept_, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_finds_what_the_lasso_cannot(seed):
    X, y = zous_model(4000, seed)
    _, coefs, _ = lasso_path(X, y, alphas=200)
    found = coefs != 0
    assert not np.any(found[:3].all(axis=0) & ~found[3])
    model = AdaptiveLasso(4000**-0.75, initial="least_squares").fit(X, y)
    np.testing.assert_array_equal(model.active_set_, [0, 1, 2])


def test_estimates_as_well_as_the_oracle():
    ours, oracles, lassos = [], [], []
    truth = np.array([3.0, 1.5, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(1000, 8)) + 0.7 * rng.normal(size=(1000, 1))
        y = X @ truth + rng.normal(size=1000)
        model = AdaptiveLasso(1000**-0.75, gamma=2.0, initial="least_squares").fit(X, y)
        np.testing.assert_array_equal(model.active_set_, np.flatnonzero(truth))
        oracle = LinearRegression().fit(X[:, truth != 0], y)
        lasso = Lasso(1000**-0.5).fit(X, y)
        ours.append(np.sum((model.coef_ - truth) ** 2))
        oracles.append(np.sum((oracle.coef_ - truth[truth != 0]) ** 2))
        lassos.append(np.sum((lasso.coef_ - truth) ** 2))
    assert np.mean(ours) < 1.2 * np.mean(oracles)
    assert np.mean(lassos) > 1.5 * np.mean(oracles)


def test_an_estimate_of_zero_leaves_a_feature_out():
    X, y = problem(80, 6)
    first = np.array([1.0, 0.0, -2.0, 0.5, 0.0, 1.0])
    model = AdaptiveLasso(1e-3, initial=first).fit(X, y)
    np.testing.assert_array_equal(model.penalty_factor_, [1.0, np.inf, 0.5, 2.0, np.inf, 1.0])
    assert not np.any(model.coef_[[1, 4]])
    np.testing.assert_array_equal(model.initial_coef_, first)
    assert not np.any(AdaptiveLasso(1e-3, initial=np.zeros(6)).fit(X, y).coef_)


def test_factors_of_the_user_come_in_addition():
    X, y = problem(80, 6)
    first = np.array([1.0, 0.0, -2.0, 0.5, 0.0, 1.0])
    base = np.array([0.0, 0.0, 3.0, 1.0, 1.0, np.inf])
    model = AdaptiveLasso(1e-3, initial=first, penalty_factor=base).fit(X, y)
    np.testing.assert_array_equal(model.penalty_factor_, [0.0, 0.0, 1.5, 2.0, np.inf, np.inf])
    assert np.all(model.coef_[:2])
    bounded = AdaptiveLasso(1e-3, bounds=(-0.05, 0.05)).fit(X, y)
    assert np.max(np.abs(bounded.coef_)) == pytest.approx(0.05)
    assert np.all(AdaptiveLasso(1e-3, positive=True).fit(X, y).coef_ >= 0)


def test_any_regressor_may_come_first():
    X, y = problem(80, 30)
    sparse = OrthogonalMatchingPursuit(n_nonzero_coefs=4)
    model = AdaptiveLasso(1e-3, initial=sparse).fit(X, y)
    assert not hasattr(sparse, "coef_")
    assert set(model.active_set_) <= set(np.flatnonzero(model.initial_coef_))
    two_steps = AdaptiveLasso(1e-2, initial=LassoCV(alphas=10)).fit(X, y, np.linspace(1, 2, 80))
    want = LassoCV(alphas=10).fit(X, y, np.linspace(1, 2, 80)).coef_
    np.testing.assert_array_equal(two_steps.initial_coef_, want)
    with pytest.raises(ValueError, match="takes no sample_weight"):
        AdaptiveLasso(initial=sparse).fit(X, y, np.ones(80))
    with pytest.raises(ValueError, match="no coef_ after fit"):
        AdaptiveLasso(initial=DummyRegressor()).fit(X, y)


def test_its_factors_serve_cross_validation():
    X, y = zous_model(500)
    factors = AdaptiveLasso(initial="least_squares").fit(X, y).penalty_factor_
    chosen = LassoCV(penalty_factor=factors, alpha_rule="1se").fit(X, y)
    np.testing.assert_array_equal(chosen.active_set_, [0, 1, 2])
    model = AdaptiveLasso(chosen.alpha_, initial="least_squares").fit(X, y)
    np.testing.assert_allclose(model.coef_, chosen.coef_, atol=1e-9)


def test_its_path_is_drawn_with_its_factors():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    X, y = problem(80, 6)
    model = AdaptiveLasso(0.05, **TIGHT).fit(X, y)
    display = LassoPathDisplay.from_estimator(model, X, y, alphas=[0.1, 0.05])
    np.testing.assert_allclose(display.coefs[:, 1], model.coef_, atol=1e-9)
    matplotlib.pyplot.close("all")


def test_single_precision_stays():
    X, y = problem(80, 6)
    model = AdaptiveLasso(0.05).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == model.initial_coef_.dtype == np.float32
    assert model.penalty_factor_.dtype == np.float64


def test_several_targets_are_refused():
    X, y = problem(40, 3)
    with pytest.raises(ValueError, match="1d array"):
        AdaptiveLasso().fit(X, np.c_[y, y])
