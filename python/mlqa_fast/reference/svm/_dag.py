"""Prediction along the directed acyclic graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.reference.svm._kernels import dense, kernel_matrix


def dag_predict(
    X: Any,
    support_vectors: Any,
    dual_coef: Any,
    intercept: Any,
    n_support: Any,
    *,
    kernel: str = "rbf",
    degree: int = 3,
    gamma: float = 1.0,
    coef0: float = 0.0,
    order: Any = None,
    explore: float = 0.0,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Strike classes off each point's list until one is left: `mlqa_fast.svm.dag_predict`.

    The machine of the classes a < b that are first and last on the list, in either order, has the
    value ``f = sum_{s in a} dual_coef[b - 1, s] k(x_s, x) + sum_{s in b} dual_coef[a, s] k(x_s, x)
    + intercept``; positive, it strikes off b, else a. Where ``abs(f) < explore`` both lists are
    followed. The evidence of a list is the best that a path from it has, the smallest ``abs(f)`` on
    that path; the way that the machine decides is left only where it does not lead to the evidence
    of the whole list.

    Examples
    --------
    >>> from mlqa_fast.reference.svm import dag_predict
    >>> dag_predict([[-2.0], [0.1]], [[-1.0], [1.0]], [[1.0, -1.0]], [0.0], [1, 1], kernel="linear")
    (array([0, 1]), array([1, 1]))
    """
    X, coef = dense(X), dense(dual_coef)
    K = X
    if kernel != "precomputed":
        K = kernel_matrix(X, dense(support_vectors), kernel, degree, gamma, coef0)
    start = np.concatenate([[0], np.cumsum(n_support)])
    machine: dict[tuple[int, int], int] = {}
    k = len(start) - 1
    for a in range(k):
        for b in range(a + 1, k):
            machine[a, b] = len(machine)
    listed = list(range(k)) if order is None else [int(c) for c in order]

    def value(a: int, b: int, values: NDArray[np.float64]) -> float:
        of_a, of_b = slice(start[a], start[a + 1]), slice(start[b], start[b + 1])
        f = values[of_a] @ coef[b - 1, of_a] + values[of_b] @ coef[a, of_b]
        return float(f + intercept[machine[a, b]])

    def ways(first: int, last: int, values: NDArray[np.float64]) -> tuple[float, list[Any]]:
        """abs(f), and the lists that are followed: first the one that the machine decides."""
        a, b = sorted((listed[first], listed[last]))
        f = value(a, b, values)
        both = [(first, last - 1), (first + 1, last)]
        if listed[last] != (b if f > 0 else a):
            both.reverse()
        return abs(f), both if abs(f) < explore else both[:1]

    def walk(values: NDArray[np.float64]) -> tuple[int, int]:
        walked: dict[tuple[int, int], tuple[float, list[Any]]] = {}
        reached = {(0, k - 1)}
        for _ in range(k - 1):
            walked |= {at: ways(*at, values) for at in reached}
            reached = {rest for at in reached for rest in walked[at][1]}
        evidence = dict.fromkeys(reached, np.inf)
        for at, (here, lists) in reversed(walked.items()):
            evidence[at] = min(here, max(evidence[rest] for rest in lists))

        best, at = evidence[0, k - 1], (0, k - 1)
        while at[0] < at[1]:
            at = next(rest for rest in walked[at][1] if evidence[rest] >= best)
        return listed[at[0]], len(walked)

    walked = np.array([walk(values) for values in K], dtype=np.int64).reshape(-1, 2)
    return walked[:, 0], walked[:, 1]
