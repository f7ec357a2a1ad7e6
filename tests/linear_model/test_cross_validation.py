"""LassoCV and ElasticNetCV: scikit-learn's choices, the rules, weights, relaxed fits."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as peer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from lasso_problems import gap_of, problem
from mlqa_fast.linear_model import ElasticNetCV, Lasso, LassoCV, lasso_alpha_max

ALPHAS = np.geomspace(1, 1e-2, 12)
TIGHT = {"alphas": ALPHAS, "tol": 1e-9, "max_iter": 10**5}


def assert_same_choice(ours, want, close=1e-5):
    np.testing.assert_allclose(ours.alphas_, want.alphas_, rtol=1e-9)
    np.testing.assert_allclose(ours.mse_path_, want.mse_path_, rtol=close)
    assert ours.alpha_ == pytest.approx(want.alpha_)
    np.testing.assert_allclose(ours.coef_, want.coef_, atol=100 * close)
    np.testing.assert_allclose(ours.intercept_, want.intercept_, atol=100 * close)


@pytest.mark.parametrize("container", [np.asarray, sp.csc_matrix, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [{}, {"fit_intercept": False}, {"positive": True}, {"cv": ShuffleSplit(3, random_state=0)}],
)
def test_lasso_equals_scikit_learn(container, weighted, options):
    X, y = problem(60, 25)
    X[np.abs(X) < 0.5] = 0
    weights = np.linspace(0.1, 2, 60) if weighted else None
    ours = LassoCV(**TIGHT, **options).fit(container(X), y, weights)
    assert_same_choice(ours, peer.LassoCV(**TIGHT, **options).fit(X, y, weights))
    assert ours.mse_path_.shape == ours.dual_gap_path_.shape


def test_grids_are_scikit_learns():
    X, y = problem(50, 8)
    assert_same_choice(
        LassoCV(alphas=7, tol=1e-10).fit(X, y),
        peer.LassoCV(
            **{"alphas" if hasattr(peer.LassoCV(), "alphas") else "n_alphas": 7}, tol=1e-10
        ).fit(X, y),
    )


def test_elastic_net_equals_scikit_learn():
    X, y = problem(60, 25)
    ratios = [0.2, 0.7, 1.0]
    ours = ElasticNetCV(l1_ratio=ratios, **TIGHT).fit(X, y)
    want = peer.ElasticNetCV(l1_ratio=ratios, **TIGHT).fit(X, y)
    assert ours.l1_ratio_ == want.l1_ratio_
    assert ours.mse_path_.shape == (3, 12, 5)
    assert_same_choice(ours, want)
    grids = ElasticNetCV(l1_ratio=ratios, alphas=5).fit(X, y).alphas_
    assert grids.shape == (3, 5)
    for ratio, grid in zip(ratios, grids, strict=True):
        assert grid[0] == pytest.approx(lasso_alpha_max(X, y, l1_ratio=ratio))


def test_every_fold_has_its_certificate():
    X, y = problem(60, 25)
    model = LassoCV(alphas=ALPHAS, tol=1e-6).fit(X, y)
    for f, (train, _) in enumerate(KFold(5).split(X)):
        for k, alpha in enumerate(ALPHAS):
            coef = Lasso(alpha, tol=1e-6).fit(X[train], y[train]).coef_
            gap = gap_of(X[train], y[train], coef, alpha)
            assert gap <= model.dual_gap_path_[k, f] + 1e-6 * np.var(y) * 2
    assert np.all(model.dual_gap_path_ <= 1.1e-6 * np.var(y) * 1.5)


def test_the_rule_of_one_standard_error():
    X, y = problem(80, 40, noise=1.0)
    least = LassoCV(alphas=ALPHAS).fit(X, y)
    simple = LassoCV(alphas=ALPHAS, alpha_rule="1se").fit(X, y)
    mean, error = least.mse_path_.mean(1), least.mse_path_.std(1, ddof=1) / np.sqrt(5)
    best = mean.argmin()
    within = least.alphas_[mean <= mean[best] + error[best]]
    assert least.alpha_ == least.alphas_[best]
    assert simple.alpha_ == within.max() > least.alpha_
    np.testing.assert_array_equal(simple.mse_path_, least.mse_path_)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_relaxed_is_least_squares_on_the_support(fit_intercept, weighted):
    X, y = problem(80, 30, noise=2.0)
    weights = np.linspace(0.1, 2, 80) if weighted else None
    options = {"fit_intercept": fit_intercept, "alphas": ALPHAS}
    model = LassoCV(relaxed=True, **options).fit(X, y, weights)
    lasso = Lasso(model.alpha_, fit_intercept=fit_intercept).fit(X, y, weights)
    support = model.coef_ != 0
    np.testing.assert_array_equal(support, lasso.coef_ != 0)
    squares = peer.LinearRegression(fit_intercept=fit_intercept).fit(X[:, support], y, weights)
    np.testing.assert_allclose(model.coef_[support], squares.coef_, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, squares.intercept_, atol=1e-7)
    for f, (train, test) in enumerate(KFold(5).split(X)):
        part = None if weights is None else weights[train]
        k = 4
        lasso = Lasso(ALPHAS[k], fit_intercept=fit_intercept).fit(X[train], y[train], part)
        chosen = lasso.coef_ != 0
        squares = peer.LinearRegression(fit_intercept=fit_intercept)
        squares.fit(X[train][:, chosen], y[train], part)
        errors = (squares.predict(X[test][:, chosen]) - y[test]) ** 2
        rest = None if weights is None else weights[test]
        assert model.mse_path_[k, f] == pytest.approx(np.average(errors, weights=rest), rel=1e-6)


def test_relaxed_stays_within_bounds():
    X, y = problem(80, 12, noise=2.0)
    model = LassoCV(relaxed=True, bounds=(-0.1, 0.5), alphas=ALPHAS).fit(X, y)
    assert np.all((model.coef_ >= -0.1) & (model.coef_ <= 0.5))
    assert np.any(model.coef_ == 0.5)


def test_factors_and_bounds_hold_in_every_fold():
    X, y = problem(60, 10)
    factor = np.r_[0.0, np.inf, np.ones(8)]
    model = LassoCV(penalty_factor=factor, bounds=(-5.0, 0.2), alphas=20).fit(X, y)
    assert model.coef_[1] == 0
    assert model.coef_.max() <= 0.2
    assert model.alphas_[0] == pytest.approx(
        lasso_alpha_max(X, y, penalty_factor=factor, bounds=(-5.0, 0.2))
    )


def test_single_precision_stays():
    X, y = problem(60, 10)
    model = LassoCV(alphas=5).fit(X.astype(np.float32), y.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert model.mse_path_.dtype == np.float64


def test_the_same_bits_for_any_number_of_threads():
    X, y = problem(200, 300)
    one, four = (LassoCV(alphas=10, n_jobs=n).fit(X, y) for n in (1, 4))
    np.testing.assert_array_equal(one.mse_path_, four.mse_path_)
    np.testing.assert_array_equal(one.coef_, four.coef_)


def test_groups_are_passed_to_the_splitter():
    X, y = problem(60, 5)
    groups = np.arange(60) % 6
    with sklearn.config_context(enable_metadata_routing=True):
        model = LassoCV(cv=GroupKFold(3), alphas=4).fit(X, y, groups=groups)
    folds = list(GroupKFold(3).split(X, y, groups))
    np.testing.assert_array_equal(model.mse_path_, LassoCV(cv=folds, alphas=4).fit(X, y).mse_path_)
    with pytest.raises(ValueError, match="routing"):
        LassoCV(cv=GroupKFold(3)).fit(X, y, groups=groups)


def test_progress_goes_over_folds_and_alphas(capsys):
    X, y = problem(60, 5)
    LassoCV(alphas=4, cv=3, verbose=True).fit(X, y)
    assert "cross-validation" in capsys.readouterr().err


def test_time_limit_ends_with_a_model_and_a_warning():
    X, y = problem(200, 400)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LassoCV(max_time=0.0, tol=1e-12).fit(X, y)
    assert any(issubclass(w.category, ConvergenceWarning) for w in caught)
    assert np.all(np.isfinite(model.mse_path_))
    assert np.all(np.isfinite(model.dual_gap_path_))


def test_several_targets_are_refused():
    X, y = problem(20, 3)
    with pytest.raises(ValueError, match="MultiTaskLassoCV"):
        LassoCV().fit(X, np.c_[y, y])
