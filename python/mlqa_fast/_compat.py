"""What differs between versions of scikit-learn, and its private names that its ecosystem uses."""

from numbers import Integral
from typing import Any

import sklearn
from sklearn.base import _fit_context
from sklearn.linear_model import enet_path
from sklearn.utils._metadata_requests import _raise_for_params as raise_for_params
from sklearn.utils._metadata_requests import _routing_enabled as routing_enabled
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

__all__ = [
    "HasMethods",
    "Hidden",
    "Interval",
    "StrOptions",
    "_fit_context",
    "check_sample_weight",
    "multi_task_enet_path",
    "num_samples",
    "raise_for_params",
    "routing_enabled",
    "validate_params",
]


def multi_task_enet_path(X: Any, y: Any, *, alphas: Any, **arguments: Any) -> tuple[Any, ...]:
    """scikit-learn's path, which before 1.9 had an argument of its own for the number of alphas."""
    name = "alphas"
    if isinstance(alphas, Integral) and parse_version(sklearn.__version__) < parse_version("1.9"):
        name = "n_alphas"
    path: tuple[Any, ...] = enet_path(X, y, **{name: alphas}, **arguments)
    return path
