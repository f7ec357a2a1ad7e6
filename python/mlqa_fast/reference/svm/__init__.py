"""Readable definitions for ``mlqa_fast.svm``."""

from mlqa_fast.reference.svm._all_at_once import all_at_once
from mlqa_fast.reference.svm._code_book import CodeBookSVC, code_book, decode
from mlqa_fast.reference.svm._dag import dag_predict
from mlqa_fast.reference.svm._dag_order import (
    centroid_distances,
    dag_order,
    pair_accuracies,
    pair_margins,
)
from mlqa_fast.reference.svm._family import SVR, NuSVC, NuSVR, OneClassSVM
from mlqa_fast.reference.svm._linear import l1_min_c, linear_svm
from mlqa_fast.reference.svm._predict import compile_predictor
from mlqa_fast.reference.svm._smo import svm_smo
from mlqa_fast.reference.svm._svc import SVC

__all__ = [
    "SVC",
    "SVR",
    "CodeBookSVC",
    "NuSVC",
    "NuSVR",
    "OneClassSVM",
    "all_at_once",
    "centroid_distances",
    "code_book",
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
