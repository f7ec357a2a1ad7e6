"""Linear machines: against their definition, their certificate, and the peer."""

import functools
import pickle
import time
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import given
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast import reference
from mlqa_fast.svm import LinearSVC, LinearSVR, l1_min_c, linear_svm

CLASSIFIERS = [
    {"loss": "hinge", "dual": True},
    {"loss": "squared_hinge", "dual": True},
    {"loss": "squared_hinge", "dual": False},
    {"loss": "squared_hinge", "penalty": "l1", "dual": False},
]
REGRESSORS = [
    {"loss": "epsilon_insensitive", "epsilon": 0.2, "dual": True},
    {"loss": "squared_epsilon_insensitive", "epsilon": 0.2, "dual": True},
    {"loss": "squared_epsilon_insensitive", "epsilon": 0.2, "dual": False},
]
every_classifier = pytest.mark.parametrize("machine", CLASSIFIERS, ids=str)
every_machine = pytest.mark.parametrize("machine", CLASSIFIERS + REGRESSORS, ids=str)
both_kinds = pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix])
EXACT = {"tol": 1e-9, "max_iter": 100_000, "random_state": 0}


def noisy(rng, n=90, d=5):
    X = rng.normal(size=(n, d))
    return X, X[:, 0] - 0.5 * X[:, 1] + 0.7 * rng.normal(size=n) + 0.3


def target_of(values, machine):
    return (values > 0).astype(int) if "hinge" in machine["loss"] else values


def primal(X, y, coef, intercept, machine, C=1.0, scaling=1.0, weight=1.0):
    """The objective, from its definition."""
    z = X @ coef + intercept
    if "hinge" in machine["loss"]:
        distance = np.maximum(0, 1 - np.where(y == y.max(), 1, -1) * z)
    else:
        distance = np.maximum(0, np.abs(y - z) - machine["epsilon"])
    loss = distance**2 if machine["loss"].startswith("squared") else distance
    w = np.append(coef, intercept / scaling)
    penalty = np.abs(w).sum() if machine.get("penalty") == "l1" else w @ w / 2
    return penalty + C * np.sum(weight * loss)


@functools.cache
def by_definition(*machine):
    """Rows, targets and the slow solution, once for all instruction sets and containers."""
    X, values = noisy(np.random.default_rng(7), 60, 5)
    y = target_of(values, dict(machine))
    given = {"C": 0.7, "tol": 1e-9, "max_iter": 100_000, **dict(machine)}
    return X, y, reference.svm.linear_svm(X, y, **given)


@every_machine
@both_kinds
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_agrees_with_the_definition(machine, container):
    X, y, want = by_definition(*machine.items())
    got = linear_svm(container(X), y, C=0.7, **EXACT, **machine)
    assert got.converged
    assert got.objective == pytest.approx(want.objective, rel=1e-8)
    np.testing.assert_allclose(got.coef, want.coef, atol=1e-4)
    assert got.intercept == pytest.approx(want.intercept, abs=1e-4)


@every_machine
@pytest.mark.parametrize("max_iter", [1, 2, 4])
@pytest.mark.usefixtures("isa")
def test_sparse_rows_go_the_way_of_dense_ones(machine, max_iter, rng):
    """Pass by pass, up to rounding: steps, not only what they lead to, are the same."""
    X, values = noisy(rng, 90, 11)
    X[np.abs(X) < 0.4] = 0
    given = {"C": 0.3, "intercept_scaling": 5.0, "random_state": 3, "tol": 1e-6, **machine}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        dense, csr = (
            linear_svm(form, target_of(values, machine), max_iter=max_iter, **given)
            for form in (X, sp.csr_matrix(X))
        )
    assert csr.n_iter == dense.n_iter
    np.testing.assert_allclose(csr.coef, dense.coef, rtol=1e-9, atol=1e-12)
    assert csr.intercept == pytest.approx(dense.intercept, rel=1e-9)
    assert csr.dual_gap == pytest.approx(dense.dual_gap, rel=1e-9)


