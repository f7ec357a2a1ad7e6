"""Prediction: decision values from their definition, labels that are exactly theirs, the bound."""

import copy
import pickle
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import hypothesis.strategies as st
import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import given
from sklearn import config_context

from mlqa_fast import reference
from mlqa_fast._mlqa_fast_core import core as levels
from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import SVC, SVR, CompiledPredictor, compile_predictor
from mlqa_fast.svm._problem import KERNELS, kernel_tuple

ALL_KERNELS = ["linear", "poly", "rbf", "sigmoid"]


def machines_of(rng, k, d, most=40, scale=1.0):
    """Machines that were never trained: any coefficients will do, classes without vectors too."""
    count = rng.integers(0, most, k)
    start = np.concatenate([[0], np.cumsum(count)])
    return {
        "support_vectors": scale * rng.normal(size=(start[-1], d)),
        "support": np.empty(0, dtype=np.int64),
        "start": start,
        "dual_coef": rng.normal(size=(k - 1, start[-1])),
        "intercept": rng.normal(size=k * (k - 1) // 2),
    }


def predictor(machines, kernel="rbf", degree=3, gamma=0.3, coef0=0.2):
    return core.Predictor(kernel=kernel_tuple(kernel, degree, gamma, coef0), **machines)


def defined(machines, X, kernel="rbf", degree=3, gamma=0.3, coef0=0.2):
    """Decision values by their definition."""
    K = reference.svm._kernels.kernel_matrix(
        np.asarray(X, dtype=np.float64), machines["support_vectors"], kernel, degree, gamma, coef0
    )
    start, coef = machines["start"], machines["dual_coef"]
    part = [slice(start[c], start[c + 1]) for c in range(len(start) - 1)]
    return np.stack(
        [
            K[:, part[a]] @ coef[b - 1, part[a]] + K[:, part[b]] @ coef[a, part[b]] + constant
            for (a, b), constant in zip(
                combinations(range(len(part)), 2), machines["intercept"], strict=True
            )
        ],
        axis=1,
    )


def voted(decision, k):
    """LIBSVM's vote over decision values."""
    votes = np.zeros((len(decision), k), dtype=int)
    for column, (a, b) in enumerate(combinations(range(k), 2)):
        votes[:, a] += decision[:, column] > 0
        votes[:, b] += ~(decision[:, column] > 0)
    return np.argmax(votes, axis=1)


def walked(decision, k):
    """The graph over decision values."""
    column = {pair: c for c, pair in enumerate(combinations(range(k), 2))}
    label = []
    for values in decision:
        a, b = 0, k - 1
        while a < b:
            a, b = (a, b - 1) if values[column[a, b]] > 0 else (a + 1, b)
        label.append(a)
    return np.array(label)


def assert_labels_are_those_of_the_values(native, X, k):
    decision = native.decisions(X, 1)
    np.testing.assert_array_equal(native.classes(X, 1, False), voted(decision, k))
    np.testing.assert_array_equal(native.classes(X, 1, True), walked(decision, k))


# Decision values.


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 11, 30])
@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_decision_values_are_the_definition(k, kernel, rng):
    machines = machines_of(rng, k, 5)
    X = rng.normal(size=(70, 5))
    want = defined(machines, X, kernel)
    got = predictor(machines, kernel).decisions(X, 1)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-13 * max(1, np.abs(want).max()))


@pytest.mark.parametrize("points", [1, 2, 3, 4, 5, 11, 12, 13, 47, 48, 49, 97])
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_a_value_has_the_same_bits_in_any_company(points, rng):
    native = predictor(machines_of(rng, 6, 7))
    X = rng.normal(size=(points, 7))
    together = native.decisions(X, 1)
    alone = np.concatenate([native.decisions(x[None], 1) for x in X])
    np.testing.assert_array_equal(together, alone)
    label = [native.classes(x[None], 1, False)[0] for x in X]
    np.testing.assert_array_equal(native.classes(X, 1, False), label)


