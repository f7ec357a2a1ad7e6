"""Arrays that are not validated: what is recognised changes no answer, and no error is lost."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.svm
from sklearn import config_context

import mlqa_fast.svm._training
from mlqa_fast.svm import SVC, SVR, OneClassSVM

TARGETS = [np.int64, np.uint8, np.int16, np.bool_, np.float64, np.float32]


def data(rng, n=60):
    y = np.arange(n) % 2
    return rng.normal(size=(n, 3)) + y[:, None], y


def validated(monkeypatch):
    """The estimators whose points are validated in full from now on."""
    seen = []
    real = mlqa_fast.svm._training.validate_data

    def look(estimator, *arguments, **parameters):
        seen.append(estimator)
        return real(estimator, *arguments, **parameters)

    monkeypatch.setattr(mlqa_fast.svm._training, "validate_data", look)
    return seen


@pytest.mark.parametrize("dtype", TARGETS)
def test_a_plain_target_gives_the_machine_of_a_list(dtype, rng, monkeypatch):
    X, y = data(rng)
    seen = validated(monkeypatch)
    plain = SVC().fit(X, y.astype(dtype))
    assert not seen
    given = SVC().fit(X.tolist(), y.tolist())
    assert seen == [given]
    assert plain.classes_.dtype == dtype
    assert plain.classes_.tolist() == [0, 1]
    assert plain.predict(X).dtype == dtype
    assert plain.n_features_in_ == given.n_features_in_ == 3
    np.testing.assert_array_equal(plain.support_, given.support_)
    np.testing.assert_array_equal(plain.dual_coef_, given.dual_coef_)
    np.testing.assert_array_equal(plain.predict(X), given.predict(X))


@pytest.mark.parametrize("machine", [SVC(), SVR(), OneClassSVM()], ids=repr)
def test_whatever_is_not_plain_is_validated(machine, rng, monkeypatch):
    X, y = data(rng)
    seen = validated(monkeypatch)
    machine.fit(X, y)
    assert not seen
    support = machine.support_
    unusual = [
        (X.tolist(), y),
        (X.astype(np.float32).astype(np.float16), y),
        (X.astype(">f8"), y),
        (X.view(type("Mine", (np.ndarray,), {})), y),
        (pd.DataFrame(X, columns=["a", "b", "c"]), y),
    ]
    if not isinstance(machine, OneClassSVM):
        unusual += [(X, pd.Series(y)), (X, np.repeat(y, 2)[::2]), (X, y.astype(">i4"))]
    for case, given in enumerate(unusual, start=1):
        machine.fit(*given)
        assert len(seen) == case
        if case != 2:  # whose numbers are others
            np.testing.assert_array_equal(machine.support_, support)


def test_names_of_features_are_forgotten(rng):
    X, y = data(rng)
    svc = SVC().fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
    assert svc.fit(X[:, :2], y).n_features_in_ == 2
    assert not hasattr(svc, "feature_names_in_")


def with_value(x, value):
    x = np.array(x, dtype=np.float64)
    x[(7, *[1] * (x.ndim - 1))] = value
    return x


REFUSED = {
    "NaN": lambda X, y: (with_value(X, np.nan), y),
    "infinity": lambda X, y: (with_value(X, -np.inf), y),
    "no rows": lambda X, y: (X[:0], y[:0]),
    "no columns": lambda X, y: (X[:, :0], y),
    "one dimension": lambda X, y: (X[:, 0], y),
    "complex": lambda X, y: (X + 1j, y),
    "fewer labels": lambda X, y: (X, y[1:]),
    "no labels": lambda X, y: (X, None),
    "one class": lambda X, y: (X, 0 * y),
    "labels with NaN": lambda X, y: (X, with_value(y, np.nan)),
    "infinite labels": lambda X, y: (X, with_value(y, np.inf)),
    "two columns of labels": lambda X, y: (X, np.column_stack([y, y])),
    "fractions": lambda X, y: (X, y + 0.5),
    "a huge fraction": lambda X, y: (X, with_value(y, 2.0**40 + 0.5)),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_is_refused_as_by_scikit_learn(change, rng):
    X, y = change(*data(rng))
    with pytest.raises(ValueError) as theirs:
        sklearn.svm.SVC().fit(X, y)
    with pytest.raises(ValueError) as ours:
        SVC().fit(X, y)
    assert str(ours.value).split(".")[0] == str(theirs.value).split(".")[0]


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize(("n", "classes"), [(21, 10), (21, 11), (22, 11), (22, 12), (20, 15)])
def test_many_classes_are_warned_of_as_by_scikit_learn(n, classes, dtype, rng):
    X, y = rng.normal(size=(n, 2)), (np.arange(n) % classes).astype(dtype)

    def messages(machine):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            machine.fit(X, y)
        return [str(w.message) for w in caught]

    assert messages(SVC()) == messages(sklearn.svm.SVC())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_assume_finite_is_obeyed(value, rng):
    X, y = data(rng)
    svc = SVC().fit(X, y)
    queries = with_value(X, value)
    with config_context(assume_finite=True):
        label = svc.predict(queries)
    rest = np.arange(len(X)) != 7
    np.testing.assert_array_equal(label[rest], svc.predict(X)[rest])
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        svc.predict(queries)


def test_numbers_whose_sum_overflows_are_finite(rng):
    X, y = data(rng)
    X[:, 2] = np.finfo(np.float64).max
    kernel = SVC(kernel="rbf", gamma=1.0).fit(X[:, :2], y)
    with pytest.raises(ValueError, match="dual coefficients or intercepts are not finite"):
        SVC(gamma=1.0).fit(X, y)
    far = np.full((3, 2), np.finfo(np.float64).max)
    assert set(kernel.predict(far)) <= {0, 1}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"C": 1.0}, {"C": "1.0"}),
        ({"degree": 3}, {"degree": 3.0}),
        ({"max_iter": 1000}, {"max_iter": 1000.0}),
        ({"break_ties": False}, {"break_ties": 0.0}),
        ({"random_state": 7}, {"random_state": -7}),
        ({"class_weight": {0: 1.0}}, {"class_weight": [1.0]}),
    ],
)
def test_parameters_that_passed_vouch_for_no_others(right, wrong, rng):
    X, y = data(rng)
    for _ in range(2):
        SVC(**right).fit(X, y)
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of SVC must be"):
            SVC(**wrong).fit(X, y)


def test_skip_parameter_validation_is_obeyed(rng):
    X, y = data(rng)
    with config_context(skip_parameter_validation=True):
        SVC(shrinking=3).fit(X, y)
    for _ in range(2):  # what was not validated was not remembered as valid
        with pytest.raises(ValueError, match="'shrinking' parameter"):
            SVC(shrinking=3).fit(X, y)
