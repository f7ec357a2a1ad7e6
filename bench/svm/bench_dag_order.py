"""Scores of pairs of classes and the order that they give, beside their definitions."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits

import mlqa_fast.svm
from mlqa_fast import reference
from mlqa_fast.svm import SVC

MODULES = {"mlqa_fast": mlqa_fast.svm, "reference": reference.svm}


@functools.cache
def load():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    return X, y, SVC(C=10.0, gamma=0.1).fit(X, y)


@pytest.mark.parametrize("implementation", MODULES)
@pytest.mark.parametrize("score", ["margins", "distances"])
def bench_order(score, implementation, measure):
    X, y, svc = load()
    parts = svc.support_vectors_, svc.dual_coef_, svc.n_support_

    def scores(module):
        if score == "margins":
            return module.pair_margins(*parts, gamma=0.1)
        return module.centroid_distances(X, y, gamma=0.1)

    module, want = MODULES[implementation], reference.svm.dag_order(scores(reference.svm))
    measure(
        lambda: module.dag_order(scores(module)),
        implementation=implementation,
        case=f"digits, by {score}",
        shape=X.shape,
        certificate=lambda order: ("places unlike", float(np.mean(order != want)), 0.0),
    )
