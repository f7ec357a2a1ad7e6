"""One machine over all points: regression and one class, by definition, peer and certificate."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.svm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

import mlqa_fast.svm
from mlqa_fast import reference
from mlqa_fast.svm import SVR, NuSVR, OneClassSVM
from svm_definitions import rbf

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 2, "coef0": 1.0, "gamma": 0.1},
    {"kernel": "rbf"},
    {"kernel": "rbf", "gamma": 0.5},
    {"kernel": "sigmoid", "gamma": 0.01},
]
MACHINES = [
    ("SVR", {"C": 2.0, "epsilon": 0.2}),
    ("SVR", {"C": 0.1, "epsilon": 0.0}),
    ("NuSVR", {"C": 1.0, "nu": 0.4}),
    ("NuSVR", {"C": 5.0, "nu": 0.05}),
    ("OneClassSVM", {"nu": 0.3}),
    ("OneClassSVM", {"nu": 0.05}),
]
NAMES = ["SVR", "NuSVR", "OneClassSVM"]


def standardised(X):
    return (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)


def regression(rng, n=80, d=4):
    X = rng.normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + 0.3 * rng.normal(size=n)


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return standardised(X), standardised(y)


def iris():
    X, _ = load_iris(return_X_y=True)
    return standardised(X[:, :3]), X[:, 3]


def breast_cancer():
    X, _ = load_breast_cancer(return_X_y=True)
    X = standardised(X)
    return X[:300, 1:], X[:300, 0]


def values(machine, X):
    return getattr(machine, "decision_function", machine.predict)(X)


def certificates(machine, K, z, weight):
    """Violation, bound of the gap, and objective, from the fitted attributes by the definition."""
    n = len(K)
    beta = np.zeros(n)
    beta[machine.support_] = np.asarray(machine.dual_coef_)[0]
    if isinstance(machine, OneClassSVM):
        lower, upper, p, width = np.zeros(n), weight, np.zeros(n), 0.0
        assert beta.sum() == pytest.approx(machine.nu * weight.sum(), rel=1e-12)
    else:
        lower, upper, p = -machine.C * weight, machine.C * weight, -z
        width = machine.epsilon if isinstance(machine, SVR) else 0.0
        assert abs(beta.sum()) <= 1e-12 * max(1.0, np.abs(beta).sum())
    assert np.all((lower <= beta) & (beta <= upper))
    # Points of weight 0 can neither grow nor fall.
    gradient = K @ beta + p
    grows = np.where(beta < 0, gradient - width, gradient + width)[beta < upper]
    falls = np.where(beta > 0, gradient + width, gradient - width)[beta > lower]
    objective = -(beta @ K @ beta / 2 + p @ beta + width * np.abs(beta).sum())
    return max(falls.max() - grows.min(), 0.0), objective, gradient


@pytest.mark.parametrize("data", [diabetes, iris, breast_cancer], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_decides_as_libsvm(name, parameters, kernel, data):
    X, z = data()
    if name == "OneClassSVM" and kernel["kernel"] in ("linear", "sigmoid"):
        X = X + 3.0  # around the origin the solution is 0, and any coefficients give it
    ours = getattr(mlqa_fast.svm, name)(tol=1e-8, **kernel, **parameters).fit(X, z)
    theirs = getattr(sklearn.svm, name)(tol=1e-8, max_iter=10**6, **kernel, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, z)
    assert ours.kkt_violation_ <= 1e-8
    # LIBSVM's kernel values are rounded to single precision while it trains.
    function = (kernel["kernel"], ours.degree, ours._gamma, ours.coef0)
    K = reference.svm._kernels.kernel_matrix(X, X, *function)
    scale = max(1.0, np.abs(ours.dual_coef_).sum() * np.abs(K).max())
    mine, want = values(ours, X), values(theirs, X)
    if not constant_is_determined(ours, theirs):
        mine, want = mine - ours.intercept_, want - theirs.intercept_
    np.testing.assert_allclose(mine, want, atol=3e-6 * scale)
    assert ours.objective_ >= objective_of(theirs, X, z, K) - 1e-6 * scale


def constant_is_determined(*machines):
    """Whether a coefficient of each sum lies well between its bounds."""
    for machine in machines:
        bound = machine.C if "SVR" in type(machine).__name__ else 1.0
        free = np.abs(machine.dual_coef_[0]) % bound
        signs = np.sign(machine.dual_coef_[0])[(free > 1e-4 * bound) & (free < 0.9999 * bound)]
        nu_svr = type(machine).__name__ == "NuSVR"
        needed = {1.0, -1.0} if nu_svr else set(signs[:1])
        if not needed or not needed <= set(signs):
            return False
    return True


def objective_of(machine, X, z, K):
    """Dual objective of LIBSVM's coefficients, in double precision."""
    beta = np.zeros(len(K))
    beta[machine.support_] = machine.dual_coef_[0]
    p = np.zeros(len(K)) if isinstance(machine, sklearn.svm.OneClassSVM) else -z
    width = machine.epsilon if isinstance(machine, sklearn.svm.SVR) else 0.0
    return -(beta @ K @ beta / 2 + p @ beta + width * np.abs(beta).sum())


