"""Every public estimator keeps the contract of scikit-learn, every sampler imbalanced-learn's."""

import importlib
import inspect

import imblearn.utils.estimator_checks
import pytest
import sklearn.utils.estimator_checks
from sklearn.base import BaseEstimator

import mlqa_fast
from mlqa_fast.svm import SVC

# Checks that an estimator fails as its peer does, by the estimator's name, with the reason.
WITHIN_TOL = {
    "check_sample_weight_equivalence_on_dense_data": "the solutions are equal within tol",
    "check_sample_weight_equivalence_on_sparse_data": "the solutions are equal within tol",
}
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "AdaptiveLasso": {
        "check_non_transformer_estimators_n_iter": "0 where the start, zeros, is the solution"
    },
    "Ridge": {"check_non_transformer_estimators_n_iter": "None where nothing iterates"},
    "LinearSVC": WITHIN_TOL,
    "LinearSVR": WITHIN_TOL,
    "SVC": WITHIN_TOL,
    "NuSVC": WITHIN_TOL
    | {"check_class_weight_classifiers": "class_weight is without effect, as in LIBSVM"},
    "SVR": WITHIN_TOL,
    "NuSVR": WITHIN_TOL,
    "OneClassSVM": WITHIN_TOL,
}

# Checks use data on which solvers stop early, and skip what is not for the estimator.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


def public_estimators():
    """Classes in the ``__all__`` of an area that are scikit-learn estimators."""
    for area in mlqa_fast._AREAS:
        module = importlib.import_module(f"mlqa_fast.{area}")
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value) and issubclass(value, BaseEstimator):
                yield value


def instance_of(estimator):
    """Estimators that draw have a seed: two fits are compared."""
    made = estimator()
    return made.set_params(random_state=0) if "random_state" in made.get_params() else made


# Ways to make several classes that train other machines.
WAYS = [
    SVC(multi_class=way, random_state=0)
    for way in ("dag", "ovr", "ecoc", "crammer_singer", "weston_watkins")
]
ESTIMATORS = [*(instance_of(estimator) for estimator in public_estimators()), *WAYS]
SAMPLERS = [estimator for estimator in ESTIMATORS if hasattr(estimator, "fit_resample")]


def cases(estimators, generator):
    """Every check of every estimator; what is known to fail has to fail."""
    for estimator in estimators:
        known = EXPECTED_FAILURES.get(type(estimator).__name__, {})
        for instance, check in generator(estimator, legacy=True):
            name = getattr(check.func, "__name__", str(check))
            marks = [pytest.mark.xfail(reason=known[name], strict=True)] if name in known else []
            yield pytest.param(
                instance, check, id=f"{type(estimator).__name__}-{name}", marks=marks
            )


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(cases(ESTIMATORS, sklearn.utils.estimator_checks.estimator_checks_generator)),
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(cases(SAMPLERS, imblearn.utils.estimator_checks.estimator_checks_generator)),
)
def test_imbalanced_learn(estimator, check):
    check(estimator)


def test_expected_failures_name_estimators():
    assert EXPECTED_FAILURES.keys() <= {type(estimator).__name__ for estimator in ESTIMATORS}
