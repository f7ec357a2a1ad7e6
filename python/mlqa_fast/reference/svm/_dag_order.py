"""Orders of the classes for the graph, and scores of pairs of classes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix


def dag_order(score: Any, *, ties: Any = None) -> NDArray[np.int64]:
    """From the ends inwards, the best pair of those that are left: `mlqa_fast.svm.dag_order`."""
    score = np.asarray(score, dtype=np.float64)
    second = np.zeros_like(score) if ties is None else np.asarray(ties)
    left: list[int] = []
    right: list[int] = []
    free = list(range(len(score)))
    while len(free) > 1:
        a, b = max(combinations(free, 2), key=lambda pair: (score[pair], second[pair]))
        if left:
            as_they_are = score[a, right[0]] + score[left[-1], b]
            if score[b, right[0]] + score[left[-1], a] > as_they_are:
                a, b = b, a
        left, right = [*left, a], [b, *right]
        free = [c for c in free if c not in (a, b)]
    return np.array(left + free + right, dtype=np.int64)


def pair_margins(
    support_vectors: Any,
    dual_coef: Any,
    n_support: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
) -> NDArray[np.float64]:
    """Machine by machine ``sqrt(2 / (sum |coef| - coef K coef / 2))``."""
    Z, coef = dense(support_vectors), dense(dual_coef)
    K = Z if kernel == "precomputed" else kernel_matrix(Z, Z, kernel, degree, gamma, coef0)
    owner = np.repeat(np.arange(len(n_support)), n_support)
    margin = np.full((len(n_support), len(n_support)), np.inf)
    for a, b in combinations(range(len(n_support)), 2):
        beta = np.where(owner == a, coef[b - 1], 0.0) + np.where(owner == b, coef[a], 0.0)
        objective = np.abs(beta).sum() - beta @ K @ beta / 2
        if objective > 0:
            margin[a, b] = margin[b, a] = np.sqrt(2 / objective)
    return margin


def centroid_distances(
    X: Any,
    y: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
) -> NDArray[np.float64]:
    """``|m_a - m_b|^2`` is a quadratic form of the kernel matrix in +1 / n_a and -1 / n_b."""
    X = dense(X)
    K = X if kernel == "precomputed" else kernel_matrix(X, X, kernel, degree, gamma, coef0)
    mean = np.array([(np.asarray(y) == c) / np.sum(np.asarray(y) == c) for c in np.unique(y)])
    difference = mean[:, None] - mean
    square = np.einsum("abi,ij,abj->ab", difference, K, difference, optimize=True)
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def pair_accuracies(
    y: Any,
    fit: Callable[[NDArray[np.intp]], Callable[[NDArray[np.intp]], NDArray[np.float64]]],
    *,
    cv: int = 5,
) -> NDArray[np.float64]:
    """The i-th sample of a class is in fold i mod cv: `mlqa_fast.svm.pair_accuracies`."""
    classes, codes = np.unique(y, return_inverse=True)
    fold = np.array([np.sum(codes[:i] == c) % cv for i, c in enumerate(codes)])
    pairs = list(combinations(range(len(classes)), 2))
    hits: dict[tuple[int, int], list[bool]] = {pair: [] for pair in pairs}
    for test in np.unique(fold):
        decide = fit(np.flatnonzero(fold != test))
        for row in np.flatnonzero(fold == test):
            for pair, value in zip(pairs, decide(np.array([row]))[0], strict=True):
                if codes[row] in pair:
                    hits[pair].append(codes[row] == pair[0 if value > 0 else 1])
    share = np.eye(len(classes))
    for (a, b), found in hits.items():
        share[a, b] = share[b, a] = np.mean(found)
    return share