@every_machine
@both_kinds
@pytest.mark.parametrize("C", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("max_iter", [0, 1, 3, 20_000])
@pytest.mark.usefixtures("isa")
def test_certificates_are_true(machine, container, C, max_iter, rng):
    """Converged or not: the objective is that of the weights, the optimum lies within the gap."""
    X, values = noisy(rng, 120, 11)
    X[np.abs(X) < 0.4] = 0
    y = target_of(values, machine)
    given = {"C": C, "intercept_scaling": 2.0, **machine}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        got = linear_svm(container(X), y, max_iter=max_iter, random_state=1, **given)
        best = linear_svm(X, y, tol=1e-10, max_iter=200_000, **given)
    objective = primal(X, y, got.coef, got.intercept, machine, C, scaling=2.0)
    assert got.objective == pytest.approx(objective, rel=1e-12)
    assert objective - best.objective <= got.dual_gap
    assert best.dual_gap <= 1e-6 * best.objective
    assert got.dual_gap <= objective * (1 + 1e-9), "no weights at all have a gap like this"


@every_machine
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (7, 8), (33, 15), (64, 16), (50, 31), (40, 70)])
def test_every_remainder_of_a_vector(machine, shape, rng):
    """Rows and features that fill vectors, and that do not."""
    X = rng.normal(size=shape)
    y = np.arange(len(X)) % 2 if "hinge" in machine["loss"] else rng.normal(size=len(X))
    if len(X) == 1 and "hinge" in machine["loss"]:
        X, y = np.vstack([X, -X]), np.array([0, 1])
    dense, sparse = (linear_svm(form, y, **EXACT, **machine) for form in (X, sp.csr_array(X)))
    want = reference.svm.linear_svm(X, y, tol=1e-8, max_iter=20_000, **machine)
    for got in (dense, sparse):
        assert got.objective == pytest.approx(want.objective, rel=1e-6)
        assert got.dual_gap <= 1e-6 * max(got.objective, 1e-6)


@every_classifier
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
def test_agrees_with_the_peer_on_real_data(machine, load):
    """No higher objective than LIBLINEAR's, and the optimum within the gap."""
    X, y = load(return_X_y=True)
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    given = {"C": 0.05, "tol": 1e-5, "max_iter": 20_000, "random_state": 0, **machine}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours, theirs = LinearSVC(**given).fit(X, y), sklearn.svm.LinearSVC(**given).fit(X, y)
    rows = [y == c for c in ours.classes_] if len(ours.classes_) > 2 else [y]

    def total(svc):
        return sum(
            primal(X, row, coef, intercept, machine, 0.05)
            for row, coef, intercept in zip(rows, svc.coef_, svc.intercept_, strict=True)
        )

    assert ours.objective_ == pytest.approx(total(ours), rel=1e-12)
    assert total(ours) <= total(theirs) * (1 + 1e-6)
    assert total(theirs) >= ours.objective_ - ours.dual_gap_
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert np.mean(ours.predict(X) == theirs.predict(X)) > 0.995
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=5e-3 * len(ours.classes_)
    )


@pytest.mark.parametrize("machine", REGRESSORS, ids=str)
@both_kinds
def test_regression_agrees_with_the_peer(machine, container):
    X, y = load_diabetes(return_X_y=True)
    given = {"C": 2.0, "tol": 1e-5, "max_iter": 20_000, "random_state": 0, **machine}
    ours, theirs = LinearSVR(**given).fit(container(X), y), sklearn.svm.LinearSVR(**given).fit(X, y)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    objective = primal(X, y, theirs.coef_, theirs.intercept_[0], machine, 2.0)
    assert ours.objective_ <= objective * (1 + 1e-6)
    assert objective >= ours.objective_ - ours.dual_gap_
    np.testing.assert_allclose(ours.predict(container(X)), theirs.predict(X), rtol=2e-3)


