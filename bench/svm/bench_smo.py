"""Training: LIBSVM through scikit-learn, and the readable definition."""

import functools
import importlib.util
import pathlib

import pytest

from mlqa_fast import reference
from mlqa_fast.svm import SVC

_spec = importlib.util.spec_from_file_location("svm_data", pathlib.Path(__file__).with_name("data.py"))
data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(data)

load = functools.cache(data.load)
CASES = [
    "breast cancer",
    "digits",
    pytest.param("2 classes, 5000 x 20", marks=pytest.mark.full),
    pytest.param("26 classes, 5000 x 16", marks=pytest.mark.full),
]


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "reference"])
@pytest.mark.parametrize("case", CASES)
def bench_fit(case, implementation, measure, peer):
    if implementation == "reference" and case != "breast cancer":
        pytest.skip("the definition takes minutes")
    X, y, _ = load(case)
    parameters = data.PARAMETERS[case]
    make = {
        "mlqa_fast": lambda: SVC(**parameters),
        "scikit-learn": lambda: peer("sklearn.svm").SVC(**parameters),
        "reference": lambda: reference.svm.SVC(**parameters),
    }[implementation]
    # LIBSVM's own float32 rows leave it a little above its tolerance of 1e-3.
    measure(
        lambda: make().fit(X, y),
        implementation=implementation,
        case=case,
        shape=X.shape,
        certificate=lambda svc: ("KKT violation", data.violation(svc, X, y, **parameters), 1.1e-3),
    )
