"""The graph: against its definition, the vote's machines, and its count of machines."""

from itertools import combinations

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from mlqa_fast import reference
from mlqa_fast.svm import SVC, dag_predict


def random_machines(rng, k, d, most=7, points=50):
    """Machines that were never trained: any coefficients will do, classes without vectors too."""
    count = rng.integers(0, most, k)
    total = int(count.sum())
    return {
        "X": rng.normal(size=(points, d)),
        "support_vectors": rng.normal(size=(total, d)),
        "dual_coef": rng.normal(size=(k - 1, total)),
        "intercept": rng.normal(size=k * (k - 1) // 2),
        "n_support": count,
    }


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 11, 30])
@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_agrees_with_the_definition(k, kernel, rng):
    machines = random_machines(rng, k, 3)
    got = dag_predict(**machines, kernel=kernel, gamma=0.3, coef0=0.2)
    want = reference.svm.dag_predict(**machines, kernel=kernel, gamma=0.3, coef0=0.2)
    np.testing.assert_array_equal(got, want)


@given(
    k=st.integers(2, 9),
    d=st.integers(1, 6),
    points=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_machines(k, d, points, seed):
    machines = random_machines(np.random.default_rng(seed), k, d, points=points)
    label, asked = dag_predict(**machines, gamma=0.5)
    want, _ = reference.svm.dag_predict(**machines, gamma=0.5)
    np.testing.assert_array_equal(label, want)
    np.testing.assert_array_equal(asked, k - 1)


@pytest.mark.parametrize("k", [3, 7])
def test_follows_the_decision_values(k, rng):
    """The list of classes, from both ends, over the decision values of the vote: the same bits."""
    y = np.arange(40 * k) % k
    X = rng.normal(size=(k, 4))[y] + rng.normal(size=(len(y), 4))
    svc = SVC(multi_class="dag", decision_function_shape="ovo").fit(X, y)
    points = rng.normal(size=(200, 4))
    decision = svc.decision_function(points)
    machine = {pair: number for number, pair in enumerate(combinations(range(k), 2))}
    for values, label in zip(decision, svc.predict(points), strict=True):
        classes = list(range(k))
        while len(classes) > 1:
            wins = values[machine[classes[0], classes[-1]]] > 0
            classes.pop(-1 if wins else 0)
        assert label == classes[0]


def test_a_value_of_zero_strikes_off_the_first_class():
    label, _ = dag_predict([[0.0]], [[1.0], [1.0]], [[1.0, -1.0]], [0.0], [1, 1], kernel="linear")
    assert label.tolist() == [1]


def test_asks_one_machine_less_than_there_are_classes(real_data):
    X, y = real_data
    svc = SVC().fit(X, y)
    k = len(svc.classes_)
    report = svc.prediction_report(X)
    assert (report.multi_class, report.machines) == ("ovo", k * (k - 1) // 2)
    np.testing.assert_array_equal(report.machines_asked, report.machines)
    report = svc.set_params(multi_class="dag").prediction_report(X)
    assert report.multi_class == "dag"
    assert report.machines_asked.shape == (len(X),)
    np.testing.assert_array_equal(report.machines_asked, k - 1)
    assert report.machines_per_sample == k - 1


def test_switches_without_a_refit(real_data):
    X, y = real_data
    svc = SVC().fit(X, y)
    before = {name: value for name, value in vars(svc).items() if name != "multi_class"}
    vote = svc.predict(X)
    graph = svc.set_params(multi_class="dag").predict(X)
    assert np.mean(vote == graph) > 0.98
    np.testing.assert_array_equal(SVC(multi_class="dag").fit(X, y).predict(X), graph)
    np.testing.assert_array_equal(svc.set_params(multi_class="ovo").predict(X), vote)
    for name, value in before.items():
        assert vars(svc)[name] is value


def test_precomputed_and_sparse_are_the_kernel(rng):
    machines = random_machines(rng, 5, 6)
    machines["X"][rng.random((50, 6)) < 0.6] = 0
    want = dag_predict(**machines, kernel="linear")
    sparse = machines | {
        "X": sp.csr_matrix(machines["X"]),
        "support_vectors": sp.csr_matrix(machines["support_vectors"]),
    }
    np.testing.assert_array_equal(dag_predict(**sparse, kernel="linear"), want)
    mixed = machines | {"X": sp.csr_array(machines["X"])}
    np.testing.assert_array_equal(dag_predict(**mixed, kernel="linear"), want)
    values = machines["X"] @ machines["support_vectors"].T
    given_values = machines | {"X": values, "support_vectors": None}
    np.testing.assert_array_equal(dag_predict(**given_values, kernel="precomputed"), want)


@pytest.mark.parametrize("points", [1, 2, 15, 16, 17, 63, 64, 65])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_any_number_of_points(points, rng):
    """A point has the same answer alone as among others."""
    machines = random_machines(rng, 6, 5, points=points)
    together, _ = dag_predict(**machines, gamma=0.2)
    alone = [dag_predict(**machines | {"X": x[None]}, gamma=0.2)[0][0] for x in machines["X"]]
    np.testing.assert_array_equal(together, alone)
