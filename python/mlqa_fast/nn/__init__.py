"""Training primitives on NumPy arrays, after ``torch.nn``."""

from mlqa_fast.nn import functional

__all__ = ["functional"]
