"""Readable definitions for ``mlqa_fast.nn.functional``."""

from mlqa_fast.reference.nn._batch_norm import (
    BatchNormContext,
    batch_norm,
    batch_norm_backward,
    batch_norm_forward,
)

__all__ = ["BatchNormContext", "batch_norm", "batch_norm_backward", "batch_norm_forward"]
