"""Distances between sets of rows: exact nearest neighbours."""

from mlqa_fast.pairwise._knn import knn

__all__ = ["knn"]
