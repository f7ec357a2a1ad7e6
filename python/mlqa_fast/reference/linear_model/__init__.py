"""Readable definitions for ``mlqa_fast.linear_model``."""

from mlqa_fast.reference.linear_model._alpha_max import lasso_alpha_max
from mlqa_fast.reference.linear_model._lasso import duality_gap, lasso_cd
from mlqa_fast.reference.linear_model._multi_task import multi_task_cd, multi_task_gap
from mlqa_fast.reference.linear_model._path import enet_path, lasso_path

__all__ = [
    "duality_gap",
    "enet_path",
    "lasso_alpha_max",
    "lasso_cd",
    "lasso_path",
    "multi_task_cd",
    "multi_task_gap",
]