@pytest.mark.sanitize
@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_is_the_definition(name, parameters, kernel, rng):
    X, z = regression(rng, 40)
    weight = rng.integers(0, 4, 40) * 0.5
    if name == "OneClassSVM" and kernel["kernel"] == "linear":
        X = X + 3.0
    made = [
        getattr(area, name)(tol=1e-9, **kernel, **parameters).fit(X, z, sample_weight=weight)
        for area in (mlqa_fast.svm, reference.svm)
    ]
    ours, theirs = made
    scale = max(1.0, np.abs(ours.dual_coef_).sum())
    np.testing.assert_allclose(values(ours, X), values(theirs, X), atol=1e-6 * scale)
    assert ours.objective_ == pytest.approx(theirs.objective_, rel=1e-7, abs=1e-9)
    assert theirs.objective_ <= ours.objective_ + ours.dual_gap_ + 1e-12
    assert ours.objective_ <= theirs.objective_ + theirs.dual_gap_ + 1e-12
    if name == "NuSVR":
        assert ours.epsilon_ == pytest.approx(theirs.epsilon_, abs=1e-6)


@pytest.mark.parametrize("n", [300, 2500], ids=["whole matrix", "rows"])
@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_certificates_are_true(name, parameters, n, rng):
    X, z = regression(rng, n)
    weight = np.where(rng.random(n) < 0.1, 0.0, rng.uniform(0.5, 2.0, n))
    machine = getattr(mlqa_fast.svm, name)(gamma=0.3, tol=1e-4, **parameters)
    machine.fit(X, z, sample_weight=weight)
    K = rbf(X, X, 0.3)
    violation, objective, gradient = certificates(machine, K, z, weight)
    assert machine.kkt_violation_ <= 1e-4
    assert 0 <= machine.dual_gap_ <= 1e-4 * 2 * getattr(machine, "C", 1.0) * weight.sum()
    assert machine.objective_ == pytest.approx(objective, rel=1e-9)
    if name != "NuSVR":  # whose two sums have a slope each
        assert machine.kkt_violation_ == pytest.approx(violation, abs=1e-9)
    if name == "SVR":
        error = np.abs(gradient + machine.intercept_[0])
        beta = np.zeros(n)
        beta[machine.support_] = machine.dual_coef_[0]
        primal = beta @ K @ beta / 2 + machine.C * weight @ np.maximum(error - machine.epsilon, 0)
        assert primal - objective <= machine.dual_gap_ + 1e-9


@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_a_working_set_gives_what_the_whole_matrix_gives(name, parameters, rng):
    X, z = regression(rng, 400)
    whole = getattr(mlqa_fast.svm, name)(tol=1e-9, **parameters).fit(X, z)
    for cache_size, tol in ((1e-9, 1e-4), (0.05, 1e-9), (0.5, 1e-9)):  # two rows, some, many
        rows = getattr(mlqa_fast.svm, name)(tol=tol, cache_size=cache_size, **parameters).fit(X, z)
        assert rows.kkt_violation_ <= tol
        np.testing.assert_allclose(values(rows, X), values(whole, X), atol=max(1e-6, 20 * tol))


@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_weights_are_repetitions(name, parameters, rng):
    """With gamma given; a weight of zero is absence."""
    X, z = regression(rng, 60)
    times = rng.integers(0, 4, 60)
    make = getattr(mlqa_fast.svm, name)
    weighted = make(gamma=0.3, tol=1e-10, **parameters).fit(X, z, sample_weight=times)
    repeated = make(gamma=0.3, tol=1e-10, **parameters).fit(X.repeat(times, 0), z.repeat(times))
    np.testing.assert_allclose(values(weighted, X), values(repeated, X), atol=1e-7)
    assert weighted.objective_ == pytest.approx(repeated.objective_, rel=1e-9)
    assert set(weighted.support_) <= set(np.flatnonzero(times))


