"""LIBSVM's text models: what is written is read back, foreign ones are taken, damage is named."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlqa_fast.svm
from mlqa_fast.svm import SVC, SVR, NuSVC, OneClassSVM

NAMES = ["SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"]
KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 2, "coef0": 1.5, "gamma": 0.1},
    {"kernel": "rbf"},
    {"kernel": "sigmoid", "gamma": 0.02, "coef0": -0.25},
]

# Three classes in the order of their appearance, as LIBSVM writes them: not sorted.
FOREIGN = """svm_type c_svc
kernel_type rbf
gamma 0.5
nr_class 3
total_sv 5
rho 0.125 -0.5 0.0625
label 7 -1 3
probA -1.5 -2 -1
probB 0.25 0 0.5
nr_sv 2 2 1
SV
1 0.5 1:0.5 2:-1
0.25 1 2:1.5
-1 0.75 1:-2 3:0.5
-0.25 1 1:-1.5
-1 -1.25 3:2
"""


def data(rng, n=90, k=3, d=5):
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] * 2 + rng.normal(size=(n, d)), y


def decided(machine, X):
    if hasattr(machine, "classes_"):
        machine.set_params(decision_function_shape="ovo")
        return machine.decision_function(X)
    return machine.decision_function(X) if isinstance(machine, OneClassSVM) else machine.predict(X)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_back(name, kernel, tmp_path, rng):
    X, y = data(rng)
    X[rng.random(X.shape) < 0.2] = 0.0
    cls, path = getattr(mlqa_fast.svm, name), tmp_path / "model"
    machine = cls(**kernel).fit(X, y)
    machine.to_libsvm(path)
    loaded = cls.from_libsvm(path, n_features=5)
    want = decided(machine, X)
    np.testing.assert_array_equal(decided(loaded, X), want)
    np.testing.assert_array_equal(loaded.predict(X), machine.predict(X))
    np.testing.assert_array_equal(loaded.dual_coef_, machine.dual_coef_)
    np.testing.assert_array_equal(loaded.support_vectors_, machine.support_vectors_)
    assert loaded.n_support_.tolist() == machine.n_support_.tolist()
    csr = cls.from_libsvm(path, n_features=5, sparse=True)
    np.testing.assert_array_equal(decided(csr, sp.csr_array(X)), want)
    again = tmp_path / "again"
    for same in (loaded, csr):
        same.to_libsvm(again)
        assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_sparse_machines(name, tmp_path, rng):
    X, y = data(rng)
    X *= rng.random(X.shape) < 0.4
    cls = getattr(mlqa_fast.svm, name)
    machine = cls(gamma=0.2).fit(sp.csr_array(X), y)
    machine.to_libsvm(tmp_path / "model")
    loaded = cls.from_libsvm(tmp_path / "model", n_features=5)
    np.testing.assert_array_equal(decided(loaded, X), decided(machine, sp.csr_array(X)))


@pytest.mark.parametrize("name", NAMES)
def test_precomputed_kernels(name, tmp_path, rng):
    X, y = data(rng, 60)
    K = X @ X.T
    cls = getattr(mlqa_fast.svm, name)
    machine = cls(kernel="precomputed").fit(K, y)
    machine.to_libsvm(tmp_path / "model")
    loaded = cls.from_libsvm(tmp_path / "model", n_features=60)
    np.testing.assert_array_equal(loaded.support_, machine.support_)
    np.testing.assert_array_equal(decided(loaded, K), decided(machine, K))
    with pytest.raises(ValueError, match=r"should be equal|features"):
        loaded.predict(K[:, :59])
    with pytest.raises(ValueError, match=r"has index \d+, above n_features=3"):
        cls.from_libsvm(tmp_path / "model", n_features=3)


def test_the_text_is_libsvms(tmp_path):
    """Two points, a machine that can be written down by hand."""
    svc = SVC(kernel="linear").fit([[-1.0, 0.0], [1.0, 0.0]], [3, 4])
    svc.to_libsvm(tmp_path / "model")
    assert (tmp_path / "model").read_text() == (
        "svm_type c_svc\nkernel_type linear\nnr_class 2\ntotal_sv 2\nrho 0\nlabel 3 4\nnr_sv 1 1\n"
        "SV\n0.5 1:-1\n-0.5 1:1\n"
    )
    svr = SVR(kernel="poly", gamma=0.5, degree=2, epsilon=0.0).fit([[0.0], [1.0]], [0.0, 0.25])
    svr.to_libsvm(tmp_path / "model")
    header = (tmp_path / "model").read_text().split("SV\n")[0].splitlines()
    assert header[:7] == [
        "svm_type epsilon_svr",
        "kernel_type polynomial",
        "degree 2",
        "gamma 0.5",
        "coef0 0",
        "nr_class 2",
        "total_sv 2",
    ]


def by_definition(text, x):
    """Label of a point by LIBSVM's rule, from the lines of a file with an rbf kernel."""
    head, body = text.split("SV\n")
    words = [line.split() for line in head.splitlines()[2:]]
    fields = {key: list(map(float, numbers)) for key, *numbers in words}
    coef, value = [], []
    for line in body.splitlines():
        tokens = line.split()
        coef.append([float(t) for t in tokens[:2]])
        vector = np.zeros(3)
        for token in tokens[2:]:
            vector[int(token.split(":")[0]) - 1] = float(token.split(":")[1])
        value.append(np.exp(-fields["gamma"][0] * ((vector - x) ** 2).sum()))
    owner = np.repeat(np.arange(3), [int(n) for n in fields["nr_sv"]])
    votes, p = np.zeros(3), 0
    for i in range(3):
        for j in range(i + 1, 3):
            f = -fields["rho"][p]
            for s, k in enumerate(value):
                f += coef[s][j - 1] * k if owner[s] == i else coef[s][i] * k if owner[s] == j else 0
            votes[i if f > 0 else j] += 1
            p += 1
    return int(fields["label"][int(np.argmax(votes))]), votes.max()


