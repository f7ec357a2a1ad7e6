"""One against the rest: beside scikit-learn's machines over LIBSVM, and the definition."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, make_blobs

from mlqa_fast import reference
from mlqa_fast.svm import SVC

PARAMETERS = {"C": 10.0, "gamma": 0.02}


@functools.cache
def load(case):
    """Points and labels."""
    if case.startswith("26"):
        X, y = make_blobs(5000, 16, centers=26, cluster_std=5.0, random_state=0)
    else:
        X, y = (load_iris if case == "iris" else load_digits)(return_X_y=True)
    return (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1), y


@functools.cache
def exact(case):
    """Decision values of machines that are solved far beyond the tolerance."""
    X, y = load(case)
    return SVC(multi_class="ovr", tol=1e-7, **PARAMETERS).fit(X, y).decision_function(X)


@pytest.mark.parametrize(
    ("case", "implementation"),
    [
        *((c, who) for c in ("iris", "digits") for who in ("mlqa_fast", "scikit-learn")),
        ("iris", "reference"),
        *(
            pytest.param("26 classes, 5000 x 16", who, marks=pytest.mark.full)
            for who in ("mlqa_fast", "scikit-learn")
        ),
    ],
)
def bench_one_vs_rest(case, implementation, measure, peer):
    X, y = load(case)
    if implementation == "scikit-learn":
        svm, multiclass = peer("sklearn.svm"), peer("sklearn.multiclass")
        machines = multiclass.OneVsRestClassifier(svm.SVC(**PARAMETERS), n_jobs=2)
    elif implementation == "reference":
        k = len(np.unique(y))
        machines = reference.svm.CodeBookSVC(
            reference.svm.code_book(k, "one_vs_rest"), **PARAMETERS
        )
    else:
        machines = SVC(multi_class="ovr", **PARAMETERS)

    def distance(fitted):
        return float(np.abs(fitted.decision_function(X) - exact(case)).max())

    measure(
        lambda: machines.fit(X, y),
        implementation=implementation,
        case=f"{case}, one against the rest",
        shape=X.shape,
        certificate=lambda fitted: ("distance from the optimum", distance(fitted), 0.02),
    )
