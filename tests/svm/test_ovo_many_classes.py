"""Many small classes: machines by tiles of classes, coefficients kept without zeros."""

import copy
import os
import pickle
import re
import subprocess
import sys
import time

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast.svm import SVC, NuSVC, compile_predictor, svm_smo
from mlqa_fast.svm._coefficients import PackedCoefficients, dense
from svm_definitions import machine_certificates, rbf

# A point, less and more than a vector, a whole panel, and the largest that tiles take.
SIZES = [1, 2, 7, 8, 9, 16, 17, 31, 40, 64, 100, 160]


def points(rng, sizes, d=6, spread=1.0):
    """Classes of these sizes, in no order."""
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return 1.5 * rng.normal(size=(len(sizes), d))[y] + spread * rng.normal(size=(len(y), d)), y


def mixed(rng, **parameters):
    """24 classes, each size twice; some tiles hold one class, some many."""
    return points(rng, rng.permutation(SIZES * 2), **parameters)


@pytest.fixture
def packed(monkeypatch):
    """All coefficients of several classes are kept packed."""
    monkeypatch.setattr("mlqa_fast.svm._problem.MOST_DENSE", 0)


@pytest.mark.parametrize(
    "kernel",
    [
        {"kernel": "linear", "C": 0.5},
        {"kernel": "poly", "gamma": 0.1, "coef0": 1.0, "degree": 2},
        {"kernel": "rbf", "C": 10, "gamma": 0.1},
        {"kernel": "sigmoid", "gamma": 0.01},
    ],
    ids=str,
)
def test_machines_are_those_of_libsvm(kernel, rng):
    X, y = mixed(rng)
    ours = SVC(tol=1e-8, decision_function_shape="ovo", **kernel).fit(X, y)
    theirs = sklearn.svm.SVC(tol=1e-8, decision_function_shape="ovo", **kernel).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.kkt_violation_ <= 1e-8
    want = theirs.decision_function(X)
    # LIBSVM's kernel values are rounded to single precision while it trains.
    close = np.abs(ours.decision_function(X) - want) <= 5e-6 * max(np.abs(want).max(), 1)
    # Where all coefficients of a machine are at bounds its constant is any within limits.
    assert np.count_nonzero(~close.all(axis=0)) <= (2 if kernel["kernel"] == "sigmoid" else 0)


@pytest.mark.parametrize("tol", [1e-3, 1e-9])
def test_certificates_are_true(tol, rng):
    X, y = mixed(rng, spread=2.0)
    weight = rng.integers(1, 4, len(y))
    weight[(rng.random(len(y)) < 0.2) & (np.bincount(y)[y] > 30)] = 0
    svc = SVC(C=5.0, gamma=0.1, tol=tol).fit(X, y, sample_weight=weight)
    found = machine_certificates(svc, rbf(X, X, 0.1), y, 5.0 * weight)
    assert found[:, 0].max() <= tol + 1e-12
    assert svc.kkt_violation_ == pytest.approx(max(found[:, 0].max(), 0), abs=1e-12)
    assert found[:, 1].sum() <= svc.dual_gap_ * (1 + 1e-12)
    assert svc.objective_ == pytest.approx(found[:, 2].sum())


@pytest.mark.parametrize("name", ["svc", "nu"])
def test_threads_and_cache_change_no_bit(name, rng):
    X, y = points(rng, [20 + c % 5 for c in range(40)])
    make = SVC(C=3.0, gamma=0.1) if name == "svc" else NuSVC(nu=0.2, gamma=0.1)
    want = clone(make).set_params(n_jobs=1).fit(X, y)
    for change in ({"n_jobs": 2}, {"n_jobs": 3}, {"cache_size": 1e-3}, {"cache_size": "auto"}):
        got = clone(make).set_params(**change).fit(X, y)
        np.testing.assert_array_equal(got.dual_coef_, want.dual_coef_)
        np.testing.assert_array_equal(got.intercept_, want.intercept_)
        np.testing.assert_array_equal(got.n_iter_, want.n_iter_)
        assert got.dual_gap_ == want.dual_gap_


def test_each_machine_is_that_of_its_two_classes(rng):
    X, y = mixed(rng)
    svc = SVC(C=2.0, gamma=0.1, tol=1e-9, decision_function_shape="ovo").fit(X, y)
    decided, number = svc.decision_function(X), 0
    for a in range(24):
        for b in range(a + 1, 24):
            if (a * 7 + b) % 9 == 0:
                two = (y == a) | (y == b)
                alone = SVC(C=2.0, gamma=0.1, tol=1e-9).fit(X[two], y[two])
                np.testing.assert_allclose(
                    decided[:, number], -alone.decision_function(X), atol=1e-7
                )
            number += 1


def test_large_classes_among_small_ones(rng):
    """The machines of a large class are trained by themselves, those of the small ones by tiles."""
    X, y = points(rng, [12] * 9 + [400, 161] + [12] * 9)
    ours = SVC(C=2.0, gamma=0.1, tol=1e-8, cache_size=0.5).fit(X, y)
    theirs = sklearn.svm.SVC(C=2.0, gamma=0.1, tol=1e-8).fit(X, y)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=1e-5)
    assert ours.kkt_violation_ <= 1e-8


