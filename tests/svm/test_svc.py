"""The classifier: LIBSVM's answers, scikit-learn's attributes, true certificates."""

import copy
import pickle
from itertools import combinations

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.svm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlqa_fast
from mlqa_fast import reference
from mlqa_fast.svm import SVC, NuSVC
from svm_definitions import machine_certificates, rbf

KERNELS = [
    {"kernel": "linear", "C": 0.5},
    {"kernel": "poly"},
    {"kernel": "rbf", "C": 10, "gamma": 0.01},
    {"kernel": "rbf"},
    {"kernel": "sigmoid", "gamma": 0.01},
]


def blobs(rng, n=120, d=4, k=4, spread=1.0):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] * 2 + spread * rng.normal(size=(n, d)), y


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_predicts_as_libsvm(kernel, real_data):
    X, y = real_data
    ours = SVC(tol=1e-8, decision_function_shape="ovo", **kernel).fit(X, y)
    theirs = sklearn.svm.SVC(tol=1e-8, decision_function_shape="ovo", **kernel).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    # LIBSVM's kernel values are rounded to single precision while it trains.
    scale = np.abs(theirs.decision_function(X)).max()
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=5e-6 * max(scale, 1)
    )
    ovr = [svc.set_params(decision_function_shape="ovr") for svc in (ours, theirs)]
    np.testing.assert_allclose(
        ovr[0].decision_function(X), ovr[1].decision_function(X), atol=5e-6 * max(scale, 1)
    )


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_decision_values_of_the_same_machines(kernel, real_data):
    """The arithmetic of prediction by itself: LIBSVM's coefficients, our decision values."""
    X, y = real_data
    theirs = sklearn.svm.SVC(decision_function_shape="ovo", **kernel).fit(X, y)
    ours = SVC(decision_function_shape="ovo", **kernel).fit(X, y)
    for name in ("support_", "support_vectors_", "_n_support", "_dual_coef_", "_intercept_"):
        setattr(ours, name, getattr(theirs, name))
    want = theirs.decision_function(X)
    scale = np.abs(theirs.dual_coef_).sum(axis=1).max()
    np.testing.assert_allclose(ours.decision_function(X), want, atol=1e-10 * max(scale, 1))


def test_decision_values_are_as_near_to_libsvms_as_both_are_to_the_optimum(real_data):
    """At the default tolerance, by a bound that does not ask where the optimum is.

    A dual objective is strongly convex in the norm of the functions: coefficients whose objective
    is `lack` below the optimum lie within sqrt(2 lack) of its function, and a function's value at x
    is at most sqrt(k(x, x)) = 1 times its norm. Any primal objective is above the optimum. Where a
    coefficient is free, value and offset make 1 up to the violation.
    """
    X, y = real_data
    given = {"C": 3.0, "gamma": 0.02, "decision_function_shape": "ovo"}
    K, bound = rbf(X, X, 0.02), np.full(len(y), 3.0)
    best = machine_certificates(SVC(tol=1e-9, **given).fit(X, y), K, y, bound)
    optimum = best[:, 1:].sum(axis=1) * (1 + 1e-12)  # gap and objective, sums that are rounded
    pair = [SVC(**given).fit(X, y), sklearn.svm.SVC(**given).fit(X, y)]
    found = [machine_certificates(svc, K, y, bound) for svc in pair]
    distance = sum(np.sqrt(2 * (optimum - c[:, 2])) for c in found)
    violation = sum(c[:, 0] for c in found)
    assert distance.max() < 0.05, "or the bound would say little"
    offsets = np.abs(pair[0].intercept_ - pair[1].intercept_)
    assert np.all(offsets <= distance + violation)
    points = np.concatenate([X, 1.5 * X])
    ours, theirs = (svc.decision_function(points).reshape(len(points), -1) for svc in pair)
    assert np.all(np.abs(ours - theirs) <= distance + offsets)