def test_a_model_of_libsvm_with_labels_in_its_own_order(tmp_path, rng):
    (tmp_path / "model").write_text(FOREIGN)
    svc = SVC.from_libsvm(tmp_path / "model")
    assert svc.classes_.tolist() == [-1, 3, 7]
    assert svc.n_support_.tolist() == [2, 1, 2]
    assert svc.n_features_in_ == 3
    assert np.isnan(svc.kkt_violation_)
    assert svc.support_.tolist() == [-1] * 5
    X = 2 * rng.normal(size=(400, 3))
    got, seen = svc.predict(X), set()
    for x, label in zip(X, got, strict=True):
        want, votes = by_definition(FOREIGN, x)
        if votes == 2:  # a tie goes to the first class, in whose order they are
            assert label == want
            seen.add(want)
    assert seen == {-1, 3, 7}


def test_a_model_of_libsvm_with_two_labels_in_its_own_order(tmp_path):
    text = (
        "svm_type nu_svc\nkernel_type linear\nnr_class 2\ntotal_sv 2\nrho 0.5\nlabel 1 -1\n"
        "nr_sv 1 1\nSV\n1 1:1\n-1 2:1\n"
    )
    (tmp_path / "model").write_text(text)
    svc = NuSVC.from_libsvm(tmp_path / "model")
    np.testing.assert_array_equal(svc.decision_function([[1.0, 0.0], [0.0, 1.0]]), [0.5, -1.5])
    assert svc.predict([[1.0, 0.0], [0.0, 1.0]]).tolist() == [1, -1]


def test_a_model_goes_on_as_an_estimator(tmp_path, rng):
    X, y = data(rng)
    SVC().fit(X, y).to_libsvm(tmp_path / "model")
    loaded = SVC.from_libsvm(tmp_path / "model")
    assert loaded.prediction_report(X).machines == 3
    assert not hasattr(loaded, "predict_proba")
    np.testing.assert_array_equal(loaded.set_params(warm_start=True).fit(X, y).classes_, [0, 1, 2])


DAMAGE = [
    (1, "svm_type c_svm", "expected one of c_svc"),
    (2, "kernel_type gauss", "expected one of polynomial"),
    (3, "gamma nan", "expected a number"),
    (3, "gamma 1_0", "expected a number"),
    (3, "gamma 1e999", "expected a number"),
    (3, "gamma", "expected one value, got 0"),
    (3, "gama 0.5", "unknown keyword 'gama'"),
    (3, "nr_class 3", "nr_class appears twice", 4),
    (4, "nr_class 3000000000", "expected a whole number"),
    (4, "nr_class 2000000", "rho has 3 values for 2000000 classes", 11),
    (4, "nr_class 1", "expected a whole number from 2"),
    (5, "total_sv 2000000000", "nr_sv adds up to 5, not 2000000000", 11),
    (5, "total_sv -1", "expected a whole number from 0"),
    (5, "total_sv 5.5", "expected a whole number"),
    (6, "rho 1 2", "rho has 2 values for 3 classes", 11),
    (7, "label 7 7 3", "two classes have the same label", 11),
    (7, "label 7 x 3", "expected a whole number"),
    (10, "nr_sv 2 2 2000000000", "nr_sv adds up", 11),
    (10, "nr_sv 2 3", "nr_sv has 2 values", 11),
    (11, "sv", "unknown keyword 'sv'"),
    (12, "1", "expected 2 dual coefficients, got 1 values"),
    (12, "", "expected 2 dual coefficients, got 0 values"),
    (12, "1 x 1:1", "expected a number, got 'x'"),
    (13, "1 1 2", "expected index:value"),
    (13, "1 1 2:", "expected a number"),
    (13, "1 1 :2", "expected a whole number"),
    (13, "1 1 0:2", "expected a whole number from 1"),
    (13, "1 1 2:1 2:1", "index 2 does not follow 2"),
    (13, "1 1 3:1 2:1", "index 2 does not follow 3"),
    (13, "1 1 99999999999:1", "expected a whole number"),
    (13, "1 1 2:inf", "expected a number"),
    (16, "-1 -1.25 3:2\n1 1 1:1", "more than total_sv = 5", 17),
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d[1][:30])
def test_damage_is_named_with_its_line(damage, tmp_path):
    line, text, message = damage[:3]
    lines = FOREIGN.splitlines()
    lines[line - 1] = text
    (tmp_path / "model").write_text("\n".join(lines) + "\n")
    with pytest.raises(
        ValueError,
        match=rf"model, line {damage[-1] if len(damage) > 3 else line}: " + re.escape(message),
    ):
        SVC.from_libsvm(tmp_path / "model")


