"""Training: LIBSVM through scikit-learn, and the readable definition."""

import functools
from itertools import combinations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from mlqa_fast import reference
from mlqa_fast.svm import SVC

PARAMETERS = {
    "breast cancer": {"C": 10.0, "gamma": 0.01},
    "digits": {"C": 10.0, "gamma": 0.005},
    "2 classes, 5000 x 20": {"C": 100.0, "gamma": 0.1},
    "2 classes, 20000 x 20": {"C": 10.0, "gamma": 0.1},
    "2 classes, 5000 x 784": {"C": 1.0, "gamma": 0.00128},
    "26 classes, 5000 x 16": {"C": 10.0, "gamma": 0.1},
    "100 classes, 10000 x 32": {"C": 10.0, "gamma": 0.05},
    "1000 classes, 20000 x 64": {"C": 10.0, "gamma": 0.02},
}
# Of more machines, which take minutes to look at, as many are looked at.
MOST_MACHINES = 5000


def blobs(n, d, k, spread, clusters=4):
    """k classes of some clusters each, overlapping."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(clusters * k, d))
    cluster = rng.integers(0, clusters * k, n)
    X = centres[cluster] + spread * rng.normal(size=(n, d))
    return X / X.std(), cluster % k


@functools.cache
def load(case):
    """Training points and labels."""
    if case in ("breast cancer", "digits"):
        loader = load_breast_cancer if case == "breast cancer" else load_digits
        X, y = loader(return_X_y=True)
        X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
        return X, y
    k, n, d = (int(case.split()[place]) for place in (0, 2, 4))
    if k >= 100:
        return blobs(n, d, k, 0.5, clusters=1)
    spread = 0.7 if k > 2 else 1.2 if d == 20 else 6.0
    return blobs(n, d, k, spread)


def violation(svc, X, y, C, gamma):
    """Largest m(alpha) - M(alpha) over the machines, from public attributes, in float64.

    Over a sample of them where they are many.
    """
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    classes = svc.classes_
    coef = np.asarray(svc.dual_coef_) * (-1 if len(classes) == 2 else 1)
    worst = 0.0
    machines = list(combinations(range(len(classes)), 2))
    if len(machines) > MOST_MACHINES:
        chosen = np.random.default_rng(0).choice(len(machines), MOST_MACHINES, replace=False)
        machines = [machines[number] for number in chosen]
    for a, b in machines:
        rows = np.flatnonzero((y == classes[a]) | (y == classes[b]))
        sign = np.where(y[rows] == classes[a], 1.0, -1.0)
        beta = np.zeros(len(y))
        for own, row in ((a, b - 1), (b, a)):
            part = slice(start[own], start[own + 1])
            beta[svc.support_[part]] = coef[row, part]
        used = np.flatnonzero(beta)
        squared = (X[rows] ** 2).sum(1)[:, None] + (X[used] ** 2).sum(1) - 2 * X[rows] @ X[used].T
        descent = sign - np.exp(-gamma * np.maximum(squared, 0)) @ beta[used]
        alpha = sign * beta[rows]
        inside = 1e-6 * C
        up = np.where(sign > 0, alpha < C - inside, alpha > inside)
        low = np.where(sign > 0, alpha > inside, alpha < C - inside)
        worst = max(worst, descent[up].max() - descent[low].min())
    return worst


CASES = [
    ("breast cancer", "mlqa_fast"),
    ("breast cancer", "scikit-learn"),
    ("breast cancer", "reference"),  # takes minutes on the others
    ("digits", "mlqa_fast"),
    ("digits", "scikit-learn"),
    *(
        pytest.param(case, implementation, marks=pytest.mark.full)
        for case in PARAMETERS
        if "classes" in case
        for implementation in ("mlqa_fast", "scikit-learn")
    ),
]


@pytest.mark.parametrize(("case", "implementation"), CASES)
def bench_fit(case, implementation, measure, peer):
    X, y = load(case)
    parameters = PARAMETERS[case]
    make = {
        "mlqa_fast": lambda: SVC(**parameters),
        "scikit-learn": lambda: peer("sklearn.svm").SVC(**parameters),
        "reference": lambda: reference.svm.SVC(**parameters),
    }[implementation]
    # LIBSVM's own float32 rows leave it a little above its tolerance of 1e-3.
    measure(
        lambda: make().fit(X, y),
        implementation=implementation,
        case=case,
        shape=X.shape,
        certificate=lambda svc: ("KKT violation", violation(svc, X, y, **parameters), 1.1e-3),
    )
