"""Distances between sets of rows, from their definitions."""

from mlqa_fast.reference.pairwise._kmeans import kmeans
from mlqa_fast.reference.pairwise._knn import knn, squared_distances

__all__ = ["kmeans", "knn", "squared_distances"]
