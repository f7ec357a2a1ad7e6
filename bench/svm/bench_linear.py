"""Linear machines: LIBLINEAR through scikit-learn, and the readable definition."""

import functools

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_digits

from mlqa_fast import reference
from mlqa_fast.svm import LinearSVC, LinearSVR

HINGE = {"loss": "hinge", "dual": True, "max_iter": 100_000}
L1 = {"penalty": "l1", "dual": False}
PARAMETERS = {
    "breast cancer": {"C": 0.1},
    "breast cancer, hinge": {"C": 0.1, **HINGE},
    "digits": {"C": 0.01},
    "dense 10000 x 50": {"C": 0.1},
    "dense 10000 x 50, hinge": {"C": 0.1, **HINGE},
    "dense 10000 x 50, l1": {"C": 0.1, **L1},
    "text 8000 x 30000": {"C": 1.0},
    "text 8000 x 30000, hinge": {"C": 1.0, **HINGE},
    "text 8000 x 30000, hinge, free intercept": {"C": 1.0, "intercept_scaling": 10, **HINGE},
    "text 8000 x 30000, 10 classes": {"C": 1.0},
    "values 10000 x 50": {"C": 0.1, "epsilon": 0.1, "max_iter": 100_000},
}


def clusters(n, d, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, d))
    cluster = rng.integers(0, 8, n)
    X = centres[cluster] + 1.5 * rng.normal(size=(n, d))
    return X / X.std(), cluster % 2


def documents(n, words, classes, length=80, seed=0):
    """Rows of unit length with Zipf's frequencies, a quarter of the words by topic."""
    rng = np.random.default_rng(seed)
    frequency = 1.0 / np.arange(10, words + 10)
    y = rng.integers(0, classes, n)
    first = rng.integers(0, words, classes)
    row = np.repeat(np.arange(n), length)
    word = np.searchsorted(np.cumsum(frequency / frequency.sum()), rng.random(n * length))
    topical = rng.random(n * length) < 0.25
    word = np.where(topical, (word + first[y[row]]) % words, word.clip(max=words - 1))
    X = sp.csr_matrix((np.ones(len(row)), (row, word)), shape=(n, words))
    X.sum_duplicates()
    seen = np.bincount(X.indices, minlength=words)
    X.data = (1 + np.log(X.data)) * (np.log(n / (1.0 + seen)) + 1)[X.indices]
    lengths = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / lengths) @ X), y


@functools.cache
def load(case):
    """Rows, and labels or values."""
    if case.startswith(("breast", "digits")):
        X, y = (load_breast_cancer if case.startswith("breast") else load_digits)(return_X_y=True)
        return (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1), y
    if case.startswith("dense"):
        return clusters(10_000, 50)
    if case.startswith("values"):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(10_000, 50))
        return X, X @ rng.normal(size=50) + rng.normal(size=10_000)
    return documents(8000, 30_000, 10 if case.endswith("classes") else 2)


def objective(coef, intercept, X, y, parameters):
    """The primal objective, from the weights alone."""
    total, scaling = 0.0, parameters.get("intercept_scaling", 1.0)
    classes = np.unique(y) if "epsilon" not in parameters else [None]
    for k, (w, b) in enumerate(zip(np.atleast_2d(coef), np.atleast_1d(intercept), strict=True)):
        z = X @ w + b
        if "epsilon" in parameters:
            loss = np.maximum(0, np.abs(y - z) - parameters["epsilon"])
        else:
            positive = y == classes[k if len(classes) > 2 else 1]
            loss = np.maximum(0, 1 - np.where(positive, 1, -1) * z)
            loss = loss if parameters.get("loss") == "hinge" else loss**2
        whole = np.append(w, b / scaling)
        l1 = parameters.get("penalty") == "l1"
        total += np.abs(whole).sum() if l1 else whole @ whole / 2
        total += parameters["C"] * loss.sum()
    return total


@functools.cache
def optimum(case):
    """A lower bound of the objective, from a solution much closer than any that is timed."""
    X, y = load(case)
    estimator = LinearSVR if case.startswith("values") else LinearSVC
    limits = {"tol": 1e-8, "max_iter": 1_000_000}
    best = estimator(random_state=0, **{**PARAMETERS[case], **limits}).fit(X, y)
    return best.objective_ - best.dual_gap_


SMALL = ["breast cancer", "breast cancer, hinge", "digits"]
CASES = [
    *((case, implementation) for case in SMALL for implementation in ("mlqa_fast", "scikit-learn")),
    ("breast cancer", "reference"),
    *(
        pytest.param(case, implementation, marks=pytest.mark.full)
        for case in PARAMETERS
        if case not in SMALL
        for implementation in ("mlqa_fast", "scikit-learn")
    ),
]


@pytest.mark.parametrize(("case", "implementation"), CASES)
def bench_fit(case, implementation, measure, peer):
    X, y = load(case)
    parameters = PARAMETERS[case]
    name = "LinearSVR" if case.startswith("values") else "LinearSVC"
    ours = LinearSVR if case.startswith("values") else LinearSVC

    def run():
        if implementation == "reference":
            return reference.svm.linear_svm(X, y, tol=1e-4, **parameters)
        make = ours if implementation == "mlqa_fast" else getattr(peer("sklearn.svm"), name)
        return make(random_state=0, **parameters).fit(X, y)

    def excess(result):
        coef = getattr(result, "coef_", getattr(result, "coef", None))
        intercept = getattr(result, "intercept_", getattr(result, "intercept", None))
        best = optimum(case)
        above = objective(coef, intercept, X, y, parameters) - best
        return "objective above its minimum, relative", above / best, 1e-3

    measure(run, implementation=implementation, case=case, shape=X.shape, certificate=excess)
