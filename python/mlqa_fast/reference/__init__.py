"""Plain NumPy definitions of every kernel, to read and to compare with.

The areas and names are those of the package itself; nothing here is optimised.
"""

from mlqa_fast.reference import linear_model, nn, over_sampling, pairwise, svm

__all__ = ["linear_model", "nn", "over_sampling", "pairwise", "svm"]
