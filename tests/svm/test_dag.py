"""The graph: against its definition, the vote's machines, and its count of machines."""

from itertools import combinations

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from mlqa_fast import reference
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import SVC, dag_predict
from mlqa_fast.svm._predict import native_of


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


@pytest.mark.parametrize("k", [2, 3, 5, 11])
@pytest.mark.parametrize("explore", [0.0, 0.3, 2.0, np.inf])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_agrees_with_the_definition_in_any_order(k, explore, rng):
    machines = random_machines(rng, k, 3)
    route = {"gamma": 0.3, "order": rng.permutation(k), "explore": explore}
    got = dag_predict(**machines, **route)
    np.testing.assert_array_equal(got, reference.svm.dag_predict(**machines, **route))
    if explore == 0:
        np.testing.assert_array_equal(got[1], k - 1)
    if explore == np.inf:
        np.testing.assert_array_equal(got[1], k * (k - 1) // 2)


@given(
    k=st.integers(2, 8),
    points=st.integers(1, 20),
    explore=st.floats(0, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_route(k, points, explore, seed):
    rng = np.random.default_rng(seed)
    machines = random_machines(rng, k, 3, points=points)
    route = {"gamma": 0.5, "order": rng.permutation(k), "explore": explore}
    got = dag_predict(**machines, **route)
    np.testing.assert_array_equal(got, reference.svm.dag_predict(**machines, **route))
    # A list read backwards has the same ends.
    route["order"] = route["order"][::-1]
    np.testing.assert_array_equal(dag_predict(**machines, **route), got)


def every_path(decision, order, explore):
    """All paths of one point: evidence, class, and the lists that were asked on them.

    Those that keep longer to what the machines decide come first.
    """
    machine = {pair: n for n, pair in enumerate(combinations(range(len(order)), 2))}
    paths = [(np.inf, tuple(order), ())]
    while len(paths[0][1]) > 1:
        longer = []
        for evidence, classes, asked in paths:
            a, b = sorted((classes[0], classes[-1]))
            value = decision[machine[a, b]]
            loser, winner = (b, a) if value > 0 else (a, b)
            for struck in (loser, winner) if abs(value) < explore else (loser,):
                left = tuple(c for c in classes if c != struck)
                longer.append((min(evidence, abs(value)), left, (*asked, classes)))
        paths = longer
    return paths


@pytest.mark.parametrize("explore", [0.02, 0.2, 0.7, 1.0, 5.0])
def test_no_path_has_better_evidence(explore, rng):
    """All paths one by one, over decision values of the same bits."""
    k = 6
    y = np.arange(30 * k) % k
    X = rng.normal(size=(k, 4))[y] + rng.normal(size=(len(y), 4))
    native, points = native_of(SVC().fit(X, y)), rng.normal(size=(150, 4))
    order = rng.permutation(k)
    label, asked = native.walk(points, 1, order, explore)
    np.testing.assert_array_equal(native.classes(points, 1, True, order, explore), label)
    for values, got, count in zip(native.decisions(points, 1), label, asked, strict=True):
        paths = every_path(values, order, explore)
        best = max(evidence for evidence, _, _ in paths)
        assert got == next(left[0] for evidence, left, _ in paths if evidence == best)
        assert count == len({classes for _, _, classes_asked in paths for classes in classes_asked})


def test_values_at_the_threshold_are_told_apart(rng):
    """Float32 cannot see on which side of `explore` a value lies that is the threshold itself."""
    k = 5
    y = np.arange(40 * k) % k
    X = rng.normal(size=(k, 3))[y] + rng.normal(size=(len(y), 3))
    native, points = native_of(SVC(gamma=0.2).fit(X, y)), rng.normal(size=(60, 3))
    first = list(combinations(range(k), 2)).index((0, k - 1))
    for point, value in zip(points, np.abs(native.decisions(points, 1)[:, first]), strict=True):
        at, above = (
            native.walk(point[None], 1, None, t)[1][0] for t in (value, np.nextafter(value, 9))
        )
        assert at < above


@pytest.mark.parametrize("last", [0.1, 0.3])
def test_evidence_turns_a_wrong_step_back(last):
    """Class 0 loses to 2 by 0.3, and would beat 1 clearly; 1 beats 2 by `last`."""
    machines = {
        "X": [[1.0]],
        "support_vectors": [[1.0]] * 3,
        "dual_coef": np.zeros((2, 3)),
        "intercept": [3.0, -0.3, last],
        "n_support": [1, 1, 1],
        "kernel": "linear",
    }
    for predict in (dag_predict, reference.svm.dag_predict):
        label, asked = predict(**machines)
        assert (label.tolist(), asked.tolist()) == ([1], [2])
        label, asked = predict(**machines, explore=0.5)
        assert (label.tolist(), asked.tolist()) == ([0 if last < 0.3 else 1], [3])


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0], [2, 1, 0]])
def test_a_value_of_zero_is_for_the_larger_number_in_any_order(order):
    points = {"X": [[0.0]], "support_vectors": [[1.0]] * 3, "n_support": [1, 1, 1]}
    label, _ = dag_predict(
        **points, dual_coef=np.ones((2, 3)), intercept=[0.0] * 3, kernel="linear", order=order
    )
    assert label.tolist() == [2]


