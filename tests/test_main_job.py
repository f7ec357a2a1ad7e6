"""The main job judges every implementation alike, and its judges notice what is wrong."""

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.svm
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler

from mlqa_fast import __main__ as command
from mlqa_fast._main_job import certificates, run, table, timing
from mlqa_fast._main_job.job import OURS, Certificate, Job

GAMMA, C = 0.3, 2.0


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="module")
def machine(iris):
    return sklearn.svm.SVC(gamma=GAMMA, C=C).fit(*iris)


def shown(machine, **changes):
    """The public attributes of a machine, some of them changed."""
    names = ("classes_", "n_support_", "support_", "support_vectors_", "dual_coef_", "intercept_")
    return SimpleNamespace(**{name: getattr(machine, name) for name in names} | changes)


# --- synthetic rows


def minority():
    return np.random.default_rng(0).normal(size=(30, 4))


def nearest(X, row):
    return np.argsort(((X - X[row]) ** 2).sum(axis=1))[1:]


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("rank", [0, 4])
def test_rows_on_segments_are_on_them(fraction, rank):
    X = minority()
    rows = [X[i] + fraction * (X[nearest(X, i)[rank]] - X[i]) for i in range(len(X))]
    assert certificates.rows_off_segments(X, np.array(rows), 5) == 0


def test_a_row_beside_its_segment_counts():
    X = minority()
    rows = np.array([X[i] + 0.3 * (X[nearest(X, i)[0]] - X[i]) for i in range(len(X))])
    rows[3, 2] += 1e-6
    assert certificates.rows_off_segments(X, rows, 5) == 1


@pytest.mark.parametrize("fraction", [-0.1, 1.1])
def test_a_row_beyond_the_ends_counts(fraction):
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert certificates.rows_off_segments(X, np.array([[fraction]]), 1) == 1


def test_a_farther_neighbour_counts():
    X = minority()
    row = X[0] + 0.4 * (X[nearest(X, 0)[20]] - X[0])
    assert certificates.rows_off_segments(X, row[None], 5) == 1


def test_equal_distances_are_all_neighbours():
    X = np.array([[0.0], [1.0], [-1.0], [50.0]])
    assert certificates.rows_off_segments(X, np.array([[0.5], [-0.5]]), 1) == 0


# --- duality gap


def test_the_gap_is_what_scikit_learn_reports():
    X, y = load_diabetes(return_X_y=True)
    y = y - y.mean()
    model = sklearn.linear_model.Lasso(alpha=0.1, fit_intercept=False, tol=1e-3).fit(X, y)
    gap = certificates.lasso_gap(X, y, [0.1], model.coef_[:, None])
    assert gap == pytest.approx(model.dual_gap_ * len(y) / (y @ y), rel=1e-6, abs=1e-12)
    assert 0 <= gap <= 1e-3


def test_the_gap_grows_away_from_the_minimum():
    X, y = load_diabetes(return_X_y=True)
    y = y - y.mean()
    alphas, coefficients, _ = sklearn.linear_model.lasso_path(X, y, tol=1e-10, max_iter=100_000)
    good = certificates.lasso_gap(X, y, alphas, coefficients)
    coefficients[2, 50] += 1.0
    assert good < 1e-9 < certificates.lasso_gap(X, y, alphas, coefficients)


# --- optimality conditions


def test_a_fitted_machine_keeps_its_tolerance(iris, machine):
    assert 0 <= certificates.svc_kkt_violation(machine, *iris, GAMMA, C) <= 1.01e-3


def test_two_classes_have_the_other_sign(iris):
    X, y = iris[0][50:], iris[1][50:]
    fitted = sklearn.svm.SVC(gamma=GAMMA, C=C).fit(X, y)
    assert certificates.svc_kkt_violation(fitted, X, y, GAMMA, C) <= 1.01e-3


@pytest.mark.parametrize("row", [0, 1])
def test_a_changed_coefficient_violates(iris, machine, row):
    dual = machine.dual_coef_.copy()
    free = np.flatnonzero((np.abs(dual[row]) > 0.1) & (np.abs(dual[row]) < 0.9 * C))[0]
    dual[row, free] *= 1.05
    changed = shown(machine, dual_coef_=dual)
    assert certificates.svc_kkt_violation(changed, *iris, GAMMA, C) > 5e-3


def test_the_vote_is_scikit_learns(iris, machine):
    np.testing.assert_array_equal(
        certificates.vote(machine, iris[0], GAMMA), machine.predict(iris[0])
    )


def test_the_graph_asks_first_and_last(iris, machine):
    decisions = sklearn.svm.SVC(gamma=GAMMA, C=C, decision_function_shape="ovo").fit(*iris)
    values = decisions.decision_function(iris[0])  # pairs 01, 02, 12
    want = np.where(
        values[:, 1] > 0, np.where(values[:, 0] > 0, 0, 1), np.where(values[:, 2] > 0, 1, 2)
    )
    np.testing.assert_array_equal(certificates.dag(machine, iris[0], GAMMA), want)


# --- errors, times, the table


