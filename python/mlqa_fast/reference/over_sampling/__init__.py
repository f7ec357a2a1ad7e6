"""Over-sampling, from its definition."""

from mlqa_fast.reference.over_sampling._smote import smote

__all__ = ["smote"]