def test_the_binding_checks_its_route():
    native = native_of(SVC().fit(np.eye(4), [0, 1, 2, 3]))
    label, asked = native.walk(np.empty((0, 4)), 1, np.array([3, 1, 0, 2]), 1.0)
    assert label.shape == asked.shape == (0,)
    with pytest.raises(ValueError, match="every class once"):
        native.walk(np.empty((0, 4)), 1, np.array([0, 1, 2, 2]), 0.0)
    with pytest.raises(ValueError, match="every class once"):
        native.walk(np.empty((0, 4)), 1, np.array([0, 1, 2, 4]), 0.0)
    with pytest.raises(ValueError, match="must not be negative"):
        native.walk(np.empty((0, 4)), 1, None, np.nan)


def clusters(rng, k, per_class, d=5):
    """Machines whose value is the difference of the densities of two classes, about."""
    count = rng.integers(per_class // 2, 2 * per_class, k)
    owner = np.repeat(np.arange(k), count)
    centre = 2 * rng.normal(size=(k, d))
    sign = np.where(np.arange(k - 1)[:, None] >= owner, 1.0, -1.0)
    return {
        "support_vectors": centre[owner] + rng.normal(size=(len(owner), d)),
        "dual_coef": sign * rng.uniform(0, 1, size=sign.shape) / per_class,
        "intercept": 0.01 * rng.normal(size=k * (k - 1) // 2),
        "n_support": count,
    }, centre


def predictor(machines, graph=False):
    start = np.concatenate([[0], np.cumsum(machines["n_support"])])
    return core.Predictor(
        machines["support_vectors"],
        (2, 3, 0.1, 0.0),
        np.empty(0, np.int64),
        start,
        machines["dual_coef"],
        machines["intercept"],
        graph=graph,
    )


def along(decision, order):
    """Classes that are left, point by point, over decision values."""
    k = len(order)
    number = np.zeros((k, k), dtype=int)
    number[np.triu_indices(k, 1)] = np.arange(k * (k - 1) // 2)
    label = []
    for values in decision:
        first, last = 0, k - 1
        while first < last:
            a, b = sorted((order[first], order[last]))
            loser = b if values[number[a, b]] > 0 else a
            first, last = (first, last - 1) if order[last] == loser else (first + 1, last)
        label.append(order[first])
    return label


@pytest.mark.parametrize(
    ("k", "per_class"), [(300, 7), pytest.param(130, 34, marks=pytest.mark.sanitize), (60, 160)]
)
@pytest.mark.usefixtures("isa")
def test_winners_against_all_are_found_among_many_classes(k, per_class, rng):
    """So many coefficients and points that blocks of classes are packed."""
    machines, centre = clusters(rng, k, per_class)
    assert machines["dual_coef"].size >= 1 << 19
    native = predictor(machines)
    spread = rng.choice([0.2, 1.0, 3.0], size=(4 * k, 1))
    points = centre[rng.integers(0, k, 4 * k)] + spread * rng.normal(size=(4 * k, 5))
    order, some = rng.permutation(k), slice(0, 4 * k, k // 7)
    few = [native.walk(x[None], 1, order)[0][0] for x in points[some]]
    label, asked = native.walk(points, 1, order)
    decision = native.decisions(points[some], 1)
    assert np.mean(label[some] == native.classes(points, 1, False)[some]) > 0.2
    np.testing.assert_array_equal(label[some], along(decision, order))
    np.testing.assert_array_equal(label[some], few)
    prepared = predictor(machines, graph=True)
    np.testing.assert_array_equal(prepared.walk(points[some], 1, order)[0], few)
    np.testing.assert_array_equal(asked, k - 1)
    explored, asked = native.walk(points[some], 1, order, 0.02)
    assert asked.max() > k - 1
    np.testing.assert_array_equal(native.classes(points[some], 1, True, order, 0.02), explored)


@pytest.mark.usefixtures("isa")
def test_coefficients_that_round_the_wrong_way():
    """In bfloat16, whose steps between 1 and 2 are of 2^-7, class 7 wins; in truth class 9 does."""
    k = 600
    weight = np.ones(2 * k)
    weight[14:16] = 1 + np.array([1.51, 1.40]) / 128
    weight[18:20] = 1 + np.array([1.49, 1.49]) / 128
    owner = np.repeat(np.arange(k), 2)
    label, _ = dag_predict(
        np.ones((4 * k, 1)),
        np.ones((2 * k, 1)),
        np.where(np.arange(k - 1)[:, None] >= owner, weight, -weight),
        np.zeros(k * (k - 1) // 2),
        np.full(k, 2),
        kernel="linear",
    )
    assert set(label.tolist()) == {9}


@pytest.mark.parametrize("rival", [0, 1, 298, 300, 301, 599])
@pytest.mark.usefixtures("isa")
def test_a_class_that_one_beats_is_no_winner(rival, rng):
    """Constants alone decide: class 299 is the nearest, and wins against all but its rival."""
    k, own = 600, 299
    low, high = np.triu_indices(k, 1)
    constant = rng.choice([-1.0, 1.0], size=len(low))
    constant[low == own] = 1
    constant[high == own] = -1
    a, b = sorted((own, rival))
    constant[(low == a) & (high == b)] *= -1
    order = [own, *(c for c in rng.permutation(k) if c not in (own, rival)), rival]
    label, _ = dag_predict(
        np.full((4 * k, 1), 2.0 * own),
        np.arange(2.0 * k)[:, None],
        np.zeros((k - 1, 2 * k)),
        constant,
        np.full(k, 2),
        order=order,
    )
    assert own not in label
    assert set(label.tolist()) == set(along([constant], order))


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
    route = {"order": [3, 0, 4, 1, 2], "explore": 0.5}
    want_route = reference.svm.dag_predict(**machines, kernel="linear", **route)
    np.testing.assert_array_equal(dag_predict(**sparse, kernel="linear", **route), want_route)
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
