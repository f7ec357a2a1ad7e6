"""Prediction of ten and more classes: by vote and along the graph, beside LIBSVM's vote."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, make_blobs

from mlqa_fast import reference
from mlqa_fast.svm import SVC

CASES = [
    "breast cancer",
    "digits",
    pytest.param("26 classes, 5000 x 16", marks=pytest.mark.full),
]


PARAMETERS = {"C": 10.0, "gamma": 0.01}


@functools.cache
def load(case):
    """Training points, labels and points to predict."""
    if case.startswith("26"):
        X, y = make_blobs(6000, 16, centers=26, cluster_std=5.0, random_state=0)
    else:
        loader = load_breast_cancer if case == "breast cancer" else load_digits
        X, y = loader(return_X_y=True)
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    train, test = np.split(np.random.default_rng(1).permutation(len(y)), [5 * len(y) // 6])
    return X[train], y[train], X[test]


@functools.cache
def fitted(case, module):
    X, y, _ = load(case)
    return module.SVC(**PARAMETERS).fit(X, y)


@pytest.mark.parametrize(
    ("rule", "implementation"),
    [
        ("ovo", "mlqa_fast"),
        ("ovo", "scikit-learn"),
        ("dag", "mlqa_fast"),
        ("dag", "scikit-learn"),
        ("dag", "reference"),
    ],
)
@pytest.mark.parametrize("case", CASES)
def bench_predict(case, rule, implementation, measure, peer):
    sklearn_svm = peer("sklearn.svm")
    X, y, points = load(case)
    svc = fitted(case, sklearn_svm)
    want = svc.predict(points)
    if implementation == "mlqa_fast":
        svc = SVC(multi_class=rule, **PARAMETERS).fit(X, y)
    predict = svc.predict
    if implementation == "reference":
        sign = -1 if len(svc.classes_) == 2 else 1

        def predict(points):
            label, _ = reference.svm.dag_predict(
                points,
                svc.support_vectors_,
                sign * svc.dual_coef_,
                sign * svc.intercept_,
                svc.n_support_,
                gamma=svc.gamma,
            )
            return svc.classes_[label]

    measure(
        lambda: predict(points),
        implementation=implementation,
        case=f"{case}, {rule}",
        shape=points.shape,
        certificate=lambda labels: ("share unlike LIBSVM's", float(np.mean(labels != want)), 0.01),
    )
