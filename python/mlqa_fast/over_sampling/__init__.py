"""Over-sampling of minority classes."""

from mlqa_fast.over_sampling._smote import SMOTE, smote

__all__ = ["SMOTE", "smote"]