@pytest.mark.parametrize("tol", [1e-3, 1e-8])
def test_certificates_are_true(tol, real_data):
    X, y = real_data
    svc = SVC(tol=tol, gamma=0.02, C=3.0).fit(X, y)
    found = machine_certificates(svc, rbf(X, X, 0.02), y, np.full(len(y), 3.0))
    violation, gap, objective = found[:, 0].max(), found[:, 1].sum(), found[:, 2].sum()
    assert svc.kkt_violation_ <= tol
    assert violation <= tol + 1e-10
    assert svc.kkt_violation_ == pytest.approx(violation, abs=1e-10)
    assert svc.objective_ == pytest.approx(objective, rel=1e-12)
    assert gap - 1e-9 <= svc.dual_gap_ <= gap + 1e-5


@pytest.mark.parametrize("kernel", [{"gamma": 1 / 600}, {"kernel": "linear", "C": 1e-3}], ids=str)
def test_certificates_of_wide_data(kernel, rng):
    """Thousands of support vectors, whose values with one another are computed once for both."""
    X = rng.normal(size=(2200, 600))
    y = (X[:, 0] + rng.normal(size=len(X)) > 0).astype(int)
    svc = SVC(n_jobs=1, **kernel).fit(X, y)
    assert 1700 < len(svc.support_) < len(X)
    K = X @ X.T if "kernel" in kernel else rbf(X, X, kernel["gamma"])
    C = np.full(len(y), svc.C)
    ((violation, gap, objective),) = machine_certificates(svc, K, y, C)
    assert violation <= svc.tol + 1e-10
    assert svc.kkt_violation_ == pytest.approx(violation, abs=1e-10)
    assert svc.objective_ == pytest.approx(objective, rel=1e-12)
    # Where products are made in fixed point, the bound on their errors is part of the gap.
    in_fixed_point = mlqa_fast.get_isa() == "x86-64-v4-amx"
    assert gap - 1e-9 <= svc.dual_gap_ <= gap + 1e-4 + in_fixed_point * 1e-3 * svc.tol * C.sum()
    again = SVC(n_jobs=3, **kernel).fit(X, y)
    np.testing.assert_array_equal(again.dual_coef_, svc.dual_coef_)
    assert again.kkt_violation_ == svc.kkt_violation_
    assert again.objective_ == svc.objective_


@pytest.mark.parametrize("loaded", ["iris", "breast_cancer"])
@pytest.mark.parametrize("sparse", [False, True])
def test_attributes_are_those_of_scikit_learn(loaded, sparse):
    load = getattr(sklearn.datasets, f"load_{loaded}")
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    given = sp.csr_matrix(X) if sparse else X
    ours = SVC(kernel="linear", tol=1e-8, class_weight="balanced").fit(given, y)
    theirs = sklearn.svm.SVC(kernel="linear", tol=1e-8, class_weight="balanced").fit(given, y)
    for name in ("class_weight_", "classes_", "support_", "n_support_", "support_vectors_"):
        mine, wanted = getattr(ours, name), getattr(theirs, name)
        if sp.issparse(wanted):
            assert sp.issparse(mine)
            mine, wanted = mine.toarray(), wanted.toarray()
        assert mine.dtype == wanted.dtype
        np.testing.assert_array_equal(mine, wanted)
    for name in ("dual_coef_", "intercept_", "coef_"):
        mine, wanted = getattr(ours, name), getattr(theirs, name)
        if sp.issparse(wanted):
            assert sp.issparse(mine)
            mine, wanted = mine.toarray(), wanted.toarray()
        assert (mine.shape, mine.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(mine, wanted, atol=2e-5)
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    assert ours.n_iter_.dtype == theirs.n_iter_.dtype
    assert (ours.fit_status_, ours.shape_fit_, ours.n_features_in_) == (0, X.shape, X.shape[1])
    with pytest.raises(ValueError, match="read-only"):
        (ours.coef_.data if sparse else ours.coef_)[0] = 1.0
    for name in ("probA_", "probB_"):
        with pytest.warns(FutureWarning, match=f"Attribute `{name}` was deprecated"):
            assert getattr(ours, name).size == 0


def test_signature_is_scikit_learns_and_more():
    ours, theirs = SVC().get_params(), sklearn.svm.SVC().get_params()
    theirs["probability"] = "deprecated"  # as scikit-learn has it from 1.9 on
    assert {name: ours[name] for name in theirs} == theirs
    assert ours.keys() - theirs.keys() == {
        "multi_class",
        "warm_start",
        "n_jobs",
        "max_time",
        "dag_order",
        "dag_explore",
        "unclaimed",
        "code_book",
        "decoding",
    }


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("multi_class", ["ovo", "dag"])
def test_agrees_with_the_definition(k, multi_class, rng):
    X, y = blobs(rng, k=k)
    ours = SVC(tol=1e-9, multi_class=multi_class).fit(X, y)
    want = reference.svm.SVC(tol=1e-9, multi_class=multi_class).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), want.predict(X))
    np.testing.assert_array_equal(ours.support_, want.support_)
    np.testing.assert_allclose(ours.dual_coef_, want.dual_coef_, atol=1e-7)
    np.testing.assert_allclose(ours.intercept_, want.intercept_, atol=1e-7)