@pytest.mark.parametrize("d", [1, 3, 70])
def test_numbers_of_features(d, rng):
    X, y = points(rng, [9] * 20, d)
    ours, theirs = SVC(tol=1e-8).fit(X, y), sklearn.svm.SVC(tol=1e-8).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_equal_points_and_classes_without_difference(rng):
    """Curvature 0, ties in every search, and machines that end without a step."""
    X, y = points(rng, [10] * 18)
    X[y < 9] = np.round(X[y < 9][0])
    svc = SVC(C=1.0, gamma=0.1, tol=1e-6).fit(X, y)
    found = machine_certificates(svc, rbf(X, X, 0.1), y, np.ones(len(y)))
    assert found[:, 0].max() <= 1e-6 + 1e-12


def test_two_classes_far_from_the_others(rng):
    """They are computed about their own centre, not about that of all points."""
    X, y = points(rng, [20] * 18, 3)
    X = np.round(X * 2**20) / 2**20 + np.where(y < 2, 1e6, -1e6)[:, None]  # sums are exact
    svc = SVC(gamma=0.5, tol=1e-6).fit(X, y)
    found = machine_certificates(svc, rbf(X, X, 0.5), y, np.ones(len(y)))
    assert found[0, 0] <= 1e-6 + 1e-12
    alone = SVC(gamma=0.5, tol=1e-6).fit(X[y < 2], y[y < 2])
    np.testing.assert_allclose(svc.intercept_[0], -alone.intercept_[0], rtol=0, atol=1e-5)


def test_machines_that_take_long_are_left_by_the_tiles(rng):
    """Labels that are noise, a large C: what tiles begin, others end, for any number of threads."""
    X, y = points(rng, [40] * 16, 2)
    y = rng.permutation(y)
    make = SVC(kernel="linear", C=30.0, tol=1e-4)
    svc = clone(make).fit(X, y)
    assert svc.n_iter_.max() > 50_000, "more than a tile allows"
    assert svc.kkt_violation_ <= 1e-4
    np.testing.assert_array_equal(clone(make).set_params(n_jobs=1).fit(X, y).n_iter_, svc.n_iter_)


def test_values_that_overflow_are_refused(rng):
    X, y = points(rng, [5] * 18)
    with pytest.raises(ValueError, match="dual coefficients or intercepts are not finite"):
        SVC(kernel="poly", degree=9, gamma=1e30).fit(X * 1e10, y)


def test_nu_machines_are_those_of_libsvm(rng):
    X, y = points(rng, [10 + c % 7 for c in range(20)], spread=2.0)
    ours = NuSVC(nu=0.3, gamma=0.1, tol=1e-8).fit(X, y)
    theirs = sklearn.svm.NuSVC(nu=0.3, gamma=0.1, tol=1e-8).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)


@pytest.mark.parametrize("keeps", ["matrix", "packed"])
@pytest.mark.parametrize("name", ["svc", "nu"])
def test_a_fit_goes_on_where_a_limit_stopped_it(name, keeps, rng, request):
    if keeps == "packed":
        request.getfixturevalue("packed")
    X, y = points(rng, [25] * 20, spread=2.0)
    make = SVC(C=20.0, gamma=0.1) if name == "svc" else NuSVC(nu=0.3, gamma=0.1)
    make.set_params(tol=1e-8, warm_start=True)
    cold = clone(make).fit(X, y)
    half = int(np.median(cold.n_iter_) / 2)
    svc = clone(make).set_params(max_iter=half)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        svc.fit(X, y)
    assert svc.n_iter_.max() == half
    assert svc.fit_status_ == 1
    svc.set_params(max_iter=-1).fit(X, y)
    assert svc.n_iter_.sum() < cold.n_iter_.sum()
    assert svc.kkt_violation_ <= 1e-8
    np.testing.assert_allclose(svc.decision_function(X), cold.decision_function(X), atol=1e-5)


def test_a_limit_of_time_holds_for_many_machines(rng):
    X, y = points(rng, [12] * 300, 40)
    svc = SVC(C=100.0, gamma=0.01, max_time=1e-6)
    began = time.perf_counter()
    with pytest.warns(ConvergenceWarning, match="max_time"):
        svc.fit(X, y)
    stopped = time.perf_counter() - began
    found = np.count_nonzero(svc.n_iter_)
    assert found < len(svc.n_iter_) / 2, "most machines take no step"
    assert stopped < 30


def test_progress_counts_machines(rng):
    X, y = points(rng, [30] * 90, 20)
    svc, seen = SVC(C=100.0, gamma=0.05, tol=1e-9), []
    svc._progress = lambda total, unit: _Watched(seen)
    svc.fit(X, y)
    done, support, _ = np.array(seen).T
    assert np.all(np.diff(done) >= 0)
    assert 0 < done[-1] <= 90 * 89 // 2
    assert support[-1] > 0


class _Watched:
    def __init__(self, seen):
        self.seen = seen

    def __enter__(self):
        return lambda *report: self.seen.append(report)

    def __exit__(self, *error):
        return None


