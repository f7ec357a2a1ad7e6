"""Classification by nu: LIBSVM's answers, the definition, which nu is feasible."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm

from mlqa_fast import reference
from mlqa_fast.svm import SVC, NuSVC
from svm_definitions import rbf

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "gamma": 0.2},
    {"kernel": "rbf"},
    {"kernel": "rbf", "gamma": 0.05},
    {"kernel": "sigmoid", "gamma": 0.02},
]


def blobs(rng, n=120, d=4, k=3, spread=2.0):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] * 2 + spread * rng.normal(size=(n, d)), y


def unequal(rng, n, d=4):
    """Two classes of seven and five twelfths of the points, neither of whole vectors."""
    y = np.arange(n) % 12 // 7
    assert np.all(np.bincount(y) % 8 != 0)
    return rng.normal(size=(2, d))[y] * 2 + 2.0 * rng.normal(size=(n, d)), y


@pytest.mark.parametrize("nu", [0.513, 0.777])  # a coefficient is free in each class
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_predicts_as_libsvm(kernel, nu, rng):
    X, y = blobs(rng, 300)
    parameters = {"nu": nu, "tol": 1e-8, "decision_function_shape": "ovo"} | kernel
    ours, theirs = NuSVC(**parameters).fit(X, y), sklearn.svm.NuSVC(**parameters).fit(X, y)
    assert ours.kkt_violation_ <= 1e-8
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    scale = np.abs(theirs.dual_coef_).sum(axis=1).max()
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=2e-6 * max(scale, 1)
    )


def test_real_data(real_data):
    X, y = real_data
    ours, theirs = NuSVC(nu=0.1, tol=1e-8).fit(X, y), sklearn.svm.NuSVC(nu=0.1, tol=1e-8).fit(X, y)
    decided = np.abs(np.sort(theirs.decision_function(X).reshape(len(X), -1), axis=1)[:, -1]) > 1e-5
    np.testing.assert_array_equal(ours.predict(X)[decided], theirs.predict(X)[decided])
    assert ours.kkt_violation_ <= 1e-8


@pytest.mark.sanitize
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_is_the_definition(kernel, rng):
    X, y = blobs(rng, 60)
    parameters = {"nu": 0.6, "tol": 1e-9} | kernel
    ours = NuSVC(**parameters).fit(X, y)
    theirs = reference.svm.NuSVC(**parameters).fit(X, y)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(
        ours.dual_coef_, theirs.dual_coef_, atol=1e-6 * np.abs(theirs.dual_coef_).max()
    )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("n", [201, 2410], ids=["whole matrix", "rows"])
def test_is_the_classifier_with_the_bound_that_it_found(n, rng):
    """Coefficients at their bound are 1 / margin: C of the equal C-machine."""
    X, y = unequal(rng, n)
    by_nu = NuSVC(nu=0.4, gamma=0.1, tol=1e-7).fit(X, y)
    C = np.abs(by_nu.dual_coef_).max()
    by_bound = SVC(C=C, gamma=0.1, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(by_nu.decision_function(X), by_bound.decision_function(X), atol=1e-4)
    coef, f = by_nu.dual_coef_[0], rbf(X, X[by_nu.support_], 0.1) @ by_nu.dual_coef_[0]
    for side in (coef > 0, coef < 0):
        assert np.abs(coef[side]).sum() == pytest.approx(0.2 * n * C, rel=1e-9)
    errors = (2 * y - 1) * (f + by_nu.intercept_) < 1 - 1e-4
    assert errors.sum() <= 0.4 * n <= len(by_nu.support_)


@pytest.mark.parametrize("n", [201, 2410], ids=["whole matrix", "rows"])
def test_certificates_are_true(n, rng):
    """Recomputed from the fitted attributes, before the division by the margin."""
    X, y = unequal(rng, n)
    K, sign = rbf(X, X, 0.1), 1.0 - 2 * y  # the first class is the machine's positive one
    unscaled = []
    for tol in (1e-3, 1e-9):
        svc = NuSVC(nu=0.4, gamma=0.1, tol=tol).fit(X, y)
        coef = np.zeros(n)
        coef[svc.support_] = -svc.dual_coef_[0]
        margin = 0.4 * n / 2 / coef[y == 0].sum()
        alpha, gradient = sign * coef * margin, K @ coef * margin
        assert np.all((alpha >= 0) & (alpha <= 1 + 1e-12))
        violations = []
        for group, s in ((y == 0, 1.0), (y == 1, -1.0)):
            slope, a = s * gradient[group], alpha[group]
            violations.append(slope[a > 1e-12].max() - slope[a < 1 - 1e-12].min())
        assert svc.kkt_violation_ <= tol
        assert svc.kkt_violation_ == pytest.approx(max(*violations, 0.0), abs=1e-10)
        objective = -alpha @ (sign * gradient) / 2
        assert svc.objective_ * margin**2 == pytest.approx(objective, rel=1e-9)
        unscaled.append((objective, svc.dual_gap_ * margin**2))
    (reached, gap), (best, least) = unscaled
    assert best - reached <= gap <= 1e-3 * n
    assert least <= 1e-6 * n


def test_weights_are_repetitions(rng):
    X, y = blobs(rng, 90)
    times = rng.integers(0, 3, 90)
    weighted = NuSVC(nu=0.3, gamma=0.2, tol=1e-10).fit(X, y, sample_weight=times)
    repeated = NuSVC(nu=0.3, gamma=0.2, tol=1e-10).fit(X.repeat(times, 0), y.repeat(times))
    np.testing.assert_allclose(
        weighted.decision_function(X), repeated.decision_function(X), atol=1e-6
    )


def test_weights_of_classes_are_without_effect(rng):
    X, y = blobs(rng)
    plain, weighted = NuSVC().fit(X, y), NuSVC(class_weight={0: 9.0, 2: 0.1}).fit(X, y)
    np.testing.assert_array_equal(weighted.class_weight_, [9.0, 1.0, 0.1])
    np.testing.assert_array_equal(weighted.dual_coef_, plain.dual_coef_)


@pytest.mark.parametrize(
    ("y", "weight", "nu", "message"),
    [
        ([0] * 18 + [1] * 2, None, 0.5, r"nu is infeasible.* here 0\.2; nu=0\.5"),
        ([0] * 9 + [1] * 9 + [2] * 2, None, 0.5, "nu is infeasible"),
        ([0, 1] * 10, [1, 0] * 10, 0.5, "nu is infeasible"),
        ([0, 1] * 10, [1, -1] * 10, 1e-9, "nu is infeasible"),
        ([0, 1] * 10, [0] * 20, 0.5, "all samples have zero or negative weights"),
        ([1] * 20, None, 0.5, "number of classes has to be greater than one"),
    ],
)
def test_what_has_no_solution(y, weight, nu, message, rng):
    with pytest.raises(ValueError, match=message):
        NuSVC(nu=nu).fit(rng.normal(size=(20, 3)), y, sample_weight=weight)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_classes_that_cannot_be_parted(kernel):
    """The margin is 0, up to rounding."""
    X, y = np.arange(120.0).reshape(40, 3).repeat(2, 0), np.tile([0, 1], 40)
    with pytest.raises(ValueError, match=r"not finite.* nu is too small .* margin is 0"):
        NuSVC(kernel=kernel).fit(X, y)


def test_the_largest_nu_is_feasible(rng):
    X = rng.normal(size=(20, 3))
    y = np.arange(20) < 4
    assert len(NuSVC(nu=0.4).fit(X, y).support_) >= 8


def test_along_the_graph_and_sparse(rng):
    X, y = blobs(rng, k=4)
    X *= rng.random(X.shape) < 0.6
    dense, csr = NuSVC(gamma=0.2).fit(X, y), NuSVC(gamma=0.2).fit(sp.csr_array(X), y)
    np.testing.assert_array_equal(csr.dual_coef_.toarray(), dense.dual_coef_)
    report = dense.set_params(multi_class="dag").prediction_report(X)
    assert report.machines_asked.tolist() == [3] * len(X)
    assert np.mean(dense.predict(X) == csr.predict(X)) > 0.9


def test_probability_is_calibration(rng):
    from sklearn.calibration import CalibratedClassifierCV

    X, y = blobs(rng, 150)
    with pytest.warns(FutureWarning, match=r"CalibratedClassifierCV\(NuSVC\(\), ensemble=False\)"):
        proba = NuSVC(probability=True).fit(X, y).predict_proba(X)
    want = CalibratedClassifierCV(NuSVC(), ensemble=False).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(proba, want)


def test_signature_is_scikit_learns_and_more():
    ours, theirs = NuSVC().get_params(), sklearn.svm.NuSVC().get_params()
    theirs["probability"] = "deprecated"  # as scikit-learn has it from 1.9 on
    assert {name: ours[name] for name in theirs} == theirs
    assert ours.keys() - theirs.keys() == {"multi_class", "warm_start", "n_jobs", "max_time"}