@pytest.mark.parametrize("cache_size", [200, 0.3, 1e-3])
def test_shared_or_separate_kernel_values_give_one_answer(cache_size, rng):
    """One matrix for all machines, one each, or working sets over a few rows."""
    X, y = blobs(rng, 200, k=5)
    want = SVC(tol=1e-9).fit(X, y)
    got = SVC(tol=1e-9, cache_size=cache_size).fit(X, y)
    np.testing.assert_array_equal(got.support_, want.support_)
    np.testing.assert_allclose(got.dual_coef_, want.dual_coef_, atol=1e-6)
    assert got.kkt_violation_ <= 1e-9


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
def test_sparse_is_dense(kernel, rng):
    X, y = blobs(rng, d=12)
    X[rng.random(X.shape) < 0.5] = 0
    dense, csr = SVC(kernel=kernel).fit(X, y), SVC(kernel=kernel).fit(sp.csr_matrix(X), y)
    np.testing.assert_allclose(csr._gamma, dense._gamma, rtol=1e-14)
    csr = SVC(kernel=kernel, gamma=dense._gamma).fit(sp.csr_array(X), y)
    np.testing.assert_array_equal(csr.dual_coef_.toarray(), dense.dual_coef_)
    for points in (X, sp.csr_matrix(X), sp.coo_matrix(X)):
        np.testing.assert_array_equal(csr.decision_function(points), dense.decision_function(X))
    with pytest.raises(ValueError, match="cannot use sparse input in 'SVC' trained on dense data"):
        dense.predict(sp.csr_matrix(X))


def product(A, B):
    return A @ B.T


def test_callable_and_precomputed_are_the_kernel(rng):
    X, y = blobs(rng)
    points = rng.normal(size=(50, 4))
    linear = SVC(kernel="linear", tol=1e-9).fit(X, y)
    called = SVC(kernel=product, tol=1e-9).fit(X, y)
    given = SVC(kernel="precomputed", tol=1e-9).fit(X @ X.T, y)
    want = linear.decision_function(points)
    np.testing.assert_allclose(called.decision_function(points), want, atol=1e-7)
    np.testing.assert_allclose(given.decision_function(points @ X.T), want, atol=1e-7)
    for multi_class in ("ovo", "dag"):
        want = linear.set_params(multi_class=multi_class).predict(points)
        for svc, at in ((called, points), (given, points @ X.T)):
            np.testing.assert_array_equal(svc.set_params(multi_class=multi_class).predict(at), want)
    assert called.support_vectors_.shape == given.support_vectors_.shape == (0, 0)
    with pytest.raises(ValueError, match=r"number of samples at training time|features"):
        given.predict(points)
    with pytest.raises(AttributeError, match="linear kernel"):
        _ = given.coef_


