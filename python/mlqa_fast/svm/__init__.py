"""Support vector machines, as in ``sklearn.svm``."""

from __future__ import annotations

from typing import NoReturn

from mlqa_fast.svm._dag import dag_predict
from mlqa_fast.svm._predict import CompiledPredictor, compile_predictor
from mlqa_fast.svm._prediction import PredictionReport
from mlqa_fast.svm._smo import SMOResult, svm_smo
from mlqa_fast.svm._svc import SVC

__all__ = [
    "SVC",
    "CompiledPredictor",
    "PredictionReport",
    "SMOResult",
    "compile_predictor",
    "dag_predict",
    "svm_smo",
]

_ELSEWHERE = ("LinearSVC", "LinearSVR", "NuSVC", "NuSVR", "OneClassSVM", "SVR", "l1_min_c")


def __getattr__(name: str) -> NoReturn:
    if name in _ELSEWHERE:
        raise AttributeError(
            f"module 'mlqa_fast.svm' has no {name!r} yet; scikit-learn's is sklearn.svm.{name}"
        )
    raise AttributeError(f"module 'mlqa_fast.svm' has no attribute {name!r}")
