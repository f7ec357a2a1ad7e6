"""Functions of ``torch.nn.functional`` on NumPy arrays, with their gradients."""

from mlqa_fast.nn._batch_norm import (
    BatchNormContext,
    batch_norm,
    batch_norm_backward,
    batch_norm_forward,
)

__all__ = ["BatchNormContext", "batch_norm", "batch_norm_backward", "batch_norm_forward"]
