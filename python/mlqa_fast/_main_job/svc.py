"""Support vector machines: two classes, and ten by one-vs-one and by DAG."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from mlqa_fast import reference
from mlqa_fast._main_job.certificates import dag, svc_kkt_violation, vote
from mlqa_fast._main_job.job import OURS, Certificate, Job, peer
from mlqa_fast.svm import SVC

NAMES = {"ovo": "one-vs-one", "dag": "DAG"}
PREDICT = {"ovo": vote, "dag": dag}


def _scale_gamma(X: Any) -> float:
    return 1.0 / float(X.shape[1] * X.var())


def _violation(X: Any, y: Any) -> Certificate:
    gamma = _scale_gamma(X)
    return Certificate(
        "KKT violation", lambda _, machine: svc_kkt_violation(machine, X, y, gamma, C=1.0)
    )


def _equal_share(ours: Any, theirs: Any) -> str:
    return f"{100 * np.mean(ours == theirs):.4g} % of predictions equal"


def _fit(name: str, data: str, train: Any, test: Any, readable: Callable[[], Any]) -> Job:
    X, y = train
    sklearn = peer("sklearn.svm")
    return Job(
        name=name,
        data=f"{data}, {X.shape[0]} x {X.shape[1]}",
        ours=lambda: SVC().fit(X, y),
        peers={} if sklearn is None else {"scikit-learn": lambda: sklearn.SVC().fit(X, y)},
        certificate=_violation(X, y),
        agreement=lambda ours, theirs: _equal_share(ours.predict(test), theirs.predict(test)),
        reference=readable,
    )


def binary() -> Job:
    """Benign or malignant."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    name = "SVC, two classes: fit"
    return _fit(name, "breast cancer", (X, y), X, lambda: reference.svm.svm_smo(X, y))


def _predict(rule: str, X: Any, gamma: float, ours: Any, theirs: Any | None) -> Job:
    machine = copy.copy(ours).set_params(multi_class=rule)
    report = machine.prediction_report(X)

    def off_the_rule(implementation: str, labels: Any) -> float:
        if implementation == OURS:
            return float(np.sum(labels != PREDICT[rule](machine, X, gamma)))
        return float(np.sum(labels != PREDICT["ovo"](theirs, X, gamma)))

    def readable() -> Any:
        machines = (ours.support_vectors_, ours.dual_coef_, ours.intercept_, ours.n_support_)
        return reference.svm.dag_predict(X, *machines, gamma=gamma)

    return Job(
        name=f"SVC, ten classes: predict, {NAMES[rule]}",
        data=f"digits, {X.shape[0]} x {X.shape[1]}",
        ours=lambda: machine.predict(X),
        peers={} if theirs is None else {"scikit-learn": lambda: theirs.predict(X)},
        certificate=Certificate("labels off the rule", off_the_rule),
        agreement=_equal_share,
        reference=readable if rule == "dag" else None,
        remark=f"{report.machines_per_sample:g} of {report.machines} machines a row",
    )


def ten_classes() -> list[Job]:
    """Ten digits: the fit, and predictions by the vote of 45 machines and by nine of them."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X / 16.0, y, test_size=1 / 3, random_state=0)
    gamma = _scale_gamma(X_train)

    def readable() -> None:
        for pair in combinations(range(10), 2):
            rows = np.isin(y_train, pair)
            reference.svm.svm_smo(X_train[rows], y_train[rows], gamma=gamma)

    sklearn = peer("sklearn.svm")
    ours = SVC().fit(X_train, y_train)
    theirs = None if sklearn is None else sklearn.SVC().fit(X_train, y_train)
    return [
        _fit("SVC, ten classes: fit", "digits", (X_train, y_train), X_test, readable),
        _predict("ovo", X_test, gamma, ours, theirs),
        _predict("dag", X_test, gamma, ours, theirs),
    ]


def jobs() -> list[Job]:
    """All of them."""
    return [binary(), *ten_classes()]
