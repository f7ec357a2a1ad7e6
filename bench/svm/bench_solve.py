"""Regression and one class: LIBSVM through scikit-learn, and the readable definition."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import mlqa_fast.svm
from mlqa_fast import reference

PARAMETERS = {
    "SVR": {"C": 10.0, "epsilon": 0.1, "gamma": 0.05},
    "NuSVR": {"C": 10.0, "nu": 0.3, "gamma": 0.05},
    "OneClassSVM": {"nu": 0.1, "gamma": 0.05},
}
IMPLEMENTATIONS = ("mlqa_fast", "scikit-learn", "reference")


@functools.cache
def load(case):
    """Points and values."""
    if case == "diabetes":
        X, y = load_diabetes(return_X_y=True)
        return (X - X.mean(0)) / X.std(0), (y - y.mean()) / y.std()
    n, d = map(int, case.split(" x "))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2] / 2 + 0.3 * rng.normal(size=n)


def violation(machine, X, z):
    """Largest violation of the optimality conditions, from public attributes, in float64.

    NuSVR keeps two sums, which together are those of an SVR with the width it found: the violation
    is the smallest over that width.
    """
    coef, gamma = machine.dual_coef_[0], machine.gamma
    points = X[machine.support_]
    squared = (X**2).sum(1)[:, None] + (points**2).sum(1) - 2 * X @ points.T
    f = np.exp(-gamma * np.maximum(squared, 0)) @ coef
    beta = np.zeros(len(X))
    beta[machine.support_] = coef
    C = getattr(machine, "C", 0.0) or 1.0
    one_class = "OneClass" in type(machine).__name__
    lower, gradient = (0.0, f) if one_class else (-C, f - z)
    grows, falls = beta < C - 1e-6 * C, beta > lower + 1e-6 * C
    positive, negative = beta > 1e-6 * C, beta < -1e-6 * C
    if "NuSVR" not in type(machine).__name__:
        width = 0.0 if one_class else machine.epsilon
        up = np.where(negative, gradient - width, gradient + width)
        down = np.where(positive, gradient + width, gradient - width)
        return max(0.0, down[falls].max() - up[grows].min())
    # Slopes of alpha (beta > 0) and of alpha* (beta < 0), each with a multiplier of its own.
    above = gradient[positive].max() - gradient[grows & ~negative].min()
    below = gradient[falls & ~positive].max() - gradient[negative].min()
    return max(0.0, above, below)


# LIBSVM takes minutes for NuSVR on 10,000 points.
CASES = [
    *((name, "diabetes", who) for name in PARAMETERS for who in IMPLEMENTATIONS),
    *((name, "2000 x 20", who) for name in PARAMETERS for who in IMPLEMENTATIONS[:2]),
    *(
        pytest.param(name, "10000 x 20", who, marks=pytest.mark.full)
        for name in ("SVR", "OneClassSVM")
        for who in IMPLEMENTATIONS[:2]
    ),
]


@pytest.mark.parametrize(("name", "case", "implementation"), CASES)
def bench_fit(name, case, implementation, measure, peer):
    X, z = load(case)
    area = {
        "mlqa_fast": lambda: mlqa_fast.svm,
        "scikit-learn": lambda: peer("sklearn.svm"),
        "reference": lambda: reference.svm,
    }[implementation]()
    # LIBSVM's own float32 rows leave it a little above its tolerance of 1e-3.
    measure(
        lambda: getattr(area, name)(**PARAMETERS[name]).fit(X, z),
        implementation=implementation,
        case=f"{name}, {case}",
        shape=X.shape,
        certificate=lambda machine: ("KKT violation", violation(machine, X, z), 1.1e-3),
    )