def failing(A, B):
    raise ArithmeticError("no value today")


def test_a_kernel_that_raises_leaves_no_machine(rng):
    X, y = blobs(rng)
    svc = SVC(kernel=failing)
    with pytest.raises(ArithmeticError, match="no value today"):
        svc.fit(X, y)
    assert not hasattr(svc, "support_")


def test_names_of_the_classes_change_nothing(rng):
    X, y = blobs(rng, k=3)
    names = np.array(["c", "a", "b"])  # sorted: another order of the machines
    plain, named = SVC(tol=1e-9).fit(X, y), SVC(tol=1e-9).fit(X, names[y])
    np.testing.assert_array_equal(named.predict(X), names[plain.predict(X)])
    np.testing.assert_array_equal(named.classes_, ["a", "b", "c"])


def test_class_weights_are_sample_weights(rng):
    X, y = blobs(rng, k=3, spread=2.0)
    factors = {0: 1.0, 1: 3.0, 2: 0.25}
    by_class = SVC(class_weight=factors, tol=1e-9).fit(X, y)
    by_sample = SVC(tol=1e-9).fit(X, y, sample_weight=[factors[label] for label in y])
    np.testing.assert_allclose(by_class.dual_coef_, by_sample.dual_coef_)
    np.testing.assert_array_equal(by_class.class_weight_, [1.0, 3.0, 0.25])
    assert not np.array_equal(by_class.support_, SVC(tol=1e-9).fit(X, y).support_)


def test_weights_scale_with_the_bound(rng):
    X, y = blobs(rng, k=3, spread=2.0)
    one, other = SVC(C=1.0).fit(X, y), SVC(C=100.0).fit(X, y, sample_weight=np.full(len(y), 0.01))
    np.testing.assert_allclose(one.dual_coef_, other.dual_coef_)


def test_zero_weight_is_absence(rng):
    X, y = blobs(rng, k=3)
    weight = np.where(rng.random(len(y)) < 0.3, 0.0, 2.0)
    kept = weight > 0
    weighted = SVC(gamma=0.3).fit(X, y, sample_weight=weight)
    removed = SVC(gamma=0.3, C=2.0).fit(X[kept], y[kept])
    np.testing.assert_array_equal(weighted.support_, np.flatnonzero(kept)[removed.support_])
    np.testing.assert_array_equal(weighted.dual_coef_, removed.dual_coef_)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(12), "all samples have zero or negative weights"),
        (-np.ones(12), "all samples have zero or negative weights"),
        (np.arange(12) % 3 == 0, "belong to the same class"),
        (np.arange(12) % 3 != 1, "all samples of class 1 .* have zero or negative weights"),
        (np.ones(11), "sample_weight and X have incompatible shapes"),
        (np.ones((12, 1)), "sample_weight and X have incompatible shapes"),
        (np.full(12, np.nan), "NaN"),
    ],
)
def test_weights_that_leave_nothing(weight, message, rng):
    X, y = blobs(rng, 12, k=3)
    with pytest.raises(ValueError, match=message):
        SVC().fit(X, y, sample_weight=weight)


def test_votes_tie_to_the_first_class():
    """Three classes beat each other in a circle: the first is predicted."""
    svc = SVC(kernel="linear").fit([[0.0], [1.0], [2.0]], [5, 6, 7])
    svc._dual_coef_ = np.zeros_like(svc._dual_coef_)
    svc._intercept_ = np.array([1.0, -1.0, 1.0])  # 5 beats 6, 7 beats 5, 6 beats 7
    assert svc.predict([[0.0]]).tolist() == [5]
    svc._intercept_ = np.zeros(3)  # a value of zero votes for the second class
    assert svc.predict([[0.0]]).tolist() == [7]


