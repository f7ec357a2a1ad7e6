"""Data of the benchmarks of support vector machines, and the certificate that all have to keep."""

from itertools import combinations

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

PARAMETERS = {
    "breast cancer": {"C": 10.0, "gamma": 0.01},
    "digits": {"C": 10.0, "gamma": 0.005},
    "2 classes, 5000 x 20": {"C": 100.0, "gamma": 0.1},
    "26 classes, 5000 x 16": {"C": 10.0, "gamma": 0.1},
}


def blobs(n, d, k, spread, seed=0):
    """k classes of four clusters each, overlapping."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4 * k, d))
    cluster = rng.integers(0, 4 * k, n)
    X = centres[cluster] + spread * rng.normal(size=(n, d))
    return X / X.std(), cluster % k


def load(case):
    """Training points, labels and points to predict."""
    if case in ("breast cancer", "digits"):
        loader = load_breast_cancer if case == "breast cancer" else load_digits
        X, y = loader(return_X_y=True)
        X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    elif case.startswith("2 classes"):
        X, y = blobs(6000, 20, 2, 1.2)
    else:
        X, y = blobs(6000, 16, 26, 0.7)
    order = np.random.default_rng(1).permutation(len(y))
    train, test = np.split(order, [5 * len(y) // 6])
    return X[train], y[train], X[test]


def violation(svc, X, y, C, gamma):
    """Largest m(alpha) - M(alpha) over the machines, from public attributes, in float64."""
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    classes = svc.classes_
    coef = np.asarray(svc.dual_coef_) * (-1 if len(classes) == 2 else 1)
    worst = 0.0
    for a, b in combinations(range(len(classes)), 2):
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