PEAK = """
import resource, sys
import numpy as np
from mlqa_fast.svm import SVC
rng = np.random.default_rng(0)
y = np.arange(8000) % 400
X = rng.normal(size=(400, 10))[y] + 0.3 * rng.normal(size=(8000, 10))
SVC().fit(X[:64], y[:64])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
SVC(cache_size="auto").fit(X, y)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_memory_is_far_below_that_of_the_kernel_matrix():
    """Which is 512 MB; coefficients are a matrix of 26 MB, and packed for prediction once more."""
    run = subprocess.run(
        [sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, env=os.environ
    )
    assert int(run.stdout) < 160_000


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (5, 13), (2, 0), (40, 257)])
def test_packed_coefficients_are_their_matrix(shape, rng):
    matrix = rng.normal(size=shape) * (rng.random(shape) < 0.4)
    packed = PackedCoefficients(
        np.packbits(matrix != 0, axis=1, bitorder="little"), matrix[matrix != 0], shape[1]
    )
    assert packed.shape == shape
    np.testing.assert_array_equal(packed.toarray(), matrix)
    for form in (packed, matrix, sp.csr_array(matrix)):
        np.testing.assert_array_equal(dense(form), matrix)


@pytest.mark.parametrize("make", [SVC(C=3.0, gamma=0.1), NuSVC(nu=0.2), SVC(kernel="linear")])
@pytest.mark.parametrize("sizes", [[20] * 21, [70, 3, 90]], ids=["tiles", "few classes"])
def test_packed_models_are_dense_ones(make, sizes, rng, monkeypatch):
    X, y = points(rng, sizes)
    if isinstance(make, NuSVC) and len(sizes) == 3:
        make = NuSVC(nu=0.05)
    want = clone(make).fit(X, y)
    monkeypatch.setattr("mlqa_fast.svm._problem.MOST_DENSE", 0)
    svc = clone(make)
    assert not hasattr(svc, "dual_coef_")
    svc.fit(X, y)
    assert isinstance(svc._dual_coef_, PackedCoefficients)
    assert "dual_coef_" not in vars(svc)
    np.testing.assert_array_equal(svc.dual_coef_, want.dual_coef_)
    assert np.count_nonzero(want.dual_coef_) == svc._dual_coef_.values.size
    np.testing.assert_array_equal(svc.support_, want.support_)
    before = joblib.hash(vars(svc))
    for other in (svc, pickle.loads(pickle.dumps(svc)), copy.deepcopy(svc)):
        np.testing.assert_array_equal(other.decision_function(X), want.decision_function(X))
        np.testing.assert_array_equal(other.predict(X), want.predict(X))
        np.testing.assert_array_equal(other.dual_coef_, want.dual_coef_)
    np.testing.assert_array_equal(compile_predictor(svc).predict(X), want.predict(X))
    assert joblib.hash(vars(svc)) == before
    if svc.kernel == "linear":
        np.testing.assert_array_equal(svc.coef_, want.coef_)
    monkeypatch.undo()
    svc.fit(X, y)
    assert isinstance(vars(svc)["dual_coef_"], np.ndarray)


@pytest.mark.usefixtures("packed")
def test_packed_models_of_two_classes_and_of_sparse_points(rng):
    X, y = points(rng, [30, 40])
    svc, theirs = SVC(tol=1e-8).fit(X, y), sklearn.svm.SVC(tol=1e-8).fit(X, y)
    np.testing.assert_allclose(svc.dual_coef_, theirs.dual_coef_, atol=1e-5)
    assert svm_smo(X, y).dual_coef.shape == (70,)
    X, y = points(rng, [5] * 20)
    csr, want = SVC(tol=1e-9).fit(sp.csr_array(X), y), SVC(tol=1e-9).fit(X, y)
    assert sp.issparse(csr.dual_coef_)
    np.testing.assert_array_equal(csr.support_, want.support_)
    np.testing.assert_allclose(csr.dual_coef_.toarray(), want.dual_coef_, atol=1e-5)


def test_the_text_of_a_packed_model(rng, monkeypatch, tmp_path):
    X, y = points(rng, [6] * 20)
    SVC().fit(X, y).to_libsvm(tmp_path / "dense")
    monkeypatch.setattr("mlqa_fast.svm._problem.MOST_DENSE", 0)
    SVC().fit(X, y).to_libsvm(tmp_path / "packed")
    assert (tmp_path / "dense").read_text() == (tmp_path / "packed").read_text()
    assert re.search("^nr_class 20$", (tmp_path / "packed").read_text(), re.MULTILINE)


@pytest.mark.usefixtures("packed")
def test_a_packed_model_takes_less_memory_where_zeros_are_many(rng):
    X, y = points(rng, [60] * 20, spread=0.5)
    svc = SVC(C=10.0, gamma=0.05).fit(X, y)
    share = svc._dual_coef_.values.size / svc.dual_coef_.size
    assert share < 0.7
    assert svc._dual_coef_.values.nbytes + svc._dual_coef_.present.nbytes < (
        (share + 1 / 50) * svc.dual_coef_.nbytes
    )
