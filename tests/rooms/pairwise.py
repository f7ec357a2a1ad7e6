"""Nearest neighbours, k-means."""

import warnings

import numpy as np
import scipy.sparse as sp

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import kmeans, knn
from rooms.registry import Entry, Room


def rows(dtype):
    """Clusters and duplicates: the limits of the screen matter."""

    def make(rng):
        X = rng.normal(size=(700, 13)) * rng.choice([0.01, 1, 30], size=(700, 1))
        X[500:] = X[rng.integers(100, size=200)]
        return {"X": X.astype(dtype)}

    return make


def within(n_jobs, X):
    return knn(X, 7, n_jobs=n_jobs)


def clustering(n_jobs, X):
    return kmeans(X, 40, random_state=0, n_jobs=n_jobs)


def clustered(X, n_clusters=4, **parameters):
    """Also of rows that are all the same, which is worth a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Number of distinct clusters")
        return kmeans(X, n_clusters, random_state=0, **parameters)


ROOMS = [
    Room(
        name="pairwise/knn",
        inputs=rows(np.float64),
        run=within,
        long_inputs=lambda: {"X": np.random.default_rng(0).random((100_000, 200))},
        long_run=lambda X: knn(X, 5, n_jobs=2),
    ),
    Room(
        name="pairwise/knn (blocks)",
        inputs=lambda rng: {"X": rng.normal(size=(1500, 12))},
        run=within,
    ),
    Room(
        name="pairwise/tree",
        inputs=lambda rng: {"X": np.round(rng.normal(size=(6000, 3)), 2)},
        run=within,
        long_inputs=lambda: {"X": np.random.default_rng(0).random((2_000_000, 4))},
        long_run=lambda X: core.knn_within(X, 20, n_jobs=2),
    ),
    Room(
        name="pairwise/tree (float32)",
        inputs=lambda rng: {"X": rng.normal(size=(5000, 2)).astype(np.float32)},
        run=within,
    ),
    Room(
        name="pairwise/tree (queries)",
        inputs=lambda rng: {"X": rng.normal(size=(900, 5)), "Q": rng.normal(size=(700, 5))},
        run=lambda n_jobs, X, Q: core.knn_between(X, Q, 3, True, 0 if n_jobs is None else n_jobs),
    ),
    Room(
        name="pairwise/knn (many features)",
        inputs=lambda rng: {"X": rng.normal(size=(1100, 60))},
        run=within,
    ),
    Room(name="pairwise/knn (float32)", inputs=rows(np.float32), run=within),
    Room(
        name="pairwise/knn (every pair)",
        inputs=lambda rng: {"X": rng.normal(size=(300, 9)) * 1e150},
        run=within,
        long_inputs=lambda: {"X": np.random.default_rng(0).random((40_000, 20)) * 1e150},
        long_run=lambda X: knn(X, 5, n_jobs=2),
    ),
    Room(
        name="pairwise/knn_sparse",
        inputs=lambda rng: {
            "X": sp.hstack(
                [
                    sp.random(700, 30, 0.2, random_state=rng),
                    sp.random(700, 200, 0.02, random_state=rng),
                ]
            ).tocsr()
        },
        run=within,
        long_inputs=lambda: {
            "X": sp.random(60_000, 500, 0.1, "csr", random_state=np.random.default_rng(0))
        },
        long_run=lambda X: knn(X, 5, n_jobs=2),
    ),
    Room(
        name="pairwise/knn_sparse (every pair)",
        inputs=lambda rng: {"X": 1e150 * sp.random(300, 40, 0.1, "csr", random_state=rng)},
        run=within,
        long_inputs=lambda: {
            "X": 1e150 * sp.random(20_000, 500, 0.1, "csr", random_state=np.random.default_rng(0))
        },
        long_run=lambda X: knn(X, 5, n_jobs=2),
    ),
    Room(
        name="pairwise/knn (queries)",
        inputs=lambda rng: {"X": rng.normal(size=(500, 16)), "Q": rng.normal(size=(200, 16))},
        run=lambda n_jobs, X, Q: core.knn_between(X, Q, 3, True, 0 if n_jobs is None else n_jobs),
    ),
    Room(
        name="pairwise/kmeans",
        inputs=rows(np.float64),
        run=clustering,
        long_inputs=lambda: {"X": np.random.default_rng(0).random((100_000, 60))},
        long_run=lambda X: kmeans(X, 2000, random_state=0, tol=0, n_jobs=2),
    ),
    Room(name="pairwise/kmeans (float32)", inputs=rows(np.float32), run=clustering),
    Room(
        name="pairwise/kmeans (iteration)",
        inputs=lambda rng: {"X": rng.normal(size=(2000, 5))},
        run=lambda n_jobs, X: kmeans(X, 70, init=X[:70], n_jobs=n_jobs),
        long_inputs=lambda: {"X": np.random.default_rng(0).random((100_000, 100))},
        long_run=lambda X: kmeans(X, 5000, init=X[:5000], tol=0, n_jobs=2),
    ),
    Room(
        name="pairwise/kmeans (every pair)",
        inputs=lambda rng: {"X": rng.normal(size=(300, 9)) * 1e-140},
        run=clustering,
        long_inputs=lambda: {"X": np.random.default_rng(0).random((40_000, 50)) * 1e-140},
        long_run=lambda X: kmeans(X, 3000, init=X[:3000], tol=0, n_jobs=2),
    ),
]

ENTRIES = [
    Entry(
        "pairwise.knn",
        lambda X, n_neighbors=3: knn(X, n_neighbors),
        lambda rng: {"X": rng.normal(size=(60, 4))},
        sparse=True,
        bad_arguments=(
            ({"n_neighbors": 0}, "between 1 and 59"),
            ({"n_neighbors": 60}, "between 1 and 59"),
            ({"n_neighbors": 2.0}, "integer"),
            ({"n_neighbors": True}, "integer"),
        ),
    ),
    Entry(
        "pairwise.knn queries",
        lambda Q, X, n_neighbors=3: knn(X, n_neighbors, queries=Q),
        lambda rng: {"Q": rng.normal(size=(60, 4)), "X": rng.normal(size=(50, 4))},
        data="Q",
        outcomes={"None": "inapplicable"},
        bad_arguments=(
            ({"Q": np.zeros((3, 5))}, "5 features, but X has 4"),
            ({"n_neighbors": 51}, "between 1 and 50"),
        ),
    ),
    Entry(
        "pairwise.kmeans",
        clustered,
        lambda rng: {"X": rng.normal(size=(60, 4))},
        bad_arguments=(
            ({"n_clusters": 0}, "n_clusters"),
            ({"n_clusters": 2.0}, "n_clusters"),
            ({"n_clusters": 61}, "n_samples=60 should be >= n_clusters=61"),
            ({"n_init": 0}, "n_init"),
            ({"max_iter": 0}, "max_iter"),
            ({"tol": -1.0}, "tol"),
            ({"init": "best"}, "init"),
            ({"init": np.zeros((3, 4))}, "does not match the number of clusters 4"),
            ({"init": np.zeros((4, 3))}, "does not match the number of features of the data 4"),
            ({"init": np.full((4, 4), np.nan)}, "NaN"),
            ({"sample_weight": np.ones(59)}, "expected"),
            ({"sample_weight": np.ones((60, 1))}, "1D array"),
            ({"sample_weight": -np.ones(60)}, "Negative"),
            ({"sample_weight": np.zeros(60)}, "non-zero"),
            ({"sample_weight": np.full(60, np.inf)}, "infinity"),
            ({"n_jobs": 0}, "n_jobs"),
        ),
    ),
]