def test_break_ties(rng):
    X, y = blobs(rng, k=5, spread=3.0)
    points = 4 * rng.normal(size=(500, 4))
    svc = SVC(break_ties=True, decision_function_shape="ovr").fit(X, y)
    theirs = sklearn.svm.SVC(break_ties=True, decision_function_shape="ovr").fit(X, y)
    np.testing.assert_array_equal(svc.predict(points), np.argmax(svc.decision_function(points), 1))
    np.testing.assert_array_equal(svc.predict(points), theirs.predict(points))
    assert np.any(svc.predict(points) != svc.set_params(break_ties=False).predict(points))
    svc.set_params(break_ties=True, decision_function_shape="ovo")
    with pytest.raises(ValueError, match="break_ties must be False"):
        svc.predict(points)


@pytest.mark.parametrize("gamma", ["scale", "auto", 0.0, 3.5])
def test_gamma(gamma, rng):
    X, y = blobs(rng, d=3)
    ours, theirs = SVC(gamma=gamma).fit(X, y), sklearn.svm.SVC(gamma=gamma).fit(X, y)
    assert ours._gamma == pytest.approx(theirs._gamma)


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_few_features(n_features, rng):
    X, y = blobs(rng, d=n_features)
    np.testing.assert_array_equal(
        SVC(tol=1e-8).fit(X, y).predict(X), sklearn.svm.SVC(tol=1e-8).fit(X, y).predict(X)
    )


def test_float32_gives_float64_attributes(rng):
    X, y = blobs(rng)
    svc = SVC().fit(X.astype(np.float32), y)
    assert svc.support_vectors_.dtype == svc.dual_coef_.dtype == np.float64
    np.testing.assert_array_equal(
        svc.dual_coef_, SVC().fit(X.astype(np.float32).astype(float), y).dual_coef_
    )


def test_strided_and_fortran_input_is_taken_as_it_is(rng):
    X, y = blobs(rng)
    want = SVC(gamma=0.2).fit(X, y)
    wide = rng.normal(size=(240, 8))
    wide[::2, ::2] = X
    for same in (np.asfortranarray(X), wide[::2, ::2]):
        svc = SVC(gamma=0.2).fit(same, y)
        np.testing.assert_array_equal(svc.dual_coef_, want.dual_coef_)
        np.testing.assert_array_equal(svc.predict(same), want.predict(X))


