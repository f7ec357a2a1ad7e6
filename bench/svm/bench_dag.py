"""Prediction of ten and more classes: by vote and along the graph, beside LIBSVM's vote."""

import functools
import importlib.util
import pathlib

import numpy as np
import pytest

from mlqa_fast import reference
from mlqa_fast.svm import SVC

_spec = importlib.util.spec_from_file_location("svm_data", pathlib.Path(__file__).with_name("data.py"))
data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(data)

CASES = [
    "breast cancer",
    "digits",
    pytest.param("26 classes, 5000 x 16", marks=pytest.mark.full),
]


@functools.cache
def fitted(case, module):
    X, y, points = data.load(case)
    return module.SVC(**data.PARAMETERS[case]).fit(X, y), points


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "reference"])
@pytest.mark.parametrize("rule", ["ovo", "dag"])
@pytest.mark.parametrize("case", CASES)
def bench_predict(case, rule, implementation, measure, peer):
    sklearn_svm = peer("sklearn.svm")
    svc, points = fitted(case, sklearn_svm)
    want = svc.predict(points)
    if implementation == "mlqa_fast":
        X, y, _ = data.load(case)
        svc = SVC(multi_class=rule, **data.PARAMETERS[case]).fit(X, y)
    predict = svc.predict
    if implementation == "reference":
        if rule == "ovo":
            pytest.skip("the definition is that of the graph")
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