@pytest.mark.parametrize("k", [2, 7])
def test_any_number_of_threads_gives_the_same_bits(k, rng):
    native = predictor(machines_of(rng, k, 30, most=900))
    X = rng.normal(size=(900, 30))
    for n_jobs in (2, 3):
        np.testing.assert_array_equal(native.decisions(X, n_jobs), native.decisions(X, 1))
        for graph in (False, True):
            np.testing.assert_array_equal(
                native.classes(X, n_jobs, graph), native.classes(X, 1, graph)
            )


def test_agrees_with_libsvm(real_data):
    """Coefficients of LIBSVM, decision values and labels of ours."""
    X, y = real_data
    theirs = sklearn.svm.SVC(C=10, decision_function_shape="ovo").fit(X, y)
    ours = compile_predictor(theirs)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-11)


# Labels are exactly those of the decision values in double.


@pytest.mark.parametrize("k", [2, 3, 4, 5, 9])
@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.usefixtures("isa")
@pytest.mark.sanitize
def test_labels_where_values_nearly_vanish(k, kernel, rng):
    """Points of which many machines have values of rounding errors, on either side of 0."""
    machines = machines_of(rng, k, 4)
    X = rng.normal(size=(60, 4))
    X[::2] = X[0] * (1 + 1e-15 * rng.normal(size=(30, 4)))
    machines["intercept"] = (
        -predictor(machines, kernel).decisions(X[:1], 1)[0] + machines["intercept"]
    )
    native = predictor(machines, kernel)
    decision = native.decisions(X, 1)
    assert np.abs(decision[0]).max() < 1e-11 * np.abs(decision).max()
    assert_labels_are_those_of_the_values(native, X, k)


@given(
    k=st.integers(2, 9),
    d=st.integers(1, 20),
    kernel=st.sampled_from(ALL_KERNELS),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 30.0, 1e8, 1e25]),
    gamma=st.sampled_from([0.0, 1e-25, 0.1, 3.0, 1e20]),
    seed=st.integers(0, 2**32 - 1),
)
def test_labels_of_any_machines(k, d, kernel, scale, gamma, seed):
    rng = np.random.default_rng(seed)
    native = predictor(machines_of(rng, k, d, scale=scale), kernel, gamma=gamma)
    assert_labels_are_those_of_the_values(native, scale * rng.normal(size=(30, d)), k)