def test_max_iter_warns_as_scikit_learn(rng):
    X, y = blobs(rng, k=3)
    svc = SVC(max_iter=2)
    message = (
        r"Solver terminated early \(max_iter=2\).  Consider pre-processing your data with "
        r"StandardScaler or MinMaxScaler. KKT violation reached"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        svc.fit(X, y)
    with pytest.warns(ConvergenceWarning) as caught:
        svc.fit(X, y)
    assert caught[0].filename == __file__, "the warning points at the call"
    assert svc.fit_status_ == 1
    assert svc.n_iter_.tolist() == [2, 2, 2]
    assert svc.kkt_violation_ > svc.tol
    found = machine_certificates(svc, rbf(X, X, svc._gamma), y, np.ones(len(y)))
    assert svc.kkt_violation_ == pytest.approx(found[:, 0].max())
    assert found[:, 1].sum() <= svc.dual_gap_ * (1 + 1e-12)


def test_probability_is_calibration(rng):
    X, y = blobs(rng, 200, k=3, spread=2.0)
    svc = SVC(probability=True, random_state=0)
    with pytest.warns(FutureWarning, match="probability.+parameter.+deprecated"):
        svc.fit(X, y)
    proba = svc.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(svc.predict_log_proba(X), np.log(proba))
    assert np.mean(svc.classes_[proba.argmax(1)] == svc.predict(X)) > 0.9
    from sklearn.calibration import CalibratedClassifierCV

    want = CalibratedClassifierCV(SVC(), ensemble=False).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(proba, want)
    plain = SVC().fit(X, y)
    assert not hasattr(plain, "predict_proba")
    with pytest.raises(NotFittedError, match="fitted with probability=False"):
        plain.set_params(probability=True).predict_proba(X)


def test_pickle_joblib_copy_clone(tmp_path, rng):
    X, y = blobs(rng)
    svc = SVC(multi_class="dag", C=2.0).fit(X, y)
    joblib.dump(svc, tmp_path / "svc")
    copies = pickle.loads(pickle.dumps(svc)), joblib.load(tmp_path / "svc"), copy.deepcopy(svc)
    for copied in copies:
        assert copied.get_params() == svc.get_params()
        np.testing.assert_array_equal(copied.predict(X), svc.predict(X))
        np.testing.assert_array_equal(copied.decision_function(X), svc.decision_function(X))
    assert clone(svc).get_params() == svc.get_params()
    assert not hasattr(clone(svc), "support_")


def test_a_state_of_a_later_version_is_refused(rng):
    state = SVC().fit(*blobs(rng)).__getstate__()
    with pytest.raises(ValueError, match="saved in format 99"):
        SVC().__setstate__(state | {"_format": 99})


def test_in_a_search_and_a_pipeline(rng):
    X, y = blobs(rng, spread=2.0)
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1, 10]}, cv=3)
    theirs = GridSearchCV(
        make_pipeline(StandardScaler(), sklearn.svm.SVC()), {"svc__C": [0.1, 1, 10]}, cv=3
    )
    got, want = search.fit(X, y).cv_results_, theirs.fit(X, y).cv_results_
    np.testing.assert_allclose(got["mean_test_score"], want["mean_test_score"], atol=0.02)


def test_feature_names(rng):
    X, y = blobs(rng)
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    svc = SVC().fit(table, y)
    assert svc.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names"):
        svc.predict(table[["b", "a", "c", "d"]])


def test_nothing_is_written_after_fit(rng):
    X, y = blobs(rng)
    svc = SVC().fit(X, y)
    before = joblib.hash(vars(svc))
    svc.predict(X)
    svc.decision_function(X)
    svc.prediction_report(X)
    svc.score(X, y)
    assert joblib.hash(vars(svc)) == before


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(rng, monkeypatch):
    X, y = blobs(rng)
    svc = SVC().fit(X, y)
    support, coef, label = svc.support_.copy(), svc.dual_coef_.copy(), svc.predict(X)

    def stopped(*arguments, **parameters):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlqa_fast.svm._classification.train_method", stopped)
    with pytest.raises(KeyboardInterrupt):
        svc.fit(X[:, :2], y + 1)
    assert (svc.n_features_in_, svc.classes_.tolist()) == (4, [0, 1, 2, 3])
    np.testing.assert_array_equal(svc.support_, support)
    np.testing.assert_array_equal(svc.dual_coef_, coef)
    np.testing.assert_array_equal(svc.predict(X), label)


def test_verbose_shows_a_bar(rng, capsys):
    X, y = blobs(rng)
    quiet, loud = SVC().fit(X, y), SVC(verbose=True).fit(X, y)
    assert "SVC" in capsys.readouterr().err
    np.testing.assert_array_equal(quiet.dual_coef_, loud.dual_coef_)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y": [0] * 20}, ValueError, "The number of classes has to be greater than one; got 1"),
        ({"y": list(range(19))}, ValueError, "inconsistent numbers of samples"),
        ({"y": np.linspace(0, 1, 20)}, ValueError, "Unknown label type"),
        ({"X": np.full((20, 4), 1e300)}, ValueError, "dual coefficients or intercepts are not"),
    ],
)
def test_data_that_cannot_be_used(change, error, message, rng):
    X, y = blobs(rng, 20)
    data = {"X": X, "y": y} | change
    with pytest.raises(error, match=message):
        SVC(gamma=1.0).fit(data["X"], data["y"])


