"""
Native kernels of mlqa_fast; use the public functions of the package instead.
"""
from __future__ import annotations
from . import core
from . import pairwise
from . import nn
from . import svm
from . import linear_model
from . import over_sampling
__all__: list[str] = ['core', 'linear_model', 'nn', 'over_sampling', 'pairwise', 'svm']
__version__: str