def fitted_peer(X, y, weight=None, **given):
    """The peer's machines. Some of its versions warn though the limit was not met."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return sklearn.svm.LinearSVC(**given).fit(X, y, weight)


WEIGHTS = [None, "balanced", {0: 3.0, 1: 1.0, 2: 0.5}]


@pytest.mark.parametrize("class_weight", WEIGHTS, ids=str)
@pytest.mark.parametrize("multi_class", ["ovr", "crammer_singer"])
@pytest.mark.parametrize("intercept", [True, False])
def test_several_classes_with_weights_are_the_peers(class_weight, multi_class, intercept, rng):
    X, y = load_iris(return_X_y=True)
    weight = rng.integers(0, 3, len(y)).astype(float)
    given = {
        "C": 0.1,
        "multi_class": multi_class,
        "class_weight": class_weight,
        "fit_intercept": intercept,
        "tol": 1e-6,
        "max_iter": 100_000,
        "random_state": 0,
    }
    ours = LinearSVC(**given).fit(X, y, weight)
    theirs = fitted_peer(X, y, weight, **given)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)


def crammer_singer_objective(X, y, svc, C):
    """The objective of all classes at once, from its definition."""
    z = X @ svc.coef_.T + svc.intercept_
    own = z[np.arange(len(y)), y]
    margin = z + 1
    margin[np.arange(len(y)), y] -= 1
    w = np.column_stack([svc.coef_, np.broadcast_to(svc.intercept_, len(svc.coef_))])
    return np.sum(w**2) / 2 + C * np.sum(margin.max(axis=1) - own)


@both_kinds
@pytest.mark.parametrize("classes", [3, 8, 9, 40])
@pytest.mark.usefixtures("isa")
def test_all_classes_at_once(container, classes, rng):
    """The certificate is true, and the peer's objective lies within it."""
    y = np.arange(200) % classes
    X = rng.normal(size=(classes, 7))[y] + 0.8 * rng.normal(size=(200, 7))
    given = {"multi_class": "crammer_singer", "random_state": 0}
    for tol in (1e-1, 1e-6):
        ours = LinearSVC(tol=tol, max_iter=50_000, **given).fit(container(X), y)
        assert ours.objective_ == pytest.approx(crammer_singer_objective(X, y, ours, 1.0))
    assert ours.dual_gap_ <= 1e-4 * ours.objective_
    theirs = fitted_peer(X, y, tol=1e-6, max_iter=50_000, **given)
    objective = crammer_singer_objective(X, y, theirs, 1.0)
    assert objective >= ours.objective_ - ours.dual_gap_
    assert ours.objective_ == pytest.approx(objective, rel=1e-4)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)


def test_no_pass_of_l1_raises_the_objective():
    """Found by search: with half of the largest curvature, a step would be too long here."""
    rng = np.random.default_rng(1877)
    n, d = rng.integers(4, 40), rng.integers(2, 6)
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-1, 2, (n, 1))
    C = 10.0 ** rng.integers(-1, 4)
    given = {"penalty": "l1", "dual": False, "fit_intercept": False, "random_state": 0}
    before = C * n
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for passes in range(1, 9):
            fitted = linear_svm(X, np.arange(n) % 2, C=C, tol=1e-12, max_iter=passes, **given)
            assert fitted.objective <= before * (1 + 1e-14)
            before = fitted.objective


def test_a_row_of_zeros_without_an_intercept(rng):
    """Its loss is what it is: no solver waits for it."""
    X, values = noisy(rng, 40, 3)
    X[:4] = 0
    y = (values > 0).astype(int) + (values > 1)
    for kind in ({"loss": "hinge", "dual": True}, {"multi_class": "crammer_singer"}):
        svc = LinearSVC(fit_intercept=False, max_iter=20_000, tol=1e-6, **kind).fit(X, y)
        assert svc.dual_gap_ <= 1e-3 * svc.objective_
        assert svc.intercept_ == 0.0


@every_machine
def test_strides_and_types(machine, rng):
    """Any strides, and float32 as its float64 copy; sparse rows in any order."""
    X, values = noisy(rng, 50, 6)
    X = np.round(X * 64) / 64
    y = target_of(values, machine)
    given = {"random_state": 0, "tol": 1e-3, "max_iter": 5000, **machine}
    want = linear_svm(X, y, **given).coef
    wide = np.zeros((100, 12))
    wide[::2, ::2] = X
    for form in (np.asfortranarray(X), wide[::2, ::2], X[::-1].copy()[::-1], X.astype(np.float32)):
        np.testing.assert_array_equal(linear_svm(form, y, **given).coef, want)
    csr = sp.csr_matrix(X)
    sparse = linear_svm(csr, y, **given).coef
    for form in (csr.astype(np.float32), sp.csc_matrix(X), sp.csr_array(X)):
        np.testing.assert_array_equal(linear_svm(form, y, **given).coef, sparse)
    whole = {**EXACT, **machine}
    want = linear_svm(X, y, **whole).objective
    backwards = sp.csr_matrix((csr.data[::-1], csr.indices[::-1], csr.nnz - csr.indptr[::-1]))
    assert linear_svm(backwards, y[::-1], **whole).objective == pytest.approx(want, rel=1e-9)
    halves = sp.csr_matrix((np.repeat(csr.data / 2, 2), np.repeat(csr.indices, 2), 2 * csr.indptr))
    assert linear_svm(halves, y, **whole).objective == pytest.approx(want, rel=1e-9)
    assert halves.nnz == 2 * csr.nnz


