"""Sparse linear models, as in ``sklearn.linear_model``."""
