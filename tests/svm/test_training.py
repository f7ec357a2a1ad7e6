"""What all estimators share: warm starts, cache sizes, bars, kernels that cannot be used."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import mlqa_fast.svm
from mlqa_fast import _memory
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import SVC, SVR, NuSVC, OneClassSVM

NAMES = ["SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"]


def data(rng, n=200, k=3):
    y = np.arange(n) % k
    return rng.normal(size=(k, 4))[y] + rng.normal(size=(n, 4)), y


def make(name, **parameters):
    if name == "NuSVC":
        parameters = {"nu": 0.513} | parameters  # a coefficient is free in each class
    return getattr(mlqa_fast.svm, name)(**parameters)


def counted(monkeypatch):
    """The names of the solvers that are called from now on."""
    calls = []
    for name in ("fit", "solve"):
        real = getattr(core, name)

        def call(*arguments, name=name, real=real):
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(core, name, call)
    return calls


@pytest.mark.parametrize("n", [200, 2400], ids=["whole matrix", "rows"])
@pytest.mark.parametrize("name", NAMES)
def test_resumes_where_a_limit_came_first(name, n, rng):
    X, y = data(rng, n, 2)
    cold = make(name, tol=1e-4).fit(X, y)
    steps = int(np.max(cold.n_iter_))
    machine = make(name, tol=1e-4, warm_start=True, max_iter=steps // 2 + 1)
    with pytest.warns(ConvergenceWarning):
        machine.fit(X, y)
    half, before = machine.kkt_violation_, machine.objective_
    machine.set_params(max_iter=-1).fit(X, y)
    assert machine.kkt_violation_ <= 1e-4 < half
    assert name == "NuSVC" or machine.objective_ >= before  # whose scale changes
    assert machine.objective_ == pytest.approx(cold.objective_, rel=1e-4)
    assert int(np.max(machine.n_iter_)) < 0.8 * steps


@pytest.mark.parametrize("name", NAMES)
def test_many_short_fits_reach_the_solution(name, rng):
    X, y = data(rng, 150)
    machine = make(name, warm_start=True, max_iter=40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reached = []
        for _ in range(100):
            reached.append(machine.fit(X, y).kkt_violation_)
            if machine.fit_status_ == 0:
                break
    assert machine.fit_status_ == 0
    assert len(reached) > 1
    assert machine.objective_ == pytest.approx(make(name).fit(X, y).objective_, rel=1e-2)


@pytest.mark.parametrize("name", NAMES)
def test_a_solved_problem_is_recognised(name, rng, monkeypatch):
    X, y = data(rng)
    machine = make(name, warm_start=True).fit(X, y)
    before = pickle.loads(pickle.dumps(machine))
    calls = counted(monkeypatch)
    machine.fit(X.copy(order="F"), y.copy())
    assert not calls
    assert np.all(machine.n_iter_ == 0)
    np.testing.assert_array_equal(machine.dual_coef_, before.dual_coef_)
    np.testing.assert_array_equal(machine.predict(X), before.predict(X))
    # Anything else is another problem.
    changed = X.copy()
    changed[7, 2] = np.nextafter(changed[7, 2], 9)
    for other in (
        lambda: machine.fit(changed, y),
        lambda: machine.fit(X, y, sample_weight=np.linspace(1, 1.5, len(y))),
        lambda: machine.set_params(gamma=0.11).fit(X, y),
        lambda: machine.set_params(tol=1e-7).fit(X, y),
    ):
        calls.clear()
        other()
        assert calls
    calls.clear()
    machine.set_params(warm_start=False).fit(X, y).fit(X, y)
    assert len(calls) == 2


def test_another_bound_is_begun_within_its_limits(rng):
    """Coefficients of a larger C are scaled down; the solution does not depend on the start."""
    X, y = data(rng)
    machine = SVC(C=100.0, warm_start=True, tol=1e-8).fit(X, y)
    for C, weight in ((1.0, None), (50.0, None), (1.0, rng.integers(0, 3, len(y)))):
        machine.set_params(C=C).fit(X, y, sample_weight=weight)
        cold = SVC(C=C, tol=1e-8).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(
            machine.decision_function(X), cold.decision_function(X), atol=1e-5
        )


@pytest.mark.parametrize("name", NAMES)
def test_another_problem_is_begun_anew(name, rng):
    X, y = data(rng)
    machine = make(name, warm_start=True, tol=1e-8).fit(X, y)
    X, y = data(rng, 120, 2)
    X = X[:, :3]
    cold = make(name, tol=1e-8).fit(X, y)
    np.testing.assert_array_equal(machine.fit(X, y).dual_coef_, cold.dual_coef_)


def test_other_labels_are_no_start(rng):
    X, y = data(rng, k=2)
    machine = NuSVC(warm_start=True).fit(X, y)
    flipped = NuSVC().fit(X, 1 - y)
    np.testing.assert_array_equal(machine.fit(X, 1 - y).dual_coef_, flipped.dual_coef_)


@pytest.mark.parametrize("name", NAMES)
def test_cache_sizes_change_nothing(name, rng):
    """'auto', and one below two rows."""
    X, y = data(rng, 120)
    want = make(name, tol=1e-8).fit(X, y)
    for size in ("auto", 1e-6):
        machine = make(name, tol=1e-8, cache_size=size).fit(X, y)
        assert machine.kkt_violation_ <= 1e-8
        np.testing.assert_allclose(machine.objective_, want.objective_, rtol=1e-4)
    for size in (0, -1.0, "most", np.nan):
        with pytest.raises(ValueError, match="'cache_size' parameter"):
            make(name, cache_size=size).fit(X, y)


def test_auto_is_an_eighth_of_the_memory(rng, monkeypatch):
    seen = []

    def fit(*arguments):
        seen.append(arguments[10])
        raise KeyboardInterrupt

    monkeypatch.setattr(core, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        SVC(cache_size="auto").fit(*data(rng))
    assert seen == [_memory.memory_bytes() / 8]


def test_memory_is_what_the_control_group_leaves(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text("1048576\n")
    monkeypatch.setattr(_memory, "CGROUP_LIMITS", (str(limit), str(tmp_path / "none")))
    assert _memory.memory_bytes() == 2**20
    limit.write_text("max\n")
    assert _memory.memory_bytes() > 2**20
    monkeypatch.delattr("os.sysconf")
    assert _memory.memory_bytes() == _memory.UNKNOWN


@pytest.mark.parametrize("name", NAMES)
def test_the_bar_shows_violation_and_support_vectors(name, rng, capsys):
    X, y = data(rng, 600)
    quiet = make(name).fit(X, y)
    assert capsys.readouterr().err == ""
    loud = make(name, verbose=1).fit(X, y)
    shown = capsys.readouterr().err
    assert f"{name}: 100%" in shown
    np.testing.assert_array_equal(quiet.dual_coef_, loud.dual_coef_)


@pytest.mark.parametrize("name", ["SVC", "SVR"])
def test_progress_tells_violation_and_support_vectors(name, rng, monkeypatch):
    """What the solver reports in the end is near what it returns."""
    X, y = data(rng, 6000, 2)  # long enough to be asked more than once
    y = rng.permutation(y)
    seen = []
    machine = make(name, verbose=True, C=100.0)
    real = type(machine)._progress

    def recording(self, total, unit):
        from contextlib import contextmanager

        @contextmanager
        def both():
            with real(self, total, unit) as show:

                def record(done, support, violation):
                    seen.append((done, support, violation))
                    return show(done, support, violation)

                yield record

        return both()

    monkeypatch.setattr(type(machine), "_progress", recording)
    machine.fit(X, y)
    done, support, violation = seen[-1]
    assert done == 0
    assert 0.9 * len(machine.support_) <= support <= 1.1 * len(machine.support_)
    assert machine.kkt_violation_ <= machine.tol
    assert violation < seen[0][2]


@pytest.mark.parametrize("name", NAMES)
def test_matrices_that_are_no_kernel(name, rng):
    X, y = data(rng, 20, 2)
    K = X @ X.T
    with pytest.raises(ValueError, match="Precomputed matrix must be a square matrix"):
        make(name, kernel="precomputed").fit(K[:, :19], y)
    with pytest.raises(ValueError, match=r"must be symmetric.* differ by up to 2"):
        make(name, kernel="precomputed").fit(K + np.eye(20, k=5) * 2, y)
    nearly = K.astype(np.float32).astype(float)
    nearly[3, 4] *= 1 + 1e-7
    make(name, kernel="precomputed").fit(nearly, y)


def raising(A, B):
    raise ArithmeticError("no value today")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (raising, ArithmeticError, "no value today"),
        (lambda A, B: A, ValueError, "should be equal"),
        (lambda A, B: np.zeros(len(A)), ValueError, "must return a matrix"),
        (lambda A, B: np.full((len(A), len(B)), np.nan), ValueError, "NaN"),
        (lambda A, B: np.eye(len(A), k=1), ValueError, "must be symmetric"),
        (lambda A, B: "K", ValueError, "could not convert"),
        (lambda A, B: np.eye(99), ValueError, "values of 99 points for 20"),
    ],
)
def test_kernels_that_cannot_be_used(name, kernel, error, message, rng):
    X, y = data(rng, 20, 2)
    machine = make(name).fit(X, y)
    before = joblib.hash(vars(machine))
    machine.set_params(kernel=kernel)
    with pytest.raises(error, match=message):
        machine.fit(X, y)
    assert joblib.hash(vars(machine.set_params(kernel="rbf"))) == before, "it stays what it was"


def has(name, parameters):
    return parameters.keys() <= make(name).get_params().keys()


BAD_PARAMETERS = [
    ({"C": 0.0}, "'C' parameter"),
    ({"C": -1.0}, "'C' parameter"),
    ({"nu": 0.0}, "'nu' parameter"),
    ({"nu": 1.1}, "'nu' parameter"),
    ({"nu": np.nan}, "'nu' parameter"),
    ({"gamma": -0.1}, "'gamma' parameter"),
    ({"gamma": np.nan}, "'gamma' parameter"),
    ({"gamma": "wide"}, "'gamma' parameter"),
    ({"epsilon": -0.1}, "'epsilon' parameter"),
    ({"degree": -1}, "'degree' parameter"),
    ({"tol": 0.0}, "'tol' parameter"),
    ({"kernel": "gauss"}, "'kernel' parameter"),
    ({"warm_start": "yes"}, "'warm_start' parameter"),
    ({"max_time": 0.0}, "'max_time' parameter"),
]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [(name, *bad) for name in NAMES for bad in BAD_PARAMETERS if has(name, bad[0])],
    ids=str,
)
def test_parameters_that_cannot_be_used(name, parameters, message, rng):
    machine = make(name)
    with pytest.raises(ValueError, match=message):
        machine.set_params(**parameters).fit(*data(rng))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["SVC", "SVR", "NuSVR", "OneClassSVM"])
def test_the_same_points_with_opposite_labels(name):
    X, y = np.ones((40, 3)).cumsum(0).repeat(2, 0), np.tile([0, 1], 40)
    for kernel in ("rbf", "linear"):
        machine = make(name, kernel=kernel, max_time=2.0).fit(X, y)
        assert machine.kkt_violation_ <= machine.tol or machine.fit_status_ == 1


@pytest.mark.parametrize("name", NAMES)
def test_states(name, tmp_path, rng):
    X, y = data(rng)
    machine = make(name, warm_start=True).fit(X, y)
    joblib.dump(machine, tmp_path / "machine")
    for copied in (
        pickle.loads(pickle.dumps(machine)),
        joblib.load(tmp_path / "machine"),
        copy.deepcopy(machine),
    ):
        np.testing.assert_array_equal(copied.predict(X), machine.predict(X))
        assert np.all(copied.fit(X, y).n_iter_ == 0), "it knows what it solved"
    with pytest.raises(ValueError, match=f"this {name} was saved in format 99"):
        make(name).__setstate__(machine.__getstate__() | {"_format": 99})


@pytest.mark.parametrize("name", ["SVR", "OneClassSVM"])
def test_an_interrupted_fit_leaves_the_estimator_as_it_was(name, rng, monkeypatch):
    X, y = data(rng)
    machine = make(name).fit(X, y)
    before = joblib.hash(vars(machine))

    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(core, "solve", stopped)
    with pytest.raises(KeyboardInterrupt):
        machine.fit(X[:, :2], y + 1)
    assert joblib.hash(vars(machine)) == before


def test_nothing_is_written_after_fit(rng):
    X, y = data(rng)
    for machine in (SVR().fit(X, y), OneClassSVM().fit(X)):
        before = joblib.hash(vars(machine))
        machine.predict(X)
        assert joblib.hash(vars(machine)) == before
