"""Kernel rows of text beside SciPy's product, and machines trained on it beside the peers."""

import functools

import numpy as np
import pytest
import scipy.sparse as sp

from mlqa_fast._mlqa_fast_core import svm as core
from mlqa_fast.svm import SVC

GAMMA = 0.5
ROWS = 256


@functools.cache
def text(n, words, seed=0):
    """Two topics, some 75 words a text whose frequencies fall as those of words do, norms 1."""
    rng = np.random.default_rng(seed)
    frequency = np.cumsum(1 / np.arange(10, words + 10))
    y = rng.integers(2, size=n)
    row = np.repeat(np.arange(n), 80)
    word = np.searchsorted(frequency / frequency[-1], rng.random(len(row)))
    topical = rng.random(len(row)) < 0.25
    word = np.where(topical, (word + (y[row] + 1) * words // 3) % words, word)
    X = sp.csr_matrix((np.ones(len(row)), (row, word)), shape=(n, words))
    X.sum_duplicates()
    rarity = np.log(n / (1 + np.bincount(X.indices, minlength=words))) + 1
    X.data = (1 + np.log(X.data)) * rarity[X.indices]
    norm = np.sqrt(np.asarray(X.multiply(X).sum(1)).ravel())
    return sp.csr_matrix(sp.diags(1 / norm) @ X), y


def rbf(A, B, gamma):
    """The definition: norms of text are 1."""
    return np.exp(-gamma * np.maximum(2 - 2 * (A @ B.T).toarray(), 0))


def native(rows, X, which):
    points = X.data, X.indices, X.indptr, X.shape[1]
    return rows(points, (2, 3, GAMMA, 0.0), np.arange(X.shape[0]), which, n_jobs=0)[0]


CASES = [
    (2000, 10_000),
    pytest.param((8000, 30_000), marks=pytest.mark.full),
]


@pytest.mark.parametrize("implementation", ["mlqa_fast float32", "mlqa_fast float64", "SciPy"])
@pytest.mark.parametrize("shape", CASES, ids=str)
def bench_rows(shape, implementation, measure):
    """256 rows of the RBF kernel's matrix, the set's preparation included."""
    X, _ = text(*shape)
    which = np.arange(ROWS) * 7 % shape[0]
    make = {
        "mlqa_fast float32": lambda: native(core.sparse_rows_float32, X, which),
        "mlqa_fast float64": lambda: native(core.sparse_rows_float64, X, which),
        "SciPy": lambda: rbf(X[which], X, GAMMA),
    }[implementation]
    measure(
        make,
        implementation=implementation,
        case=f"{ROWS} rows of text, {shape[0]} x {shape[1]}",
        shape=shape,
        certificate=lambda rows: (
            "largest error",
            float(np.abs(rows - rbf(X[which], X, GAMMA)).max()),
            1e-5,
        ),
    )


def violation(svc, X, y, kernel, C):
    """m(alpha) - M(alpha) from public attributes, in float64."""
    beta = np.zeros(len(y))
    beta[svc.support_] = svc.dual_coef_.toarray()[0]
    used = X[svc.support_]
    K = rbf(X, used, GAMMA) if kernel == "rbf" else (X @ used.T).toarray()
    sign = np.where(y == svc.classes_[1], 1.0, -1.0)
    descent = sign - K @ beta[svc.support_]
    alpha, inside = sign * beta, 1e-6 * C
    up = np.where(sign > 0, alpha < C - inside, alpha > inside)
    low = np.where(sign > 0, alpha > inside, alpha < C - inside)
    return descent[up].max() - descent[low].min()


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "scikit-learn-intelex"])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("shape", CASES, ids=str)
def bench_fit(shape, kernel, implementation, measure, peer):
    """A machine of two classes of text."""
    X, y = text(*shape)
    C = 1.0 if kernel == "linear" else 10.0
    parameters = {"kernel": kernel, "C": C, "gamma": GAMMA}
    make = {
        "mlqa_fast": lambda: SVC(**parameters),
        "scikit-learn": lambda: peer("sklearn.svm").SVC(**parameters),
        "scikit-learn-intelex": lambda: peer("sklearnex.svm").SVC(**parameters),
    }[implementation]
    measure(
        lambda: make().fit(X, y),
        implementation=implementation,
        case=f"{kernel}, text, {shape[0]} x {shape[1]}",
        shape=shape,
        # LIBSVM's own float32 rows leave it a little above its tolerance of 1e-3.
        certificate=lambda svc: ("KKT violation", violation(svc, X, y, kernel, C), 1.1e-3),
    )
