"""Support vector machines, as in ``sklearn.svm``."""

from mlqa_fast.svm._all_at_once import AllAtOnceResult, all_at_once
from mlqa_fast.svm._bounds import l1_min_c
from mlqa_fast.svm._code_book import decode
from mlqa_fast.svm._cost_report import CostReport, MarginBound
from mlqa_fast.svm._dag import dag_predict
from mlqa_fast.svm._dag_display import DAGDisplay
from mlqa_fast.svm._dag_order import (
    centroid_distances,
    dag_order,
    pair_accuracies,
    pair_margins,
)
from mlqa_fast.svm._linear_svc import LinearSVC
from mlqa_fast.svm._linear_svm import LinearSVMResult, linear_svm
from mlqa_fast.svm._linear_svr import LinearSVR
from mlqa_fast.svm._nu_svc import NuSVC
from mlqa_fast.svm._one_class import OneClassSVM
from mlqa_fast.svm._predict import CompiledPredictor, compile_predictor
from mlqa_fast.svm._prediction import PredictionReport
from mlqa_fast.svm._smo import SMOResult, svm_smo
from mlqa_fast.svm._svc import SVC
from mlqa_fast.svm._svr import SVR, NuSVR

__all__ = [
    "SVC",
    "SVR",
    "AllAtOnceResult",
    "CompiledPredictor",
    "CostReport",
    "DAGDisplay",
    "LinearSVC",
    "LinearSVMResult",
    "LinearSVR",
    "MarginBound",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
    "PredictionReport",
    "SMOResult",
    "all_at_once",
    "centroid_distances",
    "compile_predictor",
    "dag_order",
    "dag_predict",
    "decode",
    "l1_min_c",
    "linear_svm",
    "pair_accuracies",
    "pair_margins",
    "svm_smo",
]
