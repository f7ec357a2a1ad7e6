"""SMOTE, LASSO, SVM and BatchNorm kernels for CPUs, behind the imports you already use.

The areas (``linear_model``, ``nn``, ``over_sampling``, ``pairwise``, ``reference``, ``svm``) load
when touched.
"""

from __future__ import annotations

import importlib
import warnings as _warnings
from types import ModuleType
from typing import TYPE_CHECKING

from mlqa_fast import _mlqa_fast_core as _core
from mlqa_fast._control import (
    CancelledError,
    cancel,
    get_isa,
    isa_levels,
    show_versions,
    trim_memory,
)
from mlqa_fast._threadpool import register as _register

if TYPE_CHECKING:
    from mlqa_fast import linear_model, nn, over_sampling, pairwise, reference, svm

__version__: str = _core.__version__

_AREAS = ("linear_model", "nn", "over_sampling", "pairwise", "reference", "svm")

__all__ = [
    "CancelledError",
    "__version__",
    "cancel",
    "get_isa",
    "isa_levels",
    "linear_model",
    "nn",
    "over_sampling",
    "pairwise",
    "reference",
    "show_versions",
    "svm",
    "trim_memory",
]

_register()
if (_message := _core.core.isa_warning()) is not None:
    _warnings.warn(_message, RuntimeWarning, stacklevel=2)


def __getattr__(name: str) -> ModuleType:
    if name in _AREAS:
        return importlib.import_module(f"mlqa_fast.{name}")
    raise AttributeError(f"module 'mlqa_fast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
