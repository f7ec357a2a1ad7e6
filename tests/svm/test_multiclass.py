"""All ways to make k classes, in one estimator: what they share, and the solvers of all at once."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from mlqa_fast.svm import SVC, all_at_once, compile_predictor, dag_order, dag_predict, pair_margins
from svm_definitions import rbf

EVERY = ["ovo", "dag", "ovr", "ecoc", "crammer_singer", "weston_watkins"]
AT_ONCE = ["crammer_singer", "weston_watkins"]


def clouds(rng, n=150, d=3, k=4):
    y = np.arange(n) % k
    return 2.0 * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d)), y


@pytest.mark.parametrize("multi_class", EVERY)
def test_learns_real_classes(multi_class, real_data):
    X, y = real_data
    train = np.arange(len(y)) % 3 != 0
    svc = SVC(multi_class=multi_class, random_state=0, C=4.0).fit(X[train], y[train])
    assert svc.score(X[~train], y[~train]) > 0.93
    assert svc.kkt_violation_ <= svc.tol
    assert svc.fit_status_ == 0


@pytest.mark.parametrize("multi_class", EVERY)
@pytest.mark.parametrize("k", [2, 3, 6])
def test_decision_values_have_a_column_a_class(multi_class, k, rng):
    X, y = clouds(rng, k=k)
    svc = SVC(multi_class=multi_class, random_state=0).fit(X, y)
    decision, label = svc.decision_function(X), svc.predict(X)
    if k == 2:
        assert decision.shape == (len(X),)
        np.testing.assert_array_equal(label, svc.classes_[(decision > 0).astype(int)])
    else:
        assert decision.shape == (len(X), k)
        if multi_class not in ("ovo", "dag"):
            np.testing.assert_array_equal(label, svc.classes_[np.argmax(decision, axis=1)])


@pytest.mark.parametrize("multi_class", EVERY)
def test_any_labels_and_weights(multi_class, rng):
    """Names sort as their numbers, and a weight of 2 is a point given twice."""
    X, y = clouds(rng)
    names = np.array(["ash", "beech", "cedar", "fir"])
    given = {"multi_class": multi_class, "random_state": 0, "tol": 1e-7, "gamma": 0.3}
    twice = np.arange(len(y)) % 5 == 0
    weighted = SVC(**given).fit(X, names[y], 1.0 + twice)
    repeated = SVC(**given).fit(np.vstack([X, X[twice]]), np.hstack([y, y[twice]]))
    np.testing.assert_allclose(
        weighted.decision_function(X), repeated.decision_function(X), atol=2e-5
    )
    np.testing.assert_array_equal(weighted.predict(X), names[repeated.predict(X)])


@pytest.mark.parametrize("loss", AT_ONCE)
@pytest.mark.parametrize("k", [2, 3])
def test_all_at_once_is_the_function(loss, k, rng):
    X, y = clouds(rng, k=k)
    svc = SVC(multi_class=loss, gamma=0.2, C=2.0, tol=1e-6).fit(X, y)
    want = all_at_once(X, y, loss=loss, gamma=0.2, C=2.0, tol=1e-6)
    np.testing.assert_array_equal(svc.dual_coef_, want.dual_coef[:, svc.support_])
    assert not np.delete(want.dual_coef, svc.support_, axis=1).any()
    np.testing.assert_array_equal(svc.intercept_, np.zeros(k))
    np.testing.assert_array_equal(y[svc.support_], np.repeat(np.arange(k), svc.n_support_))
    assert (svc.kkt_violation_, svc.dual_gap_) == (want.kkt_violation, want.dual_gap)
    assert svc.n_iter_.tolist() == [want.n_iter]
    points = rng.normal(size=(40, 3))
    values = rbf(points, X, 0.2) @ want.dual_coef.T
    got = svc.decision_function(points)
    np.testing.assert_allclose(got, values[:, 1] - values[:, 0] if k == 2 else values, atol=1e-10)
    for other in (pickle.loads(pickle.dumps(svc)), compile_predictor(svc)):
        np.testing.assert_array_equal(other.decision_function(points), got)
        np.testing.assert_array_equal(other.predict(points), svc.predict(points))
    report = svc.prediction_report(points)
    assert (report.multi_class, report.machines) == (loss, k)
    if k > 2:
        with pytest.raises(ValueError, match="has a column for every two classes"):
            svc.set_params(decision_function_shape="ovo").decision_function(points)


@pytest.mark.parametrize("loss", AT_ONCE)
def test_linear_machines_have_weights(loss, rng):
    X, y = clouds(rng)
    svc = SVC(multi_class=loss, kernel="linear", tol=1e-8).fit(X, y)
    np.testing.assert_allclose(X @ svc.coef_.T, svc.decision_function(X), atol=1e-9)
    sparse = SVC(multi_class=loss, kernel="linear", tol=1e-8).fit(sp.csr_matrix(X), y)
    np.testing.assert_allclose(sparse.coef_.toarray(), svc.coef_, atol=1e-5)


@pytest.mark.parametrize("loss", AT_ONCE)
def test_a_warm_start_goes_on(loss, rng):
    X, y = clouds(rng, n=400)
    svc = SVC(multi_class=loss, warm_start=True, C=1.0).fit(X, y)
    assert svc.fit(X, y).n_iter_.sum() == 0
    warm = svc.set_params(C=1.1).fit(X, y)
    cold = SVC(multi_class=loss, C=1.1).fit(X, y)
    assert warm.n_iter_.sum() < cold.n_iter_.sum()
    np.testing.assert_allclose(warm.objective_, cold.objective_, rtol=1e-4)


@pytest.mark.parametrize("multi_class", ["ecoc", *AT_ONCE])
def test_machines_of_one_way_do_not_answer_for_another(multi_class, rng):
    X, y = clouds(rng)
    svc = SVC().fit(X, y).set_params(multi_class=multi_class)
    for ask in (svc.predict, svc.decision_function, svc.prediction_report):
        with pytest.raises(ValueError, match="fitted, one-vs-one: fit again"):
            ask(X)


@pytest.mark.parametrize("explore", [0.0, 0.5])
@pytest.mark.parametrize("order", ["listed", "separation", "accuracy", [3, 1, 0, 4, 2]])
def test_the_graph_has_an_order(order, explore, rng):
    """Predictions are those of dag_predict with the order that fit found."""
    X, y = clouds(rng, k=5, n=200)
    svc = SVC(multi_class="dag", dag_order=order, dag_explore=explore, C=3.0).fit(X, y)
    assert sorted(svc.dag_order_) == list(range(5))
    if not isinstance(order, str):
        np.testing.assert_array_equal(svc.dag_order_, order)
    points = 3.0 * rng.normal(size=(300, 3))
    label, asked = dag_predict(
        points,
        svc.support_vectors_,
        svc.dual_coef_,
        svc.intercept_,
        svc.n_support_,
        gamma=svc._gamma,
        order=svc.dag_order_,
        explore=explore,
    )
    np.testing.assert_array_equal(svc.predict(points), label)
    np.testing.assert_array_equal(compile_predictor(svc).predict(points), label)
    np.testing.assert_array_equal(np.argmax(svc.decision_function(points), axis=1), label)
    report = svc.prediction_report(points)
    np.testing.assert_array_equal(report.machines_asked, asked)
    assert (report.machines_per_sample > 4) == (explore > 0)
    assert pickle.loads(pickle.dumps(svc)).predict(points).tolist() == label.tolist()


@pytest.mark.parametrize("order", ["separation", "accuracy"])
def test_an_order_of_a_kernel_that_is_given(order, rng):
    X, y = clouds(rng, k=4, n=120)
    want = SVC(multi_class="dag", dag_order=order, kernel="linear", tol=1e-8).fit(X, y)
    for kernel, points in (("precomputed", X @ X.T), (lambda A, B: A @ B.T, X)):
        svc = SVC(multi_class="dag", dag_order=order, kernel=kernel, tol=1e-8).fit(points, y)
        np.testing.assert_array_equal(svc.dag_order_, want.dag_order_)


def test_separation_is_that_of_the_margins(rng):
    X, y = clouds(rng, k=6, n=240)
    svc = SVC(multi_class="dag", dag_order="separation", tol=1e-9).fit(X, y)
    margins = pair_margins(svc.support_vectors_, svc.dual_coef_, svc.n_support_, gamma=svc._gamma)
    np.testing.assert_array_equal(svc.dag_order_, dag_order(margins))


def test_an_order_that_fit_did_not_find(rng):
    X, y = clouds(rng)
    svc = SVC().fit(X, y).set_params(multi_class="dag", dag_order="separation")
    want = SVC(multi_class="dag", dag_order="separation").fit(X, y)
    np.testing.assert_array_equal(svc.predict(X), want.predict(X))
    warm = SVC(warm_start=True).fit(X, y).set_params(multi_class="dag", dag_order="separation")
    assert warm.fit(X, y).n_iter_.sum() == 0
    np.testing.assert_array_equal(warm.predict(X), svc.fit(X, y).predict(X))
    svc.set_params(dag_order="accuracy")
    with pytest.raises(ValueError, match="found by fit with multi_class='dag'"):
        svc.predict(X)
    np.testing.assert_array_equal(svc.set_params(dag_order=[0, 1, 2, 3]).predict(X).shape, y.shape)
    with pytest.raises(ValueError, match=r"permutation of 0, \.\.\., 3"):
        svc.set_params(dag_order=[0, 1, 2]).predict(X)
    with pytest.raises(ValueError, match=r"permutation of 0, \.\.\., 3"):
        svc.fit(X, y)
    with pytest.raises(ValueError, match="'dag_explore' parameter"):
        SVC(dag_explore=-1.0).fit(X, y)
