"""Prediction with a fitted model: many points, and one row at a time, beside LIBSVM and oneDAL."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

from mlqa_fast import reference
from mlqa_fast.svm import SVC, compile_predictor

CASES = [
    "digits",
    pytest.param("2 classes, 5000 x 100", marks=pytest.mark.full),
    pytest.param("26 classes, 5000 x 16", marks=pytest.mark.full),
]
PARAMETERS = {"C": 10.0, "gamma": 0.01}


@functools.cache
def load(case):
    """Training points, labels and points to predict."""
    if case == "digits":
        X, y = load_digits(return_X_y=True)
    else:
        classes, d = (2, 100) if case.startswith("2 ") else (26, 16)
        X, y = make_blobs(10_000, d, centers=2 * classes, cluster_std=6.0, random_state=0)
        y %= classes
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    points = 5000 if len(X) == 10_000 else 360
    return X[points:], y[points:], X[:points]


@functools.cache
def fitted(case, implementation):
    X, y, _ = load(case)
    if implementation == "oneDAL":
        from sklearnex.svm import SVC as OneDAL

        return OneDAL(**PARAMETERS).fit(X, y)
    if implementation == "scikit-learn":
        from sklearn.svm import SVC as LIBSVM

        return LIBSVM(**PARAMETERS).fit(X, y)
    svc = SVC(**PARAMETERS).fit(X, y)
    if implementation == "compiled":
        return compile_predictor(svc)
    return reference.svm.compile_predictor(svc) if implementation == "reference" else svc


PEERS = {"scikit-learn": "sklearn.svm", "oneDAL": "sklearnex.svm"}


def predicts(case, implementation, points, what, measure, peer):
    if implementation in PEERS:
        peer(PEERS[implementation])
    want = fitted(case, "mlqa_fast").predict(points)
    estimator = fitted(case, implementation)
    measure(
        lambda: estimator.predict(points),
        implementation=implementation,
        case=f"{case}, {what}",
        shape=points.shape,
        certificate=lambda labels: ("share unlike ours", float(np.mean(labels != want)), 0.01),
    )


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "oneDAL", "reference"])
@pytest.mark.parametrize("case", CASES)
def bench_many(case, implementation, measure, peer):
    predicts(case, implementation, load(case)[2], "all points", measure, peer)


@pytest.mark.parametrize("implementation", ["mlqa_fast", "compiled", "scikit-learn", "oneDAL"])
@pytest.mark.parametrize("case", CASES)
def bench_one_row(case, implementation, measure, peer):
    predicts(case, implementation, load(case)[2][:1], "one row", measure, peer)
