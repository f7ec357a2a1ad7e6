"""Over-sampling, from its definition."""

from mlqa_fast.reference.over_sampling._smote import resample_like, smote

__all__ = ["resample_like", "smote"]
