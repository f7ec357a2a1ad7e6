"""Support vector machines, as in ``sklearn.svm``."""

from __future__ import annotations

from typing import NoReturn

from mlqa_fast.svm._bounds import l1_min_c
from mlqa_fast.svm._dag import dag_predict
from mlqa_fast.svm._predict import CompiledPredictor, compile_predictor
from mlqa_fast.svm._linear_svc import LinearSVC
from mlqa_fast.svm._linear_svm import LinearSVMResult, linear_svm
from mlqa_fast.svm._linear_svr import LinearSVR
from mlqa_fast.svm._prediction import PredictionReport
from mlqa_fast.svm._smo import SMOResult, svm_smo
from mlqa_fast.svm._svc import SVC

__all__ = [
    "SVC",
    "CompiledPredictor",
    "LinearSVC",
    "LinearSVMResult",
    "LinearSVR",
    "PredictionReport",
    "SMOResult",
    "compile_predictor",
    "dag_predict",
    "l1_min_c",
    "linear_svm",
    "svm_smo",
]

_ELSEWHERE = ("NuSVC", "NuSVR", "OneClassSVM", "SVR")


def __getattr__(name: str) -> NoReturn:
    if name in _ELSEWHERE:
        raise AttributeError(
            f"module 'mlqa_fast.svm' has no {name!r} yet; scikit-learn's is sklearn.svm.{name}"
        )
    raise AttributeError(f"module 'mlqa_fast.svm' has no attribute {name!r}")
