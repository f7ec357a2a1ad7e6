"""What fitted linear models say of their coefficients: how exact they are, and which there are."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.exceptions import NotFittedError

from lasso_problems import problem
from mlqa_fast.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, lasso_alpha_max

CROSS_VALIDATED = {"alphas": 5, "cv": 3}


def violation(X, y, coef, alpha, weights=None, l1_ratio=1.0):
    """Of |x_j'r - ridge w_j| <= n alpha l1_ratio, equal with the sign of w_j where w_j != 0."""
    X, y = X.astype(np.longdouble), y.astype(np.longdouble)
    s = np.ones(len(y)) if weights is None else weights / weights.mean()
    X, y = X - s @ X / len(y), y - s @ y / len(y)
    g = X.T @ (s * (y - X @ coef)) / len(y) - alpha * (1 - l1_ratio) * coef
    alpha = alpha * l1_ratio
    away = np.where(coef != 0, np.abs(g - alpha * np.sign(coef)), np.maximum(np.abs(g) - alpha, 0))
    return float(np.max(away) / alpha)


@pytest.mark.parametrize("shape", [(60, 20), (40, 300), (400, 40)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.sanitize
def test_exact_solutions_hold_the_optimality_conditions(shape, weighted):
    X, y = problem(*shape)
    weights = np.linspace(0.5, 2, len(y)) if weighted else None
    alpha_max = lasso_alpha_max(X, y, sample_weight=weights)
    exact = 0
    for share in (0.9, 0.3, 0.05, 0.002):
        model = Lasso(share * alpha_max).fit(X, y, weights)
        assert isinstance(model.exact_, bool)
        if model.exact_:
            assert violation(X, y, model.coef_, model.alpha, weights) < 2e-9
        exact += model.exact_
        assert Lasso(share * alpha_max, tol=0.0).fit(X, y, weights).exact_
    assert exact >= 2


@pytest.mark.parametrize("l1_ratio", [0.5, 0.9, 1.0])
def test_an_iterate_within_tol_is_not_exact(l1_ratio):
    X, y = problem(300, 600, noise=3.0)
    said = []
    for tol in (0.1, 1e-2, 1e-4, 0.0):
        model = ElasticNet(0.03, l1_ratio=l1_ratio, tol=tol, max_iter=10**5).fit(X, y)
        away = violation(X, y, model.coef_, 0.03, l1_ratio=l1_ratio)
        assert away < 1e-8 if model.exact_ else away > 1e-12
        said.append(model.exact_)
    assert not said[0]
    assert said[-1]


@pytest.mark.parametrize("alpha", [0.3, 0.05])
def test_exact_among_some_features_is_not_exact(alpha):
    """From zeros at once not all features that matter are looked at, and 0.2 does not ask more."""
    X, y = problem(200, 1500, noise=3.0)
    model = Lasso(alpha, tol=0.2, warm_start=True)
    model.coef_ = np.zeros(1500)
    model.fit(X, y)
    assert model.n_iter_ > 0
    assert violation(X, y, model.coef_, alpha) > 1e-3
    assert not model.exact_


def test_exact_survives_a_warm_start_and_is_lost_by_one_elsewhere():
    X, y = problem(60, 20)
    model = Lasso(0.1, warm_start=True).fit(X, y)
    assert model.exact_
    assert model.fit(X, y).exact_
    loose = Lasso(0.1, warm_start=True, tol=0.5)
    loose.coef_ = model.coef_ + 1e-3
    assert not loose.fit(X, y).exact_


def test_nothing_to_fit_is_exact():
    X, y = problem(60, 20)
    assert Lasso(2 * lasso_alpha_max(X, y)).fit(X, y).exact_
    assert Lasso(0.1).fit(X, np.ones(60)).exact_


def test_single_precision_rounds_the_exact_solution():
    X, y = problem(60, 20)
    X = X.astype(np.float32)
    single, double = Lasso(0.1).fit(X, y), Lasso(0.1).fit(X.astype(np.float64), y)
    assert single.exact_
    assert double.exact_
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=1e-6)


def test_several_targets_and_cross_validation_say_so_too():
    X, y = problem(60, 20)
    several = Lasso(0.1).fit(X, np.c_[y, np.zeros(60)])
    assert several.exact_.dtype == bool
    assert several.exact_.shape == (2,)
    for estimator in (LassoCV, ElasticNetCV):
        assert isinstance(estimator(**CROSS_VALIDATED).fit(X, y).exact_, bool)
    assert LassoCV(**CROSS_VALIDATED).fit(X, y).exact_


@pytest.mark.parametrize(
    "model",
    [
        Lasso(0.1),
        ElasticNet(0.1),
        LassoCV(**CROSS_VALIDATED),
        ElasticNetCV(**CROSS_VALIDATED),
    ],
    ids=lambda model: type(model).__name__,
)
def test_active_set_and_sparse_coefficients(model):
    X, y = problem(60, 20)
    model.fit(X, y)
    active = model.active_set_
    assert active.dtype == np.intp
    assert 0 < len(active) < 20
    np.testing.assert_array_equal(active, np.flatnonzero(model.coef_))
    assert sp.isspmatrix_csr(model.sparse_coef_)
    np.testing.assert_array_equal(model.sparse_coef_.indices, active)
    np.testing.assert_array_equal(model.sparse_coef_.toarray(), model.coef_[None])


@pytest.mark.skipif(
    "sparse_interface" not in sklearn.get_config(), reason="scikit-learn before 1.9"
)
def test_sparse_coefficients_follow_the_setting():
    X, y = problem(60, 20)
    model = Lasso(0.1).fit(X, y)
    with sklearn.config_context(sparse_interface="sparray"):
        assert isinstance(model.sparse_coef_, sp.csr_array)


def test_active_set_of_several_targets_is_of_any():
    X, _ = problem(60, 6)
    model = Lasso(0.1).fit(X, np.c_[5 * X[:, 4], -5 * X[:, 1]])
    assert {1, 4} <= set(model.active_set_)
    np.testing.assert_array_equal(model.active_set_, np.flatnonzero(model.coef_.any(axis=0)))


def test_the_table_names_and_sorts():
    X, y = problem(60, 20)
    names = [f"feature {chr(97 + j)}" for j in range(20)]
    model = Lasso(0.1).fit(pd.DataFrame(X, columns=names), y)
    table = model.coef_table()
    assert table.dtype.names == ("feature", "index", "coefficient", "share")
    np.testing.assert_array_equal(np.sort(table["index"]), model.active_set_)
    np.testing.assert_array_equal(table["coefficient"], model.coef_[table["index"]])
    assert np.all(np.diff(np.abs(table["coefficient"])) <= 0)
    assert [names[j] for j in table["index"]] == table["feature"].tolist()
    assert table["share"].sum() == pytest.approx(1)
    assert Lasso(0.1).fit(X, y).coef_table()["feature"][0] == f"x{table['index'][0]}"


def test_the_table_has_the_intercept_first():
    X, y = problem(60, 20)
    model = Lasso(0.1).fit(X, y)
    table = model.coef_table(intercept=True)
    assert table[0].tolist()[:3] == ("(Intercept)", -1, model.intercept_)
    assert np.isnan(table["share"][0])
    np.testing.assert_array_equal(table[1:], model.coef_table())


def test_the_table_of_several_targets_and_of_none():
    X, y = problem(60, 4)
    model = Lasso(0.1).fit(X.astype(np.float32), np.c_[y, np.ones(60), -2 * X[:, 3]])
    table = model.coef_table(intercept=True)
    assert table.dtype.names[0] == "target"
    assert table["coefficient"].dtype == np.float32
    rows = 1 + np.count_nonzero(model.coef_, axis=1)
    np.testing.assert_array_equal(np.bincount(table["target"]), rows)
    assert rows[1] == 1
    assert len(Lasso(1e9).fit(X, y).coef_table()) == 0
    with pytest.raises(NotFittedError):
        Lasso().coef_table()


def test_pandas_takes_the_table():
    X, y = problem(60, 20)
    table = Lasso(0.1).fit(X, y).coef_table()
    frame = pd.DataFrame(table).set_index("feature")
    assert list(frame.columns) == ["index", "coefficient", "share"]
    assert frame["coefficient"].abs().is_monotonic_decreasing