@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_sparse_is_dense(name, parameters, rng):
    X, z = regression(rng, 60, 12)
    X *= rng.random(X.shape) < 0.3
    make = getattr(mlqa_fast.svm, name)
    dense, csr = make(gamma=0.3, **parameters).fit(X, z), make(gamma=0.3, **parameters)
    for container in (sp.csr_matrix, sp.csr_array, sp.coo_matrix):
        csr.fit(container(X), z)
        np.testing.assert_array_equal(csr.dual_coef_.toarray(), dense.dual_coef_)
        np.testing.assert_array_equal(csr.support_vectors_.toarray(), dense.support_vectors_)
        np.testing.assert_array_equal(values(csr, container(X)), values(dense, X))
    with pytest.raises(ValueError, match=f"cannot use sparse input in '{name}' trained on dense"):
        values(dense, sp.csr_matrix(X))


@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_precomputed_and_callable_kernels(name, parameters, rng):
    X, z = regression(rng, 60)
    points = rng.normal(size=(20, 4))
    make = getattr(mlqa_fast.svm, name)

    def kernel(A, B):
        return rbf(A, B, 0.3)

    named = make(gamma=0.3, tol=1e-9, **parameters).fit(X, z)
    called = make(kernel=kernel, tol=1e-9, **parameters).fit(X, z)
    given_values = make(kernel="precomputed", tol=1e-9, **parameters).fit(kernel(X, X), z)
    want = values(named, points)
    np.testing.assert_allclose(values(called, points), want, atol=1e-6)
    np.testing.assert_allclose(values(given_values, kernel(points, X)), want, atol=1e-6)
    with pytest.raises(ValueError, match=r"number of samples at training time|features"):
        values(given_values, points)
    with pytest.raises(AttributeError, match="linear kernel"):
        _ = called.coef_


def test_the_tube_of_nu_is_that_of_epsilon(rng):
    """NuSVR and an SVR with the width it found are one problem."""
    X, z = regression(rng, 200)
    by_nu = NuSVR(nu=0.3, C=2.0, tol=1e-9).fit(X, z)
    by_width = SVR(epsilon=by_nu.epsilon_, C=2.0, tol=1e-9).fit(X, z)
    np.testing.assert_allclose(by_nu.predict(X), by_width.predict(X), atol=1e-6)
    outside = np.abs(by_nu.predict(X) - z) > by_nu.epsilon_ + 1e-6
    assert outside.mean() <= 0.3 <= len(by_nu.support_) / len(X)


