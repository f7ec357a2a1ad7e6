"""Prediction of two to a thousand classes: by vote and along the graph, beside LIBSVM's vote."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, make_blobs

from mlqa_fast import reference
from mlqa_fast.svm import SVC, dag_order, pair_margins
from mlqa_fast.svm._predict import native_of

CASES = [
    "breast cancer",
    "digits",
    pytest.param("26 classes, 5000 x 16", marks=pytest.mark.full),
    pytest.param("100 classes, 10000 x 32", marks=pytest.mark.full),
    pytest.param("1000 classes, 20000 x 64", marks=pytest.mark.full),
]
PARAMETERS = {
    "100 classes, 10000 x 32": {"C": 10.0, "gamma": 0.05},
    "1000 classes, 20000 x 64": {"C": 10.0, "gamma": 0.02},
}


def parameters(case):
    return PARAMETERS.get(case, {"C": 10.0, "gamma": 0.01})


def many_classes(case):
    """A cloud a class; few points to predict, for LIBSVM takes 45 ms for each of a thousand."""
    k, n, d = (int(word) for word in case.replace(" classes,", "").replace(" x", "").split())
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(k, d))
    y = rng.integers(0, k, n + 200)
    X = centres[y] + 0.5 * rng.normal(size=(len(y), d))
    X /= X.std()
    return X[:n], y[:n], X[n:]


@functools.cache
def load(case):
    """Training points, labels and points to predict."""
    if case.startswith(("100 ", "1000 ")):
        return many_classes(case)
    if case.startswith("26"):
        X, y = make_blobs(6000, 16, centers=26, cluster_std=5.0, random_state=0)
    else:
        loader = load_breast_cancer if case == "breast cancer" else load_digits
        X, y = loader(return_X_y=True)
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    train, test = np.split(np.random.default_rng(1).permutation(len(y)), [5 * len(y) // 6])
    return X[train], y[train], X[test]


@functools.cache
def fitted(case, implementation, rule="ovo"):
    X, y, _ = load(case)
    if implementation == "mlqa_fast":
        return SVC(multi_class=rule, **parameters(case)).fit(X, y)
    from sklearn.svm import SVC as LIBSVM

    return LIBSVM(**parameters(case)).fit(X, y)


def defined(svc):
    """The definition, over LIBSVM's machines."""
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

    return predict


@pytest.mark.timeout(1800)
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
    peer("sklearn.svm")
    points = load(case)[2]
    svc = fitted(case, "scikit-learn")
    want = svc.predict(points)
    if implementation == "mlqa_fast":
        svc = fitted(case, "mlqa_fast", rule)
    elif implementation == "reference" and len(svc.classes_) > 26:
        pytest.skip("the definition goes down the graph by recursion")
    predict = defined(svc) if implementation == "reference" else svc.predict
    measure(
        lambda: predict(points),
        implementation=implementation,
        case=f"{case}, {rule}",
        shape=points.shape,
        certificate=lambda labels: ("share unlike LIBSVM's", float(np.mean(labels != want)), 0.01),
    )


@pytest.mark.parametrize("implementation", ["mlqa_fast", "reference"])
@pytest.mark.parametrize("explore", [0.0, 0.1])
@pytest.mark.parametrize("case", CASES[1:3])
def bench_explore(case, explore, implementation, measure):
    """From the list by margins; the certificate is what exploring changes against the vote."""
    svc, points = fitted(case, "mlqa_fast", "dag"), load(case)[2]
    native = native_of(svc)
    fit = (svc.support_vectors_, svc.dual_coef_)
    order = dag_order(pair_margins(*fit, svc.n_support_, gamma=svc.gamma))
    vote = native.classes(points, 0, False)

    def walk():
        if implementation == "mlqa_fast":
            return native.walk(points, 0, order, explore)
        return reference.svm.dag_predict(
            points,
            *fit,
            svc.intercept_,
            svc.n_support_,
            gamma=svc.gamma,
            order=order,
            explore=explore,
        )

    measure(
        walk,
        implementation=implementation,
        case=f"{case}, explore {explore}",
        shape=points.shape,
        certificate=lambda walked: (
            "share unlike the vote",
            float(np.mean(walked[0] != vote)),
            0.01,
        ),
    )