@every_machine
@both_kinds
def test_weights_are_repetitions_and_zero_is_absence(machine, container, rng):
    X, values = noisy(rng, 40)
    y = target_of(values, machine)
    weight = rng.integers(0, 4, 40)
    weighted = linear_svm(container(X), y, sample_weight=weight, **EXACT, **machine)
    repeated = linear_svm(np.repeat(X, weight, 0), np.repeat(y, weight), **EXACT, **machine)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-8)
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-4)
    absent = linear_svm(X[weight > 0], y[weight > 0], C=2.0, **EXACT, **machine)
    doubled = linear_svm(X, y, sample_weight=2.0 * (weight > 0), **EXACT, **machine)
    assert absent.objective == pytest.approx(doubled.objective, rel=1e-9)


def test_certificates_leave_room_for_rounding():
    """Two points, solved exactly: the gap is the bound on the rounding of its sums, and no more."""
    X, y = [[-1.0], [1.0]], [-1, 1]
    given = {"fit_intercept": False, "tol": 1e-12}
    gaps = [linear_svm(X, y, **{**given, **m}).dual_gap for m in CLASSIFIERS[:3] + REGRESSORS]
    gaps.append(linear_svm(X, y, penalty="l1", dual=False, C=0.125, **given).dual_gap)
    gaps.append(LinearSVC(multi_class="crammer_singer", **given).fit(X, y).dual_gap_)
    assert min(gaps) > 2.0**-53
    assert max(gaps) < 1e-12


@every_classifier
def test_a_class_that_costs_nothing(machine, rng):
    """Class weights of 0 and 1: all can be on the side of the class that counts."""
    X, values = noisy(rng, 60)
    svc = LinearSVC(class_weight={0: 0.0, 1: 1.0}, tol=1e-8, max_iter=20_000, **machine)
    svc.fit(X, target_of(values, machine))
    assert svc.dual_gap_ <= 1e-4
    assert np.all(svc.predict(X) == 1)


@given(scaling=st.floats(0.1, 20.0), C=st.floats(1e-3, 10.0))
def test_the_intercept_is_a_penalised_weight(scaling, C):
    rng = np.random.default_rng(3)
    X, values = noisy(rng, 40, 3)
    y = (values > 0).astype(int)
    added = np.column_stack([X, np.full(40, scaling)])
    one = linear_svm(X, y, C=C, intercept_scaling=scaling, dual=False, tol=1e-9)
    other = linear_svm(added, y, C=C, fit_intercept=False, dual=False, tol=1e-9)
    np.testing.assert_allclose(one.coef, other.coef[:-1], atol=1e-6)
    assert one.intercept == pytest.approx(scaling * other.coef[-1], abs=1e-6)


@pytest.mark.parametrize("intercept", [True, False])
@both_kinds
def test_the_least_c_of_l1(intercept, container, rng):
    X, values = noisy(rng, 60)
    y = (values > 0).astype(int)
    given = {"fit_intercept": intercept, "intercept_scaling": 5.0}
    least = l1_min_c(container(X), y, **given)
    assert least == pytest.approx(reference.svm.l1_min_c(X, y, **given), rel=1e-12)
    assert least == pytest.approx(sklearn.svm.l1_min_c(X, y, **given), rel=1e-12)
    machine = {"penalty": "l1", "dual": False, **given}
    empty = linear_svm(container(X), y, C=0.999 * least, **machine)
    assert not empty.coef.any()
    assert empty.intercept == 0
    some = linear_svm(container(X), y, C=1.01 * least, tol=1e-6, **machine)
    assert some.coef.any() or some.intercept != 0


@every_machine
@both_kinds
def test_a_larger_problem(machine, container, rng):
    """Several chunks, slices and threads: the same bits, and the optimum."""
    X, values = noisy(rng, 20_000, 24)
    y = target_of(values, machine)
    given = {"C": 0.01, "random_state": 0, "tol": 1e-4, "max_iter": 5000, **machine}
    got, alone = (linear_svm(container(X), y, n_jobs=jobs, **given) for jobs in (2, 1))
    np.testing.assert_array_equal(got.coef, alone.coef)
    assert got.dual_gap == alone.dual_gap
    assert got.dual_gap <= 1e-3 * got.objective


