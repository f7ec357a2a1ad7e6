"""Orders of the classes, and the scores behind them."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from mlqa_fast import reference
from mlqa_fast.svm import (
    SVC,
    NuSVC,
    centroid_distances,
    dag_order,
    pair_accuracies,
    pair_margins,
    svm_smo,
)

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 2, "gamma": 0.4, "coef0": 1.0},
    {"kernel": "rbf", "gamma": 0.3},
    {"kernel": "sigmoid", "gamma": 0.1, "coef0": -0.2},
]


def parts(svc):
    return svc.support_vectors_, svc.dual_coef_, svc.n_support_


def clouds(rng, k, n=30, d=3, spread=1.0):
    y = np.arange(n * k) % k
    return 3 * rng.normal(size=(k, d))[y] + spread * rng.normal(size=(n * k, d)), y


@st.composite
def scores(draw):
    """Few different values, so that there are ties."""
    k = draw(st.integers(2, 9))
    score = draw(hnp.arrays(float, (k, k), elements=st.sampled_from([0.0, 0.5, 1.0, np.inf])))
    return np.triu(score, 1) + np.triu(score, 1).T


@given(scores(), st.integers(0, 2**32 - 1))
def test_order_is_the_reference(score, seed):
    np.testing.assert_array_equal(dag_order(score), reference.svm.dag_order(score))
    ties = np.random.default_rng(seed).integers(0, 3, score.shape)
    ties = ties + ties.T
    order = dag_order(score, ties=ties)
    np.testing.assert_array_equal(order, reference.svm.dag_order(score, ties=ties))
    np.testing.assert_array_equal(np.sort(order), np.arange(len(score)))


@given(st.permutations(range(9)))
def test_classes_on_a_line_are_put_in_their_order(place):
    place = np.array(place, dtype=float)
    order = dag_order(np.abs(place[:, None] - place))
    steps = np.diff(place[order])
    assert (steps == 1).all() or (steps == -1).all()


def test_the_surest_pair_is_asked_first():
    score = np.ones((5, 5))
    score[1, 3] = score[3, 1] = 7.0
    order = dag_order(score)
    assert {order[0], order[-1]} == {1, 3}


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda p: p["kernel"])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_margins_are_the_reference(kernel, k, rng):
    X, y = clouds(rng, k, spread=2.0)
    svc = SVC(C=2.0, **kernel).fit(X, y)
    want = reference.svm.pair_margins(*parts(svc), **kernel)
    np.testing.assert_allclose(pair_margins(*parts(svc), **kernel), want, rtol=1e-9)
    sparse = sp.csr_array(svc.support_vectors_), sp.csr_array(svc.dual_coef_), svc.n_support_
    np.testing.assert_allclose(pair_margins(*sparse, **kernel), want, rtol=1e-9)


def test_margins_without_slack_are_the_width(rng):
    X, y = clouds(rng, 4, spread=0.1)
    svc = SVC(kernel="linear", C=1e6, tol=1e-8).fit(X, y)
    margin = pair_margins(*parts(svc), kernel="linear")
    width = 2 / np.linalg.norm(svc.coef_, axis=1)
    np.testing.assert_allclose(margin[np.triu_indices(4, 1)], width, rtol=1e-5)


def test_margins_come_from_the_objective(rng):
    X, y = clouds(rng, 2, spread=4.0)
    svc = SVC(gamma=0.1, tol=1e-8).fit(X, y)
    found = svm_smo(X, y, gamma=0.1, tol=1e-8)
    margin = pair_margins(*parts(svc), gamma=0.1)[0, 1]
    assert margin == pytest.approx(np.sqrt(2 / abs(found.objective)), rel=1e-5)


def test_slack_counts(rng):
    """With all coefficients at their bound |w| alone would put the closest classes first."""
    y = np.repeat([0, 1, 2], 40)
    X = np.array([0.0, 1.0, 6.0])[y, None] + rng.normal(size=(120, 1))
    svc = SVC(kernel="linear", C=1e-4, decision_function_shape="ovo").fit(X, y)
    width = 2 / np.linalg.norm(svc.coef_, axis=1)
    assert np.argmax(width) == 0
    margin = pair_margins(*parts(svc), kernel="linear")
    assert margin[0, 2] > margin[1, 2] > margin[0, 1]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda p: p["kernel"])
def test_distances_are_the_reference(kernel, rng):
    X, y = clouds(rng, 5)
    names = np.array(list("edcba"))[y]
    want = reference.svm.centroid_distances(X, names, **kernel)
    got = centroid_distances(X, names, **kernel)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * want.max())
    np.testing.assert_allclose(centroid_distances(sp.csr_array(X), names, **kernel), got, atol=1e-6)


def test_distances_of_a_linear_kernel_are_those_of_the_means(rng):
    X, y = clouds(rng, 4)
    mean = np.array([X[y == c].mean(axis=0) for c in range(4)])
    want = np.linalg.norm(mean[:, None] - mean, axis=2)
    np.testing.assert_allclose(centroid_distances(X, y, kernel="linear"), want, atol=1e-6)


def test_precomputed_is_the_kernel(rng):
    X, y = clouds(rng, 4)
    K = X @ X.T
    want = centroid_distances(X, y, kernel="linear")
    np.testing.assert_allclose(centroid_distances(K, y, kernel="precomputed"), want, atol=1e-6)
    svc = SVC(kernel="linear").fit(X, y)
    given_values = K[np.ix_(svc.support_, svc.support_)], svc.dual_coef_, svc.n_support_
    want = pair_margins(*parts(svc), kernel="linear")
    np.testing.assert_allclose(pair_margins(*given_values, kernel="precomputed"), want, rtol=1e-6)


def fitter(X, y, estimator):
    def fit(rows):
        model = estimator.fit(X[rows], y[rows])
        values = model.decision_function
        sign = -1 if len(np.unique(y)) == 2 else 1
        return lambda others: sign * values(X[others]).reshape(len(others), -1)

    return fit


@pytest.mark.parametrize("k", [2, 3, 5])
def test_accuracies_are_the_reference(k, rng, monkeypatch):
    X, y = clouds(rng, k, n=31, spread=4.0)
    y[-2:] = 0
    fit = fitter(X, y, SVC(decision_function_shape="ovo"))
    want = reference.svm.pair_accuracies(y, fit, cv=3)
    assert want.min() < 1
    np.testing.assert_allclose(pair_accuracies(y, fit, cv=3), want)
    monkeypatch.setattr("mlqa_fast.svm._dag_order.BLOCK", 7)
    np.testing.assert_allclose(pair_accuracies(y, fit, cv=3), want)


def test_a_class_of_two_is_trained_on_in_every_fold(rng):
    X, y = clouds(rng, 3, n=10)
    keep = (y != 1) | (np.cumsum(y == 1) <= 2)
    X, y = X[keep], y[keep]
    seen = []

    def fit(rows):
        seen.append(np.unique(y[rows]).tolist())
        return fitter(X, y, SVC(decision_function_shape="ovo"))(rows)

    assert pair_accuracies(y, fit).shape == (3, 3)
    assert seen == [[0, 1, 2]] * 5


def test_separated_classes_are_asked_first(real_data):
    """What the orders are for: the graph does not fall behind the vote in any of them."""
    X, y = real_data
    svc = NuSVC(nu=0.1, multi_class="dag").fit(X, y)
    margin = pair_margins(*parts(svc), gamma=svc._gamma)
    order = dag_order(margin)
    assert margin[order[0], order[-1]] == margin[np.triu_indices(len(margin), 1)].max()