def test_points_that_cannot_be_used(rng):
    svc = SVC().fit(*blobs(rng))
    with pytest.raises(ValueError, match="expecting 4 features"):
        svc.predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="NaN"):
        svc.predict(np.full((2, 4), np.nan))
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        svc.predict(np.empty((0, 4)))
    with pytest.raises(NotFittedError):
        SVC().predict(np.ones((2, 4)))
    svc._n_support = svc._n_support + 1
    with pytest.raises(ValueError, match="internal representation of SVC was altered"):
        svc.predict(np.ones((2, 4)))


def test_sparse_precomputed_is_refused(rng):
    X, y = blobs(rng)
    with pytest.raises(TypeError, match="Sparse precomputed kernels are not supported"):
        SVC(kernel="precomputed").fit(sp.csr_matrix(X @ X.T), y)


def test_many_classes(rng):
    """More machines than one group holds."""
    y = np.arange(150) % 30
    X = 4 * rng.normal(size=(30, 6))[y] + rng.normal(size=(150, 6))
    ours, theirs = SVC(tol=1e-8).fit(X, y), sklearn.svm.SVC(tol=1e-8).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=1e-5)
    assert SVC(tol=1e-8, cache_size=0.01).fit(X, y).kkt_violation_ <= 1e-8


@pytest.mark.parametrize("d", [3, 40, 150])
@pytest.mark.parametrize("name", ["linear", "poly", "rbf", "sigmoid", "nu"])
def test_machines_of_many_classes_are_those_of_two_each(name, d, rng):
    """To the bit, steps included: what machines share is what each of them would compute.

    Classes of one point, of whole panels and of a part, small machines, and some whose points rest.
    """
    sizes = np.array([9 if name == "nu" else 1, 150, 64, 233, 1100, 1000])
    y = np.repeat(np.arange(len(sizes)), sizes)
    X = rng.normal(size=(len(sizes), d))[y] + rng.normal(size=(len(y), d))
    # Any two classes have the same largest value, which is the unit of products in fixed point.
    X = X.clip(-2, 2)
    given = {"gamma": 0.3 / d, "coef0": 0.1, "tol": 1e-4}
    make = NuSVC(nu=0.01, **given) if name == "nu" else SVC(C=5.0, kernel=name, **given)
    order = rng.permutation(len(y))
    X, y = X[order], y[order]
    svc = clone(make).fit(X, y)
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    for number, (a, b) in enumerate(combinations(range(len(sizes)), 2)):
        chosen = np.flatnonzero((y == a) | (y == b))
        alone = clone(make).fit(X[chosen], y[chosen])
        assert svc.n_iter_[number] == alone.n_iter_[0]
        assert svc.intercept_[number] == -alone.intercept_[0]
        want, got = np.zeros(len(y)), np.zeros(len(y))
        want[chosen[alone.support_]] = -alone.dual_coef_[0]
        for own, row in ((a, b - 1), (b, a)):
            part = slice(start[own], start[own + 1])
            got[svc.support_[part]] = svc.dual_coef_[row, part]
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("n", [30, 130], ids=["whole matrix", "rows"])
def test_two_classes_far_from_the_others(n, rng):
    """Their distances are computed about their own centre, not about that of all points."""
    y = np.repeat([0, 1, 2], n)
    X = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]])[y] + rng.normal(size=(len(y), 3))
    X = np.round(X * 2**20) / 2**20 + np.where(y == 2, -1e6, 1e6)[:, None]  # sums are exact
    make = SVC(gamma=0.5, tol=1e-6, cache_size=0.5)
    svc, two = clone(make).fit(X, y), clone(make).fit(X[y < 2], y[y < 2])
    found = machine_certificates(svc, rbf(X, X, 0.5), y, np.ones(len(y)))
    assert found[0, 0] <= 1e-6 + 1e-12
    np.testing.assert_allclose(svc.intercept_[0], -two.intercept_[0], rtol=0, atol=1e-5)