def test_a_winner_that_is_hard_to_find(rng):
    """No class beats all others: rock, paper, scissors, and more of them."""
    k = 7
    machines = machines_of(rng, k, 2, most=1)
    X = rng.normal(size=(5, 2))
    wins = [(b - a) % k <= k // 2 for a, b in combinations(range(k), 2)]
    machines["intercept"] = np.where(wins, 1.0, -1.0)
    native = predictor(machines)
    assert native.classes(X, 1, False).tolist() == [0] * 5
    assert_labels_are_those_of_the_values(native, X, k)


def test_a_vote_in_doubt_may_make_a_tie(rng):
    """Class 0 has as many votes as class 1, and comes first, if it wins against class 2."""
    machines = machines_of(rng, 4, 2, most=1)
    for value, label in ((1e-30, 0), (-1e-30, 1)):
        machines["intercept"] = np.array([-1.0, value, 1.0, 1.0, -1.0, -1.0])
        assert predictor(machines).classes(np.zeros((1, 2)), 1, False).tolist() == [label]


# The bound of the values in float32.


def kinds(rng, d):
    """Points and support vectors of every sort."""
    ordinary = rng.normal(size=(40, d))
    return {
        "ordinary": ordinary,
        "far from the origin": ordinary + 300.0,
        "integers": np.round(5 * ordinary),
        "few digits apart": 1 + 1e-7 * ordinary,
        "equal": np.ones((40, d)),
        "zeros among them": ordinary * (rng.random((40, d)) < 0.3),
        "scales apart": ordinary * 10.0 ** rng.integers(-6, 3, d),
        "below the normal range": 1e-40 * ordinary,
        "large": 1e12 * ordinary,
    }


def errors(machines, X, **kernel):
    """Errors of the values in float32 as shares of their bounds."""
    native = predictor(machines, **kernel)
    value, bound = native.screened(X)
    exact = native.decisions(X, 1)
    known = np.isfinite(bound)
    return np.abs(value - exact)[known] / bound[known]


@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.parametrize("d", [1, 7, 64, 400])
@pytest.mark.usefixtures("isa")
def test_every_value_is_within_the_bound(kernel, d, rng):
    known = 0
    for kind, points in kinds(rng, d).items():
        for gamma in (1e-3, 1 / d, 10.0):
            machines = machines_of(rng, 4, d, most=11)
            n = machines["start"][-1]
            machines["support_vectors"] = points[-n:] if n else points[:0]
            share = errors(machines, points, kernel=kernel, gamma=gamma)
            assert share.max(initial=0) < 1, (kind, gamma)
            known += share.size
    assert known > 1000


def rounded_down(rng, d, level):
    """A vector whose squares, added in float32 one by one, lose nearly a unit at each step."""
    total, x = np.float32(0), []
    for _ in range(d):
        candidates = rng.uniform(0.5, 1, 2000).astype(np.float32)
        exact = float(total) + candidates.astype(np.float64) ** 2
        # The lowest level has no fused multiply-add.
        sums = total + candidates**2 if level == "x86-64-v2" else exact.astype(np.float32)
        worst = np.argmin(sums - exact)
        total = sums[worst]
        x.append(candidates[worst])
    return np.array(x, dtype=np.float64)


def at_a_support_vector(rng, d, level):
    """One support vector, the same point, and an intercept that takes the value in double away."""
    x = rounded_down(rng, d, level)
    machines = {
        # The second one, of coefficient 0, keeps the centre at the origin.
        "support_vectors": np.stack([x, -x]),
        "support": np.empty(0, dtype=np.int64),
        "start": np.array([0, 2, 2]),
        "dual_coef": np.array([[1.0, 0.0]]),
        "intercept": np.array([-1.0]),
    }
    return machines, x[None]


@pytest.mark.parametrize("d", [100, 300])
def test_a_tenth_of_the_bound_is_attained(d, isa, rng):
    """The distance of a point from itself is what its products lost."""
    machines, X = at_a_support_vector(rng, d, isa)
    assert errors(machines, X, gamma=0.1).max() >= 0.1


def test_a_64th_of_the_bound_would_give_other_labels(isa, rng):
    """Values in float32 of the wrong sign would be believed."""
    machines, X = at_a_support_vector(rng, 100, isa)
    value, bound = predictor(machines, gamma=0.1).screened(X)
    machines["intercept"] -= value[0] / 2
    native = predictor(machines, gamma=0.1)
    value, bound = native.screened(X)
    exact = native.decisions(X, 1)
    assert (value > 0).item() != (exact > 0).item()
    assert bound / 64 < np.abs(value) < bound
    assert native.classes(X, 1, False).tolist() == [0 if exact > 0 else 1]


def test_values_beyond_float32_are_left_to_double(rng):
    machines = machines_of(rng, 3, 4)
    for points in (np.full((1, 4), 1e30), np.full((1, 4), 1e200)):
        assert np.isinf(predictor(machines).screened(points)[1]).all()
    assert np.isinf(predictor(machines, gamma=1e30).screened(np.ones((1, 4)))[1]).all()
    machines["support_vectors"] = machines["support_vectors"] * 1e30
    assert np.isinf(predictor(machines).screened(np.ones((1, 4)))[1]).all()


# Points of every kind.


@pytest.fixture
def fitted(rng):
    y = np.arange(240) % 6
    X = rng.normal(size=(6, 5))[y] + rng.normal(size=(240, 5))
    return SVC(decision_function_shape="ovo").fit(X, y), X


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.repeat(X, 3, axis=1)[:, ::3],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X[:, ::-1].copy()[:, ::-1],
        lambda X: X.astype(">f8"),
        lambda X: X.tolist(),
        pd.DataFrame,
    ],
)
def test_any_layout_gives_the_same_bits(layout, fitted):
    svc, X = fitted
    np.testing.assert_array_equal(svc.decision_function(layout(X)), svc.decision_function(X))
    np.testing.assert_array_equal(svc.predict(layout(X)), svc.predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, np.bool_])