@given(seed=st.integers(0, 2**32 - 1), nu=st.floats(0.02, 1.0), n=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_nu_bounds_both_shares(seed, nu, n):
    X = np.random.default_rng(seed).normal(size=(n, 2))
    machine = OneClassSVM(nu=nu, gamma=0.7, tol=1e-9).fit(X)
    outside = machine.decision_function(X) < -1e-6
    assert outside.sum() <= nu * n + 1e-9
    assert len(machine.support_) >= nu * n - 1e-9


def test_regression_of_a_constant():
    """Within the tube there are no support vectors; the function is the middle."""
    svr = SVR().fit(np.arange(12.0).reshape(6, 2), np.full(6, 3.0))
    assert svr.support_.size == 0
    assert svr.dual_coef_.shape == (1, 0)
    assert svr.predict([[100.0, 1.0]]) == pytest.approx(3.0)
    assert (svr.kkt_violation_, svr.objective_) == (0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_one_point(name):
    machine = getattr(mlqa_fast.svm, name)().fit([[1.0, 2.0]], [3.0])
    theirs = getattr(sklearn.svm, name)().fit([[1.0, 2.0]], [3.0])
    np.testing.assert_allclose(values(machine, [[0.0, 0.0]]), values(theirs, [[0.0, 0.0]]))


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_scikit_learns_and_more(name):
    ours = getattr(mlqa_fast.svm, name)().get_params()
    theirs = getattr(sklearn.svm, name)().get_params()
    assert {key: ours[key] for key in theirs} == theirs
    assert ours.keys() - theirs.keys() == {"n_jobs", "max_time", "warm_start"}


@pytest.mark.parametrize("name", NAMES)
def test_attributes_are_scikit_learns(name, rng):
    X, z = regression(rng)
    ours = getattr(mlqa_fast.svm, name)(kernel="linear").fit(X, z)
    theirs = getattr(sklearn.svm, name)(kernel="linear").fit(X, z)
    public = [a for a in dir(theirs) if a.endswith("_") and not a.startswith("_")]
    for attribute in public:
        mine, want = getattr(ours, attribute), getattr(theirs, attribute)
        assert type(mine) is type(want), attribute
        if isinstance(want, np.ndarray):
            assert mine.dtype == want.dtype, attribute
            assert mine.ndim == want.ndim, attribute
    with pytest.raises(ValueError, match="read-only"):
        ours.coef_[0, 0] = 1.0


@pytest.mark.parametrize(("name", "parameters"), MACHINES, ids=str)
def test_limits_warn_with_the_certificate(name, parameters, rng):
    X, z = regression(rng, 300)
    machine = getattr(mlqa_fast.svm, name)(max_iter=3, tol=1e-6, **parameters)
    with pytest.warns(ConvergenceWarning, match=r"\(max_iter=3\).*KKT violation") as caught:
        machine.fit(X, z)
    assert caught[0].filename == __file__, "the warning points at the call"
    assert (machine.fit_status_, machine.n_iter_) == (1, 3)
    assert machine.kkt_violation_ > machine.tol
    best = getattr(mlqa_fast.svm, name)(tol=1e-9, **parameters).fit(X, z).objective_
    assert best <= machine.objective_ + machine.dual_gap_ + 1e-9


BAD = [
    ({"sample_weight": np.zeros(20)}, "all samples have zero or negative weights"),
    ({"sample_weight": -np.ones(20)}, "all samples have zero or negative weights"),
    ({"sample_weight": np.ones(19)}, "sample_weight and X have incompatible shapes"),
    ({"sample_weight": np.full(20, np.inf)}, "NaN or infinity"),
    ({"X": np.full((20, 3), 1e300)}, "dual coefficients or intercepts are not finite"),
    ({"X": np.empty((0, 3)), "y": []}, "minimum of 1 is required"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
@pytest.mark.parametrize("name", NAMES)
def test_data_that_cannot_be_used(name, change, message, rng):
    X, z = regression(rng, 20, 3)
    machine = getattr(mlqa_fast.svm, name)(gamma=1.0)
    with pytest.raises(ValueError, match=message):
        machine.fit(**{"X": X, "y": z} | change)
    assert not hasattr(machine, "support_")


@pytest.mark.parametrize("name", NAMES)
def test_points_that_cannot_be_used(name, rng):
    machine = getattr(mlqa_fast.svm, name)().fit(*regression(rng))
    with pytest.raises(ValueError, match="expecting 4 features"):
        machine.predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="NaN"):
        machine.predict(np.full((2, 4), np.nan))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "X",
    [np.ones((30, 2)), np.zeros((30, 2)), 1e9 + np.arange(60.0).reshape(30, 2)],
    ids=["constant", "zero", "far away"],
)
def test_features_that_say_little(name, X, rng):
    """Constant features, and huge offsets: a certified answer, soon."""
    z = rng.normal(size=30)
    for kernel in ("rbf", "linear"):
        machine = getattr(mlqa_fast.svm, name)(kernel=kernel, max_time=2.0).fit(X, z)
        assert np.isfinite(machine.predict(X)).all()
        assert machine.kkt_violation_ <= machine.tol or machine.fit_status_ == 1


def test_infinite_C():
    X = np.arange(8.0).reshape(-1, 1)
    svr = SVR(C=np.inf, kernel="linear", epsilon=0.01, tol=1e-6).fit(X, 3 * X.ravel())
    np.testing.assert_allclose(svr.predict(X), 3 * X.ravel(), atol=0.011)
    with pytest.raises(ValueError, match="C must be finite for NuSVR"):
        NuSVR(C=np.inf).fit(X, X.ravel())


def test_a_kernel_with_values_of_too_few_points():
    """scikit-learn trains a regressor all the same, and refuses to predict."""

    def one(A, B):
        return np.array([[1.0]])

    with pytest.warns(UserWarning, match="values of 1 points for 2"):
        svr = SVR(kernel=one).fit([[0.0], [1.0]], [0.0, 0.5])
    with pytest.raises(ValueError, match="number of samples at training time"):
        svr.predict([[0.0], [1.0]])
    with pytest.raises(ValueError, match="values of 1 points for 2"):
        OneClassSVM(kernel=one).fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="values of 3 points for 2"):
        SVR(kernel=lambda A, B: np.eye(3)).fit([[0.0], [1.0]], [0.0, 0.5])
