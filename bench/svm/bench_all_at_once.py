"""All classes at once, and the readable definition; bench_smo has them two at a time."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine

from mlqa_fast import reference
from mlqa_fast.svm import all_at_once

PARAMETERS = {
    "wine": {"C": 1.0, "gamma": 0.05},
    "digits": {"C": 10.0, "gamma": 0.005},
    "26 classes, 5000 x 16": {"C": 10.0, "gamma": 0.1},
    "26 classes, 15000 x 16": {"C": 10.0, "gamma": 0.1},
}
LOSSES = ("crammer_singer", "weston_watkins")


@functools.cache
def load(case):
    """Training points and labels."""
    if case in ("wine", "digits"):
        X, y = (load_wine if case == "wine" else load_digits)(return_X_y=True)
        return (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1), y
    n = int(case.split()[2])
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(104, 16))
    cluster = rng.integers(0, 104, n)
    X = centres[cluster] + 0.7 * rng.normal(size=(n, 16))
    return X / X.std(), cluster % 26


def violation(beta, X, y, loss, C, gamma):
    """Largest violation of the optimality conditions, from the coefficients, in float64."""
    own = y == np.arange(len(beta))[:, None]
    used, worst = np.flatnonzero(np.abs(beta).sum(0)), 0.0
    for first in range(0, len(y), 1000):
        part = slice(first, first + 1000)
        squared = (X[part] ** 2).sum(1)[:, None] + (X[used] ** 2).sum(1) - 2 * X[part] @ X[used].T
        f = beta[:, used] @ np.exp(-gamma * np.maximum(squared, 0)).T
        G, b, mine = f + ~own[:, part], beta[:, part], own[:, part]
        if loss == "crammer_singer":
            v = G.max(0) - np.where(b < C * mine, G, np.inf).min(0)
        else:
            s = G - G[y[part], np.arange(G.shape[1])]
            v = np.maximum(np.where(mine | (b <= -C), 0, s), np.where(mine | (b >= 0), 0, -s)).max(
                0
            )
        worst = max(worst, float(v.max()))
    return worst


CASES = [
    *(("wine", loss, "reference") for loss in LOSSES),  # takes minutes on the others
    *(
        pytest.param(case, loss, "mlqa_fast", marks=pytest.mark.full if "classes" in case else ())
        for case in PARAMETERS
        for loss in LOSSES
    ),
]


@pytest.mark.parametrize(("case", "loss", "implementation"), CASES)
def bench_fit(case, loss, implementation, measure):
    X, y = load(case)
    parameters = PARAMETERS[case]
    train = {"mlqa_fast": all_at_once, "reference": reference.svm.all_at_once}[implementation]
    measure(
        lambda: train(X, y, loss=loss, **parameters),
        implementation=implementation,
        case=f"{case}, {loss}",
        shape=X.shape,
        certificate=lambda result: (
            "KKT violation",
            violation(result.dual_coef, X, y, loss, **parameters),
            1.001e-3,
        ),
    )