def test_other_numbers_are_taken_as_their_float64(dtype, fitted):
    svc, X = fitted
    X = (3 * X).astype(dtype)
    want = svc.decision_function(X.astype(np.float64))
    np.testing.assert_array_equal(svc.decision_function(X), want)
    np.testing.assert_array_equal(svc.predict(X), svc.predict(X.astype(np.float64)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_maps(dtype, fitted, tmp_path):
    svc, X = fitted
    X = X.astype(dtype)
    np.save(tmp_path / "points.npy", X)
    mapped = np.load(tmp_path / "points.npy", mmap_mode="r")
    np.testing.assert_array_equal(svc.predict(mapped), svc.predict(X))
    np.testing.assert_array_equal(svc.decision_function(mapped), svc.decision_function(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_are_not_copied(dtype, fitted):
    svc, X = fitted
    points = np.tile(X, (1000, 1)).astype(dtype)
    svc.predict(points[:1000])
    tracemalloc.start()
    svc.predict(points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < points.nbytes


def test_sparse_points(rng):
    X = rng.normal(size=(200, 12)) * (rng.random((200, 12)) < 0.4)
    y = np.arange(200) % 5
    svc = SVC(decision_function_shape="ovo").fit(sp.csr_matrix(X), y)
    dense = SVC(decision_function_shape="ovo", gamma=svc._gamma).fit(X, y)
    compiled = compile_predictor(svc)
    for given_as in (sp.csr_matrix, sp.csr_array, sp.csc_matrix, sp.coo_array):
        points = given_as(X)
        np.testing.assert_array_equal(svc.decision_function(points), dense.decision_function(X))
        np.testing.assert_array_equal(svc.predict(points), dense.predict(X))
    np.testing.assert_array_equal(svc.predict(sp.csr_array(X.astype(np.float32))), dense.predict(X))
    np.testing.assert_array_equal(compiled.predict(sp.csr_matrix(X)), dense.predict(X))
    with pytest.raises(ValueError, match="the features and the kind"):
        compiled.predict(X)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.usefixtures("isa")
def test_points_whose_squares_overflow_are_far_from_everything(container, rng):
    """As in LIBSVM: all kernel values are 0, whatever the product with a support vector does."""
    X, y = 3 * rng.normal(size=(240, 5)), np.arange(240) % 6
    huge = 1e308 * np.array([[1, 1, 1, 1, 1], [1, -1, 1, -1, 1], [0, 0, 1, 0, 0], [0, -1, 0, 0, 0]])
    points = container(np.concatenate([huge, 1e-108 * huge, X[:3]]))
    ours, theirs = (
        cls(decision_function_shape="ovo", tol=1e-8).fit(container(X), y)
        for cls in (SVC, sklearn.svm.SVC)
    )
    got = ours.decision_function(points)
    np.testing.assert_array_equal(got[:8], np.tile(ours.intercept_, (8, 1)))
    np.testing.assert_array_equal(ours.predict(points), theirs.predict(points))
    single = SVR().fit(container(X), y)
    np.testing.assert_array_equal(single.predict(points)[:8], np.tile(single.intercept_, 8))


def test_without_support_vectors(rng):
    machines = machines_of(rng, 5, 3, most=1)
    assert machines["start"][-1] == 0
    native = predictor(machines)
    X = rng.normal(size=(20, 3))
    np.testing.assert_array_equal(native.decisions(X, 1), np.tile(machines["intercept"], (20, 1)))
    assert_labels_are_those_of_the_values(native, X, 5)


def test_precomputed_and_callable_kernels(fitted, rng):
    svc, X = fitted
    y = svc.predict(X)
    points = rng.normal(size=(50, 5))
    linear = SVC(kernel="linear", tol=1e-8).fit(X, y)
    given_values = SVC(kernel="precomputed", tol=1e-8).fit(X @ X.T, y)
    called = SVC(kernel=lambda a, b: a @ b.T, tol=1e-8).fit(X, y)
    want = linear.predict(points)
    np.testing.assert_array_equal(given_values.predict(points @ X.T), want)
    np.testing.assert_array_equal(called.predict(points), want)
    values = points @ X.T
    compiled = compile_predictor(given_values)
    np.testing.assert_array_equal(compiled.predict(values), want)
    narrow = given_values.predict(values.astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(compiled.predict(values.astype(np.float32)), narrow)
    with pytest.raises(ValueError, match="a column for every support vector"):
        compiled.predict(points)
    with pytest.raises(ValueError, match="callable kernel cannot be compiled"):
        compile_predictor(called)


# The estimator: scikit-learn's checks, and nothing written after fit.


def test_checks_are_scikit_learns(fitted):
    """The same errors and warnings, also where points are taken without validation."""
    svc, X = fitted
    y = svc.predict(X)
    theirs = sklearn.svm.SVC().fit(X, y)
    bad = X[:3].copy()
    bad[1, 2] = np.nan
    for points in (X[:, :4], bad, np.where(bad > 9, 0, np.inf), X[0], X[:0], X[None], "text"):
        for method in ("predict", "decision_function"):
            with pytest.raises(ValueError) as want:
                getattr(theirs, method)(points)
            with pytest.raises(ValueError) as got:
                getattr(svc, method)(points)
            assert str(got.value) == str(want.value)
    huge = np.full((1, 5), 1e308)
    np.testing.assert_array_equal(svc.predict(huge), theirs.predict(huge))


def test_feature_names(fitted):
    _, X = fitted
    y = np.arange(240) % 6
    names = list("abcde")
    named, plain = SVC().fit(pd.DataFrame(X, columns=names), y), SVC().fit(X, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but SVC was fitted"):
        label = named.predict(X)
    np.testing.assert_array_equal(label, plain.predict(X))
    with pytest.warns(UserWarning, match="X has feature names, but SVC was fitted without"):
        plain.predict(pd.DataFrame(X, columns=names))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named.predict(pd.DataFrame(X, columns=names))


def test_nan_passes_where_scikit_learn_is_told_so(fitted):
    svc, X = fitted
    X = X[:4].copy()
    X[0, 0] = np.nan
    with config_context(assume_finite=True):
        label = svc.predict(X)
    np.testing.assert_array_equal(label[1:], svc.predict(X[1:]))
    assert label[0] in svc.classes_


def test_changed_attributes_count(fitted):
    svc, X = fitted
    before = svc.decision_function(X)
    svc._dual_coef_ = -svc._dual_coef_
    svc._intercept_ = -svc._intercept_
    np.testing.assert_array_equal(svc.decision_function(X), -before)
    svc._dual_coef_ = -svc._dual_coef_
    svc._intercept_ = -svc._intercept_
    svc.set_params(kernel="linear")
    assert not np.allclose(svc.decision_function(X), before)
    svc.set_params(kernel="rbf")
    np.testing.assert_array_equal(svc.decision_function(X), before)


def test_copies_pack_their_own_machines(fitted):
    svc, X = fitted
    assert b"Packed" not in pickle.dumps(svc)
    for copied in (pickle.loads(pickle.dumps(svc)), copy.deepcopy(svc), copy.copy(svc)):
        assert copied._packed.native is not None
        np.testing.assert_array_equal(copied.decision_function(X), svc.decision_function(X))
        np.testing.assert_array_equal(copied.predict(X), svc.predict(X))
    before = joblib.hash(vars(svc))
    svc.predict(X)
    assert joblib.hash(vars(svc)) == before


def test_a_change_of_the_instruction_set_is_noticed(fitted, isa):
    """What was packed for another one is packed anew, or refused."""
    svc, X = fitted
    label, compiled = svc.predict(X), compile_predictor(svc)
    for level in levels.isa_levels():
        levels.isa_use(level)
        np.testing.assert_array_equal(svc.predict(X), label)
        if level != isa:
            with pytest.raises(ValueError, match="instruction set"):
                compiled.predict(X)


def test_concurrent_calls(fitted):
    svc, X = fitted
    points = np.tile(X, (20, 1))
    want = svc.predict(points)
    with ThreadPoolExecutor(4) as pool:
        for label in pool.map(lambda _: svc.predict(points), range(8)):
            np.testing.assert_array_equal(label, want)


# Compiled predictors.


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"multi_class": "dag"},
        {"decision_function_shape": "ovo"},
        {"break_ties": True},
        {"kernel": "poly", "degree": 2, "coef0": 1.0},
    ],
)
def test_compiled_is_the_estimator(k, parameters, rng):
    y = np.arange(200) % k
    X = rng.normal(size=(k, 4))[y] + 2 * rng.normal(size=(200, 4))
    svc = SVC(**parameters).fit(X, np.array(list("abcde"))[y])
    compiled = compile_predictor(svc)
    assert isinstance(compiled, CompiledPredictor)
    np.testing.assert_array_equal(compiled.classes_, svc.classes_)
    for one in (compiled, pickle.loads(pickle.dumps(compiled))):
        np.testing.assert_array_equal(one.predict(X), svc.predict(X))
        np.testing.assert_array_equal(one.decision_function(X), svc.decision_function(X))
        np.testing.assert_array_equal(one.predict(X[3]), svc.predict(X[3:4]))
        np.testing.assert_array_equal(one.decision_function(X[3]), svc.decision_function(X[3:4]))


def test_compiled_outlives_its_estimator(fitted):
    svc, X = fitted
    compiled, want = compile_predictor(svc), svc.predict(X)
    svc.fit(X[:20, :2], np.arange(20) % 2)
    del svc
    np.testing.assert_array_equal(compiled.predict(X), want)


@pytest.mark.parametrize(
    "estimator",
    [
        sklearn.svm.SVR(),
        sklearn.svm.NuSVR(kernel="linear"),
        sklearn.svm.OneClassSVM(gamma=0.3),
        sklearn.svm.NuSVC(),
    ],
    ids=lambda e: type(e).__name__,
)
def test_compiled_reads_fitted_attributes(estimator, rng):
    """One machine with a value, a sign, or of each pair of classes."""
    X = rng.normal(size=(150, 3))
    y = np.arange(150) % 3 if isinstance(estimator, sklearn.svm.NuSVC) else X @ [1.0, -2.0, 0.5]
    estimator.fit(X, y)
    compiled = compile_predictor(estimator)
    want, got = estimator.predict(X), compiled.predict(X)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-11)
    np.testing.assert_allclose(
        reference.svm.compile_predictor(estimator).predict(X), want, atol=1e-11
    )
    if hasattr(estimator, "decision_function"):
        np.testing.assert_allclose(
            compiled.decision_function(X), estimator.decision_function(X), rtol=0, atol=1e-11
        )


@pytest.mark.parametrize("kernel", ALL_KERNELS)
def test_compiled_is_the_reference(kernel, rng):
    y = np.arange(200) % 4
    X = rng.normal(size=(4, 3))[y] + rng.normal(size=(200, 3))
    svc = SVC(kernel=kernel, decision_function_shape="ovo").fit(X, y)
    want = reference.svm.compile_predictor(svc)
    np.testing.assert_allclose(
        compile_predictor(svc).decision_function(X), want.machines(X), rtol=0, atol=1e-11
    )
    np.testing.assert_array_equal(compile_predictor(svc).predict(X), want.predict(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.array([0, 4, 2, 6])}, "start must not decrease"),
        ({"start": np.array([0])}, "start must lead"),
        ({"start": np.array([0, 2, 4, 7])}, "dual_coef has the wrong shape"),
        ({"intercept": np.zeros(2)}, "intercept has the wrong length"),
        ({"support_vectors": np.zeros((5, 3))}, "support_vectors has the wrong length"),
        ({"support_vectors": np.zeros((6, 3), np.float32)}, "must hold float64"),
        ({"kernel": (9, 3, 1.0, 0.0)}, "kernel kind is unknown"),
        ({"kernel": (4, 3, 1.0, 0.0)}, "support has the wrong length"),
        (
            {"kernel": (4, 3, 1.0, 0.0), "support": np.array([0, 1, 2, -3, 4, 5])},
            "must hold columns",
        ),
    ],
)
def test_arrays_that_are_no_model(change, message, rng):
    """The extension refuses what it would follow out of an array."""
    model = {
        "support_vectors": np.zeros((6, 3)),
        "kernel": (KERNELS["rbf"], 3, 1.0, 0.0),
        "support": np.empty(0, dtype=np.int64),
        "start": np.array([0, 2, 4, 6]),
        "dual_coef": np.zeros((2, 6)),
        "intercept": np.zeros(3),
    }
    core.Predictor(**model)
    with pytest.raises(ValueError, match=message):
        core.Predictor(**model | change)
