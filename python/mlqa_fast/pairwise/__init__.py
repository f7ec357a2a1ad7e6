"""Distances between sets of rows: exact nearest neighbours, k-means."""

from mlqa_fast.pairwise._kmeans import kmeans
from mlqa_fast.pairwise._knn import knn

__all__ = ["kmeans", "knn"]