@pytest.mark.parametrize("lines", range(16))
def test_a_file_that_ends_early(lines, tmp_path):
    (tmp_path / "model").write_text("\n".join(FOREIGN.splitlines()[:lines]))
    if lines < 11:
        message = rf"line {lines}: the file ends before SV"
    else:
        message = rf"line {lines + 1}: the file ends after {lines - 11} of 5 support vectors"
    with pytest.raises(ValueError, match=message):
        SVC.from_libsvm(tmp_path / "model")


@pytest.mark.parametrize("key", ["svm_type", "kernel_type", "gamma", "total_sv", "rho", "nr_sv"])
def test_a_keyword_that_is_missing(key, tmp_path):
    text = "".join(s + "\n" for s in FOREIGN.splitlines() if s.split()[0] != key)
    (tmp_path / "model").write_text(text)
    with pytest.raises(ValueError, match=f"line 10: {key} is missing before SV"):
        SVC.from_libsvm(tmp_path / "model")


@given(
    edits=st.lists(st.tuples(st.integers(0, len(FOREIGN) - 1), st.binary(max_size=3)), max_size=4),
    cut=st.integers(0, len(FOREIGN)),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_damage_is_refused_or_harmless(edits, cut, tmp_path):
    text = bytearray(FOREIGN.encode())
    for at, piece in edits:
        text[at : at + len(piece)] = piece
    (tmp_path / "model").write_bytes(bytes(text if cut % 3 else text[:cut]))
    try:
        svc = SVC.from_libsvm(tmp_path / "model", sparse=True)
    except ValueError as refused:
        message = str(refused)
    else:
        message = ""
    if message:
        assert re.search(r"line \d+: |holds a machine of type", message)
        return
    # Most indices are small; a large one makes points that are too wide to be made here.
    if svc.n_features_in_ < 1000:
        assert svc.predict(np.zeros((2, svc.n_features_in_))).shape == (2,)


def test_a_wide_model_is_not_spread(tmp_path):
    """An index alone takes no memory."""
    text = FOREIGN.replace("3:2", "2000000000:2")
    (tmp_path / "model").write_text(text)
    with pytest.raises(ValueError, match=r"would take 8e\+10 bytes; use sparse=True"):
        SVC.from_libsvm(tmp_path / "model")
    svc = SVC.from_libsvm(tmp_path / "model", sparse=True)
    assert svc.support_vectors_.shape == (5, 2_000_000_000)


def test_what_the_format_has_no_place_for(tmp_path, rng):
    X, y = data(rng)
    path = tmp_path / "model"
    for labels in (np.array(["a", "b", "c"])[y], y * 2**31):
        svc = SVC().fit(X, labels)
        with pytest.raises(ValueError, match=r"labels that are whole numbers.*LabelEncoder"):
            svc.to_libsvm(path)
    with pytest.raises(ValueError, match="a callable kernel has no place"):
        SVC(kernel=lambda A, B: A @ B.T).fit(X, y).to_libsvm(path)
    assert not path.exists()


def test_machines_of_another_kind(tmp_path, rng):
    X, y = data(rng)
    SVC().fit(X, y).to_libsvm(tmp_path / "model")
    with pytest.raises(ValueError, match="holds a machine of type c_svc; SVR reads epsilon_svr"):
        SVR.from_libsvm(tmp_path / "model")
    with pytest.raises(FileNotFoundError):
        SVR.from_libsvm(tmp_path / "none")
    (tmp_path / "one").write_text(FOREIGN.replace("c_svc", "one_class"))
    with pytest.raises(ValueError, match="line 11: one_class has nr_class 2, not 3"):
        OneClassSVM.from_libsvm(tmp_path / "one")