def test_the_largest_error_of_several_arrays():
    exact = [np.array([1.0, -4.0]), np.array([0.5])]
    assert certificates.largest_relative_error([[1.0, -4.1], [0.5]], exact) == pytest.approx(0.025)
    assert certificates.largest_relative_error([[1.0, -4.0], [0.6]], exact) == pytest.approx(0.2)


def test_implementations_take_turns(monkeypatch):
    monkeypatch.setattr(timing, "TURN_SECONDS", 0.0)
    calls = []
    timings = timing.race({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 0.0)
    assert calls == ["a", "b"] * (1 + timing.ROUNDS)
    assert [len(t.seconds) for t in timings.values()] == [timing.ROUNDS] * 2


def test_what_precedes_a_turn_is_not_timed(monkeypatch):
    monkeypatch.setattr(timing, "TURN_SECONDS", 0.0)
    ticks, calls = iter(range(1000)), []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(ticks)))

    def prepare():
        calls.append("prepare")
        timing.time.perf_counter()

    prepared = timing.Prepared(lambda: calls.append("call"), prepare)
    timings = timing.race({"a": prepared}, 0.0)
    assert calls == ["prepare", "call"] * (1 + timing.ROUNDS)
    assert timings["a"].seconds == [1.0] * timing.ROUNDS


def test_times_are_those_of_the_clock(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(ticks)))
    timings = timing.race({"a": lambda: 7}, 0.0)
    assert timings["a"].answer == 7
    assert timings["a"].median == 1.0
    assert timings["a"].spread == 0.0


def test_a_call_that_takes_too_long_is_stopped():
    def forever():
        while True:
            pass

    assert timing.clock_at_most(forever, 0.05) is None
    assert timing.clock_at_most(lambda: None, 60.0) < 60.0


@pytest.mark.parametrize(
    ("value", "text"), [(12.345, "12.3 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 us")]
)
def test_seconds_have_a_fitting_unit(value, text):
    assert table.seconds(value) == text


def test_columns_are_aligned():
    text = table.aligned([("a",), ("bb",)], [[("x", "  yyy"), ("1",)], [("z",), ("22", "3")]])
    assert text.splitlines() == [
        "a      bb",
        "-----  --",
        "x      1",
        "  yyy",
        "z      22",
        "       3",
    ]


# --- the command


def job(seconds_of_peers):
    return Job(
        name="one",
        data="two",
        ours=lambda: 1.0,
        peers={name: lambda: 2.0 for name in seconds_of_peers},
        certificate=Certificate("error", lambda name, answer: answer - (name == OURS)),
        agreement=lambda ours, theirs: f"{theirs - ours} apart",
        reference=lambda: 1.0,
    )


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(timing, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(run, "BUDGET", 0.0)


def test_a_line_has_every_figure(quick):
    line = run.run(job(["PyTorch", "scikit-learn"]))
    assert line.ours.certificate == 0.0
    assert [theirs.certificate for theirs in line.peers.values()] == [2.0, 2.0]
    fastest = min(theirs.median for theirs in line.peers.values())
    assert line.speed_up == fastest / line.ours.median
    assert line.reference is not None


BOUNDS = {
    "rows off true segments": 0.0,
    "duality gap / ||y||^2": 1e-4,
    "KKT violation": 1.001e-3,
    "labels off the rule": 0.0,
    "error against float64": 1e-6,
}


@pytest.mark.parametrize("area", run.AREAS)
def test_every_job_keeps_its_certificate(area, quick, monkeypatch):
    monkeypatch.setattr(run, "AREAS", (area,))
    monkeypatch.setattr(run, "REFERENCE_LIMIT", 0.01)
    monkeypatch.setattr(timing, "ROUNDS", 1)
    lines = run.run_all(lambda text: None)
    assert lines
    for line in lines:
        assert 0 <= line.ours.certificate <= BOUNDS[line.certificate], line.name


def test_without_a_peer_there_is_no_ratio(quick, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(run, "jobs", lambda: [job([]), job(["scikit-learn"])])
    monkeypatch.setattr("mlqa_fast._main_job.report.peer", lambda module: None)
    path = tmp_path / "figures.json"
    assert command.main(["--json", str(path)]) == 0
    shown = capsys.readouterr()
    assert (
        "Not compared, because not installed: scikit-learn (pip install scikit-learn)" in shown.out
    )
    assert "pip install torch" in shown.out
    assert "1 of 2: one, two" in shown.err
    record = json.loads(path.read_text())
    assert [line["speed_up"] is None for line in record["jobs"]] == [True, False]
    assert record["versions"]["mlqa_fast"] in shown.out


def test_info_shows_versions(capsys):
    assert command.main(["info"]) == 0
    shown = capsys.readouterr().out
    for word in ("instruction sets", "threads", "caches", "compiler", "numpy"):
        assert f"\n{word}" in shown


def test_help_tells_the_options(capsys):
    with pytest.raises(SystemExit) as end:
        command.main(["--help"])
    assert end.value.code == 0
    assert "--json FILE" in capsys.readouterr().out
