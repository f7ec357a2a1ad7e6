"""K-means by evaluating every distance and adding up exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from mlqa_fast.reference.pairwise._knn import squared_distances


def kmeans(
    X: ArrayLike,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    init: str | ArrayLike | Callable[..., Any] = "k-means++",
    n_init: int | str = "auto",
    max_iter: int = 300,
    tol: float = 1e-4,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[Any], NDArray[np.int32], float, int]:
    r"""K-means clustering by Lloyd's iteration.

    With the distance D of :func:`squared_distances`,

    .. math::

        label_i = \min \arg\min_j D(x_i, c_j), \qquad
        c_j = \frac{\sum_{label_i = j} w_i x_i}{\sum_{label_i = j} w_i}, \qquad
        inertia = \sum_i w_i D(x_i, c_{label_i})

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows to cluster.
    n_clusters : int
        Number of clusters.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row; None: all 1.
    init : {'k-means++', 'random'}, callable or array-like, default='k-means++'
        Where to start.
    n_init : int or 'auto', default='auto'
        Number of runs, of which the one with the lowest inertia counts.
    max_iter : int, default=300
        Most iterations of a run.
    tol : float, default=1e-4
        Moves of the centres to stop at, relative to the mean variance of the features.
    random_state : int, RandomState instance or None, default=None
        Draws the initial centres.

    Returns
    -------
    centroid : ndarray of shape (n_clusters, n_features)
        Centres.
    label : ndarray of shape (n_samples,), int32
        The nearest centre of each row, of equally near ones the lowest.
    inertia : float
        Sum of the weighted squared distances.
    n_iter : int
        Number of iterations.

    Examples
    --------
    >>> from mlqa_fast.reference.pairwise import kmeans
    >>> kmeans([[0.0], [1.0], [9.0]], 2, random_state=0)[2]
    0.5
    """
    rows = np.asarray(X)
    rows = rows if rows.dtype == np.float32 else rows.astype(np.float64)
    weight = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, float)
    generator = check_random_state(random_state)
    if n_init == "auto":
        n_init = 10 if callable(init) or (isinstance(init, str) and init == "random") else 1
    limit = tol * rows.astype(np.float64).var(axis=0).mean()
    runs = []
    for _ in range(int(n_init)):
        if isinstance(init, str) and init == "k-means++":
            centers = rows[seeds(rows, n_clusters, weight, generator)]
        elif isinstance(init, str):
            p = weight / weight.sum()
            centers = rows[generator.choice(len(rows), size=n_clusters, replace=False, p=p)]
        else:
            given = init(rows, n_clusters, random_state=generator) if callable(init) else init
            centers = np.array(given, rows.dtype)
        runs.append(lloyd(rows, weight, centers, limit, max_iter))
    return min(runs, key=lambda run: run[2])


def seeds(
    rows: NDArray[Any], n_clusters: int, weight: NDArray[Any], generator: np.random.RandomState
) -> list[int]:
    """Rows chosen by greedy k-means++."""
    chosen = [int(generator.choice(len(rows), p=weight / weight.sum()))]
    closest = squared_distances(rows[chosen], rows)[0]
    for _ in range(1, n_clusters):
        mass = generator.uniform(size=2 + int(np.log(n_clusters))) * (closest @ weight)
        trials = np.searchsorted(np.cumsum(closest * weight), mass).clip(max=len(rows) - 1)
        distances = np.minimum(closest, squared_distances(rows[trials], rows))
        best = int(np.argmin(distances @ weight))
        chosen.append(int(trials[best]))
        closest = distances[best]
    return chosen


def lloyd(
    rows: NDArray[Any], weight: NDArray[Any], centers: NDArray[Any], limit: float, max_iter: int
) -> tuple[NDArray[Any], NDArray[np.int32], float, int]:
    """Assignments and means in turn, from given centres."""
    label, same, shift = None, False, math.inf
    for n_iter in range(1, max_iter + 1):  # noqa: B007
        before, label = label, squared_distances(rows, centers).argmin(axis=1)
        distance = squared_distances_to_own(rows, centers, label)
        moved = means(rows, weight, label, distance, len(centers)).astype(rows.dtype)
        shift = float(squared_distances_to_own(moved, centers, np.arange(len(centers))).sum())
        centers, same = moved, before is not None and bool((before == label).all())
        if same or shift <= limit:
            break
    label = squared_distances(rows, centers).argmin(axis=1)
    inertia = float(weight @ squared_distances_to_own(rows, centers, label))
    return centers, label.astype(np.int32), inertia, n_iter


def squared_distances_to_own(
    rows: NDArray[Any], centers: NDArray[Any], label: NDArray[Any]
) -> NDArray[np.float64]:
    """D of each row to its centre."""
    pairs = zip(rows, centers[label], strict=True)
    return np.array([squared_distances(x[None], c[None])[0, 0] for x, c in pairs])


def means(
    rows: NDArray[Any],
    weight: NDArray[Any],
    label: NDArray[Any],
    distance: NDArray[Any],
    n_clusters: int,
) -> NDArray[np.float64]:
    """Weighted means; empty clusters take the farthest rows, or lie where the heaviest does."""
    member = label[None, :] == np.arange(n_clusters)[:, None]
    share = member * weight
    empty = np.flatnonzero(~share.any(axis=1))
    if len(empty) and distance.max() > 0:
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        share[label[farthest], farthest] = 0
        share[empty, farthest] = weight[farthest]
    values = rows.astype(np.float64)
    total = np.array([math.fsum(w) for w in share])
    sums = np.array([[math.fsum(w * x) for x in values.T] for w in share])
    sums[total == 0], total[total == 0] = sums[total.argmax()], total.max()
    return np.asarray(sums / total[:, None])
