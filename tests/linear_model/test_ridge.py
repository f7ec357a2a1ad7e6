"""Ridge: the closed form, scikit-learn's results, its certificate, singular problems."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from scipy.optimize import lsq_linear
from sklearn.exceptions import ConvergenceWarning

from lasso_problems import problem, standardised
from mlqa_fast.linear_model import ElasticNet, Ridge, _ridge_design, _ridge_solve
from mlqa_fast.linear_model._ridge_certificate import ridge_gaps

SHAPES = [(60, 20), (20, 60), (30, 30)]
CONTAINERS = [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csc_array]


def augmented(X, y, alpha, weights=None, factors=1.0, fit_intercept=True):
    """The rows of ``||sqrt(s) (y - X w)||^2 + alpha sum f_j w_j^2`` as least squares, centred."""
    s = np.ones(len(y)) if weights is None else weights
    if fit_intercept:
        X, y = X - s @ X / s.sum(), y - s @ y / s.sum()
    X, y = X * np.sqrt(s)[:, None], y * np.sqrt(s)
    below = np.diag(np.sqrt(alpha * np.broadcast_to(factors, X.shape[1])))
    return np.vstack([X, below]), np.concatenate([y, np.zeros(X.shape[1])])


def closed_form(X, y, alpha, **options):
    return np.linalg.lstsq(*augmented(X, y, alpha, **options), rcond=None)[0]


def objective(X, y, w, alpha, **options):
    A, t = augmented(X, y, alpha, **options)
    r = t.astype(np.longdouble) - A.astype(np.longdouble) @ w.astype(np.longdouble)
    return r @ r


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_is_the_closed_form_and_scikit_learns(shape, container, weighted, fit_intercept):
    X, y = problem(*shape)
    X[np.abs(X) < 0.5] = 0
    weights = np.linspace(0.1, 2, len(y)) if weighted else None
    model = Ridge(0.7, fit_intercept=fit_intercept).fit(container(X), y, weights)
    options = {"weights": weights, "fit_intercept": fit_intercept}
    np.testing.assert_allclose(model.coef_, closed_form(X, y, 0.7, **options), atol=1e-12)
    want = peer.Ridge(0.7, fit_intercept=fit_intercept).fit(X, y, weights)
    np.testing.assert_allclose(model.coef_, want.coef_, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, want.intercept_, atol=1e-11)
    assert model.solver_ == "cholesky"
    assert model.n_iter_ is None


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("held", [0, 1 << 25])
def test_single_precision_is_rounded_once(shape, container, held, monkeypatch):
    monkeypatch.setattr(_ridge_design, "BLOCK", 97)
    monkeypatch.setattr(_ridge_design, "HELD", held)
    X, y = problem(*shape)
    X = X.astype(np.float32)
    model = Ridge(0.1).fit(container(X), y)
    want = Ridge(0.1).fit(X.astype(np.float64), y)
    assert model.coef_.dtype == np.asarray(model.intercept_).dtype == np.float32
    np.testing.assert_allclose(model.coef_, want.coef_, rtol=1e-6, atol=1e-8)
    gap = objective(X.astype(float), y, model.coef_.astype(float), 0.1)
    gap -= objective(X.astype(float), y, want.coef_, 0.1)
    assert 0 < gap <= model.dual_gap_ < 1e-6 * (y @ y)


@pytest.mark.parametrize("solver", ["auto", "svd", "lsqr", "lbfgs"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("alpha", [1e-6, 1.0, 1e4])
def test_the_certificate_bounds_the_distance_to_the_minimum(solver, shape, alpha):
    X, y = problem(*shape)
    weights = np.linspace(0.1, 2, len(y))
    model = Ridge(alpha, solver=solver, positive=solver == "lbfgs", max_iter=10**5)
    model.fit(X, y, weights)
    A, t = augmented(X, y, alpha, weights)
    value = objective(X, y, model.coef_, alpha, weights=weights)
    if solver == "lbfgs":
        best = lsq_linear(A, t, (0, np.inf), tol=1e-14).x
        gap = value - objective(X, y, best, alpha, weights=weights)
        assert gap <= model.dual_gap_ + 1e-17 * value
        return
    best = np.zeros(shape[1], dtype=np.longdouble)
    for _ in range(4):
        best += np.linalg.lstsq(A, (t - A.astype(best.dtype) @ best).astype(float), rcond=None)[0]
    gap = np.sum((A.astype(best.dtype) @ (model.coef_ - best)) ** 2)
    assert gap <= model.dual_gap_
    if solver != "lsqr":
        assert model.dual_gap_ < 1e-9 * value


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_the_certificate_is_the_duality_gap_of_any_coefficients(container):
    X, y = problem(40, 10)
    weights, factors = np.linspace(0.1, 2, 40), np.r_[0.0, 0.0, np.linspace(0.5, 2, 8)]
    design = _ridge_design.RidgeDesign(container(X), weights, center=True)
    t = (y - weights @ y / weights.sum()) * np.sqrt(weights)
    A = (X - weights @ X / weights.sum()) * np.sqrt(weights)[:, None]
    w = np.random.default_rng(0).normal(size=10)
    gap = ridge_gaps(design, t[:, None], w[:, None], np.array([0.3]), factors)[0]
    r = t - A @ w
    u = r - A[:, :2] @ np.linalg.lstsq(A[:, :2], r, rcond=None)[0]
    primal = r @ r + 0.3 * factors @ w**2
    dual = 2 * t @ u - u @ u - np.sum((A[:, 2:].T @ u) ** 2 / (0.3 * factors[2:]))
    assert gap == pytest.approx(primal - dual)
    assert gap >= primal - dual


def test_rounding_is_in_the_certificate():
    """One feature and a target nearly orthogonal to it: the gap of what is returned, exactly."""
    rng = np.random.default_rng(0)
    apart = 0
    for a, b, alpha in rng.uniform(0.5, 2, size=(100, 3)):
        x, t = [a, b], [b + 1e-9, -a]
        model = Ridge(alpha, fit_intercept=False).fit(np.c_[x], t)
        curvature = Fraction(a) ** 2 + Fraction(b) ** 2 + Fraction(alpha)
        product = Fraction(x[0]) * Fraction(t[0]) + Fraction(x[1]) * Fraction(t[1])
        gap = curvature * (Fraction(model.coef_[0]) - product / curvature) ** 2
        assert gap <= Fraction(model.dual_gap_)
        apart += gap > 0
    assert apart > 50


def test_several_targets_and_their_own_penalties():
    X, y = problem(50, 12)
    Y = np.c_[y, X[:, 0], y + X[:, 1]]
    model = Ridge([0.5, 2.0, 0.5]).fit(X, Y)
    assert model.coef_.shape == (3, 12)
    assert model.dual_gap_.shape == model.intercept_.shape == (3,)
    for k, alpha in enumerate([0.5, 2.0, 0.5]):
        one = Ridge(alpha).fit(X, Y[:, k])
        np.testing.assert_allclose(model.coef_[k], one.coef_, atol=1e-13)
        np.testing.assert_allclose(model.intercept_[k], one.intercept_, atol=1e-12)
    column = Ridge().fit(X, y[:, None])
    assert column.coef_.shape == (12,)
    assert column.intercept_.shape == (1,)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("solver", ["auto", "lsqr"])
def test_penalty_factors(shape, container, solver):
    X, y = problem(*shape)
    factors = np.linspace(0.1, 3, shape[1])
    factors[[2, 7]], factors[[0, 5]] = 0.0, np.inf
    model = Ridge(0.4, penalty_factor=factors, solver=solver, tol=1e-14, max_iter=10**4)
    model.fit(container(X), y)
    kept = np.isfinite(factors)
    want = closed_form(X[:, kept], y, 0.4, factors=factors[kept])
    np.testing.assert_allclose(model.coef_[kept], want, atol=1e-9)
    assert not np.any(model.coef_[~kept])
    gap = objective(X[:, kept], y, model.coef_[kept], 0.4, factors=factors[kept])
    gap -= objective(X[:, kept], y, want, 0.4, factors=factors[kept])
    assert gap <= model.dual_gap_


def test_only_free_features_is_least_squares():
    X, y = problem(50, 6)
    model = Ridge(2.0, penalty_factor=np.zeros(6)).fit(X, y)
    np.testing.assert_allclose(model.coef_, closed_form(X, y, 0.0), atol=1e-12)
    out = Ridge(penalty_factor=np.full(6, np.inf)).fit(X, y)
    assert not np.any(out.coef_)
    assert out.intercept_ == pytest.approx(y.mean())


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_bounds(container, weighted):
    X, y = problem(60, 12)
    weights = np.linspace(0.1, 2, 60) if weighted else None
    low, high = np.where(np.arange(12) % 2, -0.2, -np.inf), 0.5
    model = Ridge(3.0, bounds=(low, high), tol=1e-12).fit(container(X), y, weights)
    A, t = augmented(X, y, 3.0, weights)
    want = lsq_linear(A, t, (low, np.full(12, high)), tol=1e-15).x
    np.testing.assert_allclose(model.coef_, want, atol=1e-6)
    assert model.solver_ == "coordinate_descent"
    assert model.n_iter_.shape == (1,)
    positive = Ridge(3.0, positive=True, tol=1e-12).fit(container(X), y, weights)
    bounded = Ridge(3.0, bounds=(0.0, np.inf), tol=1e-12).fit(container(X), y, weights)
    np.testing.assert_allclose(positive.coef_, bounded.coef_, atol=1e-9)
    assert np.all(positive.coef_ >= 0)


def test_is_the_elastic_net_without_absolute_values():
    X, y = problem(60, 12)
    net = ElasticNet(0.05, l1_ratio=0.0, tol=1e-14).fit(X, y)
    np.testing.assert_allclose(Ridge(0.05 * 60).fit(X, y).coef_, net.coef_, atol=1e-8)
    options = {"bounds": (-0.3, 0.3), "tol": 0.1}
    net = ElasticNet(0.05, l1_ratio=0.0, **options).fit(X, y)
    ours = Ridge(0.05 * 60, **options).fit(X, y)
    assert ours.dual_gap_ == pytest.approx(2 * 60 * net.dual_gap_)


@pytest.mark.parametrize("wide", [False, True])
def test_singular_problems_have_the_solution_of_least_norm(wide):
    X, y = problem(40, 10) if not wide else problem(10, 40)
    X = np.hstack([X, X])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = Ridge(0.0).fit(X, y)
    assert [str(w.message) for w in caught] == ([_ridge_solve.SINGULAR_DUAL] if wide else [])
    assert model.solver_ == "svd"
    centred = X - X.mean(axis=0)
    want = np.linalg.lstsq(centred, y - y.mean(), rcond=1e-12)[0]
    np.testing.assert_allclose(model.coef_, want, atol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tiny = Ridge(1e-18).fit(X, y)
        sparse = Ridge(0.0).fit(sp.csr_array(X), y)
    np.testing.assert_allclose(tiny.predict(X), X @ want + y.mean() - X.mean(0) @ want, atol=1e-7)
    np.testing.assert_allclose(sparse.coef_, want, atol=1e-6)
    assert sparse.solver_ == "lsqr"


def test_no_penalty_is_least_squares():
    X, y = problem(50, 6)
    model = Ridge(0.0).fit(X, y)
    np.testing.assert_allclose(model.coef_, closed_form(X, y, 0.0), atol=1e-12)
    assert model.dual_gap_ < 1e-20


def test_refinement_makes_up_for_the_squared_condition():
    X, y = standardised(3)
    want = closed_form(X, y, 1e-4)
    normal = np.linalg.solve(X.T @ X + 1e-4 * np.eye(X.shape[1]), X.T @ y)
    ours = Ridge(1e-4, fit_intercept=False).fit(X, y).coef_
    assert np.max(np.abs(ours - want)) < 0.1 * np.max(np.abs(normal - want))


def test_the_dual_form_needs_none():
    X, y = problem(20, 60, shift=0.0)
    X *= np.geomspace(1, 1e-5, 20)[:, None]
    ours = Ridge(1e-9, fit_intercept=False).fit(X, y)
    want = closed_form(X, y, 1e-9, fit_intercept=False)
    assert ours.solver_ == "cholesky"
    assert np.linalg.norm(ours.coef_ - want) < 1e-13 * np.linalg.norm(want)


def test_a_large_sparse_problem_goes_to_lsqr(monkeypatch):
    monkeypatch.setattr(_ridge_solve, "LARGEST_SPARSE_GRAM", 10)
    X, y = problem(60, 20)
    model = Ridge(1.0, tol=1e-13).fit(sp.csr_array(X), y)
    assert model.solver_ == "lsqr"
    assert model.n_iter_.shape == (1,)
    np.testing.assert_allclose(model.coef_, closed_form(X, y, 1.0), atol=1e-9)
    with pytest.warns(ConvergenceWarning, match="lsqr solver did not converge"):
        short = Ridge(1.0, max_iter=2).fit(sp.csr_array(X), y)
    assert short.dual_gap_ > 1e-3


def test_constant_columns_and_targets():
    X, y = problem(40, 5)
    X[:, 2] = 0.1
    assert Ridge().fit(X, y, np.linspace(1, 2, 40)).coef_[2] == 0
    flat = Ridge().fit(X, np.full(40, 7.0))
    np.testing.assert_allclose(flat.coef_, 0, atol=1e-14)
    assert flat.intercept_ == pytest.approx(7)


def test_weights_are_taken_as_they_are():
    X, y = problem(40, 5)
    want = Ridge(0.5).fit(X, y).coef_
    np.testing.assert_allclose(Ridge(1.0).fit(X, y, 2.0).coef_, want, atol=1e-13)
    np.testing.assert_allclose(Ridge(1.0).fit(X, y, np.full(40, 2.0)).coef_, want, atol=1e-13)
    twice = Ridge(1.0).fit(np.vstack([X, X]), np.r_[y, y]).coef_
    np.testing.assert_allclose(twice, want, atol=1e-13)


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"])
def test_names_of_solvers(solver):
    X, y = problem(40, 5)
    model = Ridge(solver=solver, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(model.coef_, closed_form(X, y, 1.0), atol=1e-9)
    assert model.solver_ == (solver if solver in ("svd", "lsqr") else "cholesky")
    with pytest.raises(ValueError, match="does not support positive fitting"):
        Ridge(solver=solver, positive=True).fit(X, y)


def test_what_scikit_learn_refuses():
    X, y = problem(40, 5)
    with pytest.raises(ValueError, match="only when positive=True"):
        Ridge(solver="lbfgs").fit(X, y)
    for solver in ("svd", "cholesky", "saga"):
        with pytest.raises(ValueError, match="intercept on sparse data"):
            Ridge(solver=solver).fit(sp.csr_array(X), y)
    with pytest.raises(TypeError, match="SVD solver does not support sparse"):
        Ridge(solver="svd", fit_intercept=False).fit(sp.csr_array(X), y)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter values"):
        Ridge().fit(X * 1e200, y)


def test_the_inputs_are_left_alone():
    X, y = problem(40, 5)
    weights = np.linspace(1, 2, 40)
    kept = X.copy(), y.copy(), weights.copy()
    for fit_intercept in (True, False):
        Ridge(copy_X=False, fit_intercept=fit_intercept).fit(X, y, weights)
        sparse = sp.csr_matrix(X)
        Ridge(copy_X=False, fit_intercept=fit_intercept).fit(sparse, y, weights)
        np.testing.assert_array_equal(sparse.toarray(), X)
    for mine, before in zip((X, y, weights), kept, strict=True):
        np.testing.assert_array_equal(mine, before)
