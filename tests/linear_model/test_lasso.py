"""Lasso, the estimator: scikit-learn's results and contract."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer

import mlqa_fast.linear_model
from lasso_problems import problem
from mlqa_fast.linear_model import Lasso, lasso_cd, lasso_path


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csc_matrix, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"positive": True}])
@pytest.mark.sanitize
def test_equals_scikit_learn(shape, dtype, container, weighted, options):
    X, y = problem(*shape)
    X[np.abs(X) < 0.5] = 0
    X = X.astype(dtype)
    weights = np.random.default_rng(1).integers(0, 4, len(y)) + 0.5 if weighted else None
    want = peer.Lasso(0.1, tol=1e-12, max_iter=10**6, **options)
    want.fit(X.astype(np.float64), y, weights)
    tol, close = (1e-10, 1e-7) if dtype == np.float64 else (1e-6, 1e-4)
    ours = Lasso(0.1, tol=tol, **options).fit(container(X), y, weights)
    assert ours.coef_.dtype == dtype
    np.testing.assert_allclose(ours.coef_, want.coef_, atol=close)
    np.testing.assert_allclose(ours.intercept_, want.intercept_, atol=10 * close)
    np.testing.assert_allclose(
        ours.predict(container(X)), want.predict(X.astype(np.float64)), atol=100 * close
    )


def test_several_targets_are_fitted_one_by_one():
    X, y = problem(40, 8)
    Y = np.c_[y, X[:, 0] - X[:, 1], np.zeros(40)]
    both = Lasso(0.05).fit(X, Y)
    assert both.coef_.shape == (3, 8)
    assert both.predict(X).shape == (40, 3)
    for k in range(3):
        one = Lasso(0.05).fit(X, Y[:, k])
        np.testing.assert_array_equal(both.coef_[k], one.coef_)
        assert both.intercept_[k] == one.intercept_
        assert both.dual_gap_[k] == one.dual_gap_
        assert both.n_iter_[k] == one.n_iter_
    assert both.sparse_coef_.shape == (3, 8)


def test_a_tolerance_below_rounding_is_reached_there():
    X, y = problem(60, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in (np.float64, np.float32):
            assert Lasso(0.01, tol=0.0).fit(X.astype(dtype), y).n_iter_ < 1000


def test_warm_start_of_the_estimator():
    X, y = problem(80, 30)
    model = Lasso(0.05, warm_start=True).fit(X, y)
    coef, passes = model.coef_.copy(), model.n_iter_
    assert passes > 0
    assert model.fit(X, y).n_iter_ == 0
    np.testing.assert_array_equal(model.coef_, coef)
    assert Lasso(0.05).fit(X, y).n_iter_ == passes
    assert model.set_params(alpha=0.01).fit(X, y).n_iter_ > 0
    np.testing.assert_allclose(model.coef_, Lasso(0.01).fit(X, y).coef_, atol=1e-3)


def test_columns_may_be_permuted():
    X, y = problem(60, 25)
    order = np.random.default_rng(2).permutation(25)
    ours = Lasso(0.05, tol=1e-12).fit(X[:, order], y)
    np.testing.assert_allclose(ours.coef_, Lasso(0.05, tol=1e-12).fit(X, y).coef_[order], atol=1e-9)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e100])
def test_data_may_be_scaled(scale):
    X, y = problem(60, 25)
    plain = Lasso(0.05, tol=1e-10).fit(X, y)
    target = Lasso(0.05 * scale, tol=1e-10).fit(X, y * scale)
    np.testing.assert_allclose(target.coef_, plain.coef_ * scale, rtol=1e-6, atol=1e-7 * scale)
    data = Lasso(0.05 * scale, tol=1e-10).fit(X * scale, y)
    np.testing.assert_allclose(data.coef_ * scale, plain.coef_, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_target(value):
    X, _ = problem(30, 5)
    ours = Lasso(0.1).fit(X, np.full(30, value))
    assert not np.any(ours.coef_)
    assert (ours.intercept_, ours.dual_gap_, ours.n_iter_) == (value, 0.0, 0)


@pytest.mark.parametrize("scale", [1e160, 1e200, 1e307])
@pytest.mark.parametrize(
    "options", [{}, {"fit_intercept": False}, {"positive": True}, {"max_iter": 1}]
)
def test_overflow_is_an_error(scale, options):
    X, y = problem(20, 3)
    X[:, 1] *= scale
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter values"):
        Lasso(0.1, **options).fit(X, y)
    with pytest.raises(ValueError, match="non-finite parameter values"):
        Lasso(0.1, **options).fit(sp.csc_array(X), y)


def test_a_column_that_overflows_may_be_left_out():
    X, y = problem(20, 3)
    want = Lasso(0.1, penalty_factor=[1.0, np.inf, 1.0]).fit(X, y)
    X[:, 1] *= 1e200
    ours = Lasso(0.1, penalty_factor=[1.0, np.inf, 1.0]).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, want.coef_)


def test_a_gram_matrix_may_be_given():
    X, y = problem(50, 10, shift=0.0)
    want = Lasso(0.05, fit_intercept=False, tol=1e-10).fit(X, y).coef_
    for gram in (X.T @ X, np.asfortranarray(X.T @ X), True):
        ours = Lasso(0.05, fit_intercept=False, tol=1e-10, precompute=gram).fit(X, y)
        np.testing.assert_allclose(ours.coef_, want, atol=1e-8)
    alphas, coefs, _ = lasso_path(X, y, precompute=X.T @ X, Xy=X.T @ y, tol=1e-10)
    plain = lasso_path(X, y, tol=1e-10)
    np.testing.assert_allclose(alphas, plain[0], rtol=1e-12)
    np.testing.assert_allclose(coefs, plain[1], atol=1e-7)


def test_a_gram_matrix_of_centred_data_with_an_intercept():
    X, y = problem(50, 10)
    with pytest.warns(UserWarning, match="Gram matrix was provided but X was centered"):
        ours = Lasso(0.05, precompute=X.T @ X).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, Lasso(0.05).fit(X, y).coef_)
    centred = X - X.mean(0)
    ours = Lasso(0.05, precompute=centred.T @ centred, tol=1e-10).fit(centred, y)
    want = Lasso(0.05, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(ours.coef_, want.coef_, atol=1e-8)


def test_nothing_is_written_to_the_inputs():
    X, y = problem(50, 10)
    weights = np.ones(50)
    start = np.ones(10)
    kept = copy.deepcopy((X, y, weights, start))
    Lasso(0.1, copy_X=False).fit(X, y, weights)
    lasso_cd(X, y, 0.1, coef_init=start, sample_weight=weights)
    lasso_path(X, y, copy_X=False, coef_init=start)
    for mine, before in zip((X, y, weights, start), kept, strict=True):
        np.testing.assert_array_equal(mine, before)


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(monkeypatch):
    X, y = problem(50, 10)
    model = Lasso(0.1).fit(X, y)
    before = pickle.dumps(model)

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlqa_fast.linear_model._elastic_net.solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(2 * X, y)
    assert pickle.dumps(model) == before


def test_fitted_state_is_plain_and_survives_pickling():
    X, y = problem(50, 10)
    model = pickle.loads(pickle.dumps(Lasso(0.1).fit(X, y)))
    np.testing.assert_array_equal(model.predict(X), Lasso(0.1).fit(X, y).predict(X))
    assert isinstance(model.n_iter_, int)
    assert model.sparse_coef_.shape == (1, 10)
    np.testing.assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)


def test_no_intercept_is_zero():
    X, y = problem(50, 10)
    assert Lasso(0.1, fit_intercept=False).fit(X, y).intercept_ == 0.0


def test_check_input_false_skips_the_checks():
    X, y = problem(50, 10)
    want = Lasso(0.1).fit(X, y).coef_
    np.testing.assert_array_equal(Lasso(0.1).fit(X, y, check_input=False).coef_, want)
    alphas, _, _ = lasso_path(X, y, alphas=3, check_input=False)
    assert alphas.shape == (3,)


def test_estimators_path_is_the_function():
    X, y = problem(20, 5)
    np.testing.assert_array_equal(
        Lasso.path(X, y, alphas=4, l1_ratio=1)[1], lasso_path(X, y, alphas=4)[1]
    )


def test_missing_classes_name_scikit_learns():
    with pytest.raises(AttributeError, match=r"sklearn\.linear_model\.HuberRegressor"):
        _ = mlqa_fast.linear_model.HuberRegressor
    with pytest.raises(AttributeError, match=r"no attribute 'Nothing'$"):
        _ = mlqa_fast.linear_model.Nothing
