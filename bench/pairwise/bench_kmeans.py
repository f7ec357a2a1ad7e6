"""K-means beside scikit-learn's two algorithms, from the same random state."""

import numpy as np
import pytest

from mlqa_fast.pairwise import kmeans
from mlqa_fast.reference import pairwise as reference


def uniform(rng, n, d):
    return rng.random((n, d))


def clustered(rng, n, d):
    centres, scale = rng.normal(size=(20, d)) * 4, rng.uniform(0.3, 1.5, 20)
    cluster = rng.integers(20, size=n)
    return centres[cluster] + rng.normal(size=(n, d)) * scale[cluster, None]


def case(kind, n, d, k, dtype="float64", large=False):
    name = f"{kind.__name__} {n} x {d}, {k} clusters, {dtype}"
    return pytest.param((name, kind, n, d, k, dtype), id=name, marks=[pytest.mark.full] * large)


CASES = [
    case(uniform, 1000, 8, 8),
    case(clustered, 1000, 8, 8),
    case(clustered, 5000, 20, 100),
    case(uniform, 5000, 20, 100),
    case(clustered, 20_000, 20, 500, large=True),
    case(uniform, 20_000, 20, 500, large=True),
    case(clustered, 100_000, 50, 100, large=True),
    case(uniform, 100_000, 50, 100, large=True),
    case(uniform, 100_000, 50, 100, "float32", large=True),
]


def inertia(X, centroid):
    """Of the nearest centres, in float64."""
    parts = (X[i : i + 1000].astype(float) for i in range(0, len(X), 1000))
    return sum(reference.squared_distances(x, centroid).min(axis=1).sum() for x in parts)


@pytest.mark.parametrize(
    "implementation", ["mlqa_fast", "scikit-learn", "scikit-learn elkan", "reference"]
)
@pytest.mark.parametrize("problem", CASES)
def bench_kmeans(problem, implementation, measure, peer, threads):
    name, kind, n, d, k, dtype = problem
    X = kind(np.random.default_rng(0), n, d).astype(dtype)
    if implementation == "reference" and n > 1000:
        pytest.skip("the reference adds up in Python")
    cluster = peer("sklearn.cluster")

    def scikit_learn(algorithm):
        return cluster.k_means(X, k, random_state=0, algorithm=algorithm)

    function = {
        "mlqa_fast": lambda: kmeans(X, k, random_state=0, n_jobs=threads),
        "scikit-learn": lambda: scikit_learn("lloyd"),
        "scikit-learn elkan": lambda: scikit_learn("elkan"),
        "reference": lambda: reference.kmeans(X, k, random_state=0),
    }[implementation]
    # Where rounding leads to other draws, runs end in other local optima, a percent or so apart.
    bound = 1.02 * inertia(X, kmeans(X, k, random_state=0)[0])
    measure(
        function,
        implementation=implementation,
        case=name,
        shape=X.shape,
        certificate=lambda result: ("inertia", inertia(X, result[0]), bound),
    )
