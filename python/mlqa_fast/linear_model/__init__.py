"""Sparse linear models, as in ``sklearn.linear_model``."""

from __future__ import annotations

from typing import NoReturn

from mlqa_fast.linear_model._adaptive_lasso import AdaptiveLasso
from mlqa_fast.linear_model._alpha_max import lasso_alpha_max
from mlqa_fast.linear_model._elastic_net import ElasticNet
from mlqa_fast.linear_model._elastic_net_cv import ElasticNetCV
from mlqa_fast.linear_model._enet_path import enet_path
from mlqa_fast.linear_model._lasso import Lasso
from mlqa_fast.linear_model._lasso_cd import lasso_cd
from mlqa_fast.linear_model._lasso_cv import LassoCV
from mlqa_fast.linear_model._lasso_path import lasso_path
from mlqa_fast.linear_model._lasso_path_display import LassoPathDisplay
from mlqa_fast.linear_model._multi_task import MultiTaskElasticNet, MultiTaskLasso
from mlqa_fast.linear_model._multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
from mlqa_fast.linear_model._ridge import Ridge
from mlqa_fast.linear_model._solution import LassoSolution

__all__ = [
    "AdaptiveLasso",
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LassoPathDisplay",
    "LassoSolution",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "Ridge",
    "enet_path",
    "lasso_alpha_max",
    "lasso_cd",
    "lasso_path",
]


def __getattr__(name: str) -> NoReturn:
    import sklearn.linear_model

    message = f"module 'mlqa_fast.linear_model' has no attribute {name!r}"
    if not name.startswith("_") and hasattr(sklearn.linear_model, name):
        message += f"; sklearn.linear_model.{name} is scikit-learn's"
    raise AttributeError(message)
