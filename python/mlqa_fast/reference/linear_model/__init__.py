"""Readable definitions for ``mlqa_fast.linear_model``."""

from mlqa_fast.reference.linear_model._lasso import duality_gap, lasso_cd, lasso_path

__all__ = ["duality_gap", "lasso_cd", "lasso_path"]
