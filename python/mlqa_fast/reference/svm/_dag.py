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
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Strike classes off each point's list until one is left: `mlqa_fast.svm.dag_predict`.

    The machine of the first class a and the last class b on the list has the value
    ``sum_{s in a} dual_coef[b - 1, s] k(x_s, x) + sum_{s in b} dual_coef[a, s] k(x_s, x)`` plus its
    intercept; positive, it strikes off b, else a.

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
    label, asked = np.zeros(len(X), dtype=np.int64), np.zeros(len(X), dtype=np.int64)
    for point, values in enumerate(K):
        a, b = 0, k - 1
        while a < b:
            of_a, of_b = slice(start[a], start[a + 1]), slice(start[b], start[b + 1])
            f = values[of_a] @ coef[b - 1, of_a] + values[of_b] @ coef[a, of_b]
            if f + intercept[machine[a, b]] > 0:
                b -= 1
            else:
                a += 1
            asked[point] += 1
        label[point] = a
    return label, asked