def test_a_seed_gives_the_same_answer(rng):
    X, values = noisy(rng)
    given = {"loss": "hinge", "dual": True, "tol": 1e-2}
    fits = [linear_svm(X, values > 0, random_state=seed, **given).coef for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert np.any(fits[0] != fits[2])


def descent_left(X, y, coef, intercept, penalty, C):
    """Slopes of the objective that are left at these weights: each one's least size."""
    sign, Z = np.where(y == y.max(), 1.0, -1.0), np.column_stack([X, np.ones(len(X))])
    w = np.append(coef, intercept)
    slope = -2 * C * Z.T @ (sign * np.maximum(0, 1 - sign * (Z @ w)))
    if penalty == "l2":
        return slope + w
    return np.where(w != 0, np.abs(slope + np.sign(w)), np.maximum(np.abs(slope) - 1, 0))


@pytest.mark.parametrize("tol", [0.5, 0.1, 0.02, 1e-3])
def test_a_rare_class_makes_the_tolerance_tighter(tol, rng):
    """LIBLINEAR's rules: what is left is tol times the share of the smaller class of what was.

    Newton's method stops there and not later. Coordinate descent goes by the slopes that a pass
    met; those that it leaves are about as large, and would be 50 times as large without the share.
    """
    X, values = noisy(rng, 2000, 8)
    y = (values > np.quantile(values, 0.98)).astype(int)
    given = {"dual": False, "tol": tol, "C": 0.1}

    def left(penalty, max_iter):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            at = linear_svm(X, y, penalty=penalty, max_iter=max_iter, **given)
        slopes = descent_left(X, y, at.coef, at.intercept, penalty, 0.1)
        return np.linalg.norm(slopes, 2 if penalty == "l2" else 1), at.n_iter

    for penalty, slack in (("l2", 1.0), ("l1", 5.0)):
        goal = tol * 0.02 * left(penalty, 0)[0]
        reached, n_iter = left(penalty, 10_000)
        assert reached <= slack * goal
        assert penalty == "l1" or left(penalty, n_iter - 2)[0] > goal


@every_machine
def test_limits_warn_with_the_certificate(machine, rng):
    X, values = noisy(rng, 400, 20)
    y = target_of(values, machine)
    with pytest.warns(ConvergenceWarning, match=r"failed to converge.*gap reached: \S+"):
        result = linear_svm(X, y, max_iter=1, tol=1e-12, **machine)
    assert not result.converged
    assert result.n_iter == 1
    start = time.perf_counter()
    with pytest.warns(ConvergenceWarning, match=r"max_time=1e-06.*gap reached"):
        late = linear_svm(X, y, max_time=1e-6, tol=1e-14, max_iter=10**7, **machine)
    assert time.perf_counter() - start < 5
    assert np.isfinite(late.dual_gap)


def test_features_of_every_scale(rng):
    """From 1e-4 to 1e4: Newton's method needs no scaling."""
    X, y = load_breast_cancer(return_X_y=True)
    svc = LinearSVC(tol=1e-8, C=1.0).fit(X * np.logspace(-4, 1, X.shape[1]), y)
    assert svc.dual_gap_ <= 1e-4 * svc.objective_
    assert svc.n_iter_ < 100


def test_estimators_round_trip_and_convert(rng):
    X, values = noisy(rng)
    svc = LinearSVC(penalty="l1", dual=False, C=0.1).fit(X, values > 0)
    again = pickle.loads(pickle.dumps(svc))
    np.testing.assert_array_equal(again.predict(X), svc.predict(X))
    want = svc.decision_function(X)
    assert sp.issparse(svc.sparsify().coef_)
    np.testing.assert_allclose(svc.decision_function(X), want)
    assert isinstance(svc.densify().coef_, np.ndarray)
    state = {**svc.__getstate__(), "_format": 99}
    with pytest.raises(ValueError, match="saved in format 99"):
        LinearSVC().__setstate__(state)


def test_a_refused_fit_changes_nothing(rng):
    X, values = noisy(rng)
    svc = LinearSVC().fit(X, values > 0)
    before = pickle.dumps(svc)
    with pytest.raises(ValueError, match="at least 2 classes"):
        svc.fit(X[:, :2], np.zeros(len(X)))
    assert pickle.dumps(svc) == before


def test_verbose_shows_a_bar(capfd, rng):
    X, values = noisy(rng)
    LinearSVC(verbose=1).fit(X, values > 0)
    assert "LinearSVC" in capfd.readouterr().err
