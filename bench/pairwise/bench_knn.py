"""The nearest other rows of every row of a set, beside scikit-learn's trees and brute force.

With few features also beside other trees: SciPy's and, where it is installed, pykdtree's.
"""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics.pairwise import euclidean_distances

from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference

K = 5


def uniform(rng, n, d):
    return rng.random((n, d))


def clustered(rng, n, d):
    centres, scale = rng.normal(size=(20, d)) * 4, rng.uniform(0.3, 1.5, 20)
    cluster = rng.integers(20, size=n)
    return centres[cluster] + rng.normal(size=(n, d)) * scale[cluster, None]


def sparse_uniform(rng, n, d):
    """2 % of the entries."""
    return sp.random(n, d, 0.02, "csr", random_state=rng)


def words(rng, n, d):
    """About 100 entries a row in columns whose frequencies fall as those of words do, norms 1."""
    length = rng.integers(80, 200, size=n)
    share = np.cumsum(1 / np.arange(1.0, d + 1))
    column = np.searchsorted(share / share[-1], rng.random(length.sum()))
    X = sp.coo_matrix((np.ones(len(column)), (np.repeat(np.arange(n), length), column)), (n, d))
    X = X.tocsr()
    X.data = 1 + np.log(X.data)
    X.data /= np.repeat(np.sqrt(np.add.reduceat(X.data**2, X.indptr[:-1])), np.diff(X.indptr))
    return X


def case(kind, n, d, dtype="float64", large=False):
    name = f"{kind.__name__} {n} x {d} {dtype}"
    return pytest.param((name, kind, n, d, dtype), id=name, marks=[pytest.mark.full] * large)


CASES = [
    case(uniform, 1000, 8),
    case(uniform, 10_000, 2),
    case(uniform, 5000, 3),
    case(uniform, 3000, 5),
    case(clustered, 3000, 7),
    case(clustered, 3000, 20),
    case(uniform, 3000, 50, "float32"),
    case(uniform, 2000, 128),
    case(uniform, 200_000, 2, large=True),
    case(uniform, 50_000, 3, large=True),
    case(uniform, 50_000, 5, large=True),
    case(uniform, 50_000, 7, large=True),
    case(uniform, 50_000, 8, large=True),
    case(clustered, 50_000, 8, large=True),
    case(uniform, 50_000, 20, large=True),
    case(uniform, 50_000, 50, large=True),
    case(clustered, 50_000, 20, large=True),
    case(clustered, 50_000, 50, large=True),
    case(uniform, 50_000, 50, "float32", large=True),
    case(uniform, 10_000, 784, "float32", large=True),
    case(sparse_uniform, 5000, 500),
    case(words, 3000, 10_000),
    case(words, 20_000, 30_000, "float32", large=True),
]


def wrong_rows(X, index, rng):
    """Rows, of 200, whose neighbours are farther away than the nearest ones, in float64."""
    checked = rng.choice(X.shape[0], 200, replace=False)
    if sp.issparse(X):
        wide = X.astype(np.float64)  # rounded: these norms and products are not the definition
        distances = np.round(euclidean_distances(wide[checked], wide, squared=True), 12)
    else:
        distances = reference.squared_distances(X[checked], X)
    found = np.take_along_axis(distances, index[checked], axis=1).max(axis=1)
    distances[np.arange(200), checked] = np.inf
    kth = np.sort(distances, axis=1)[:, K - 1]
    itself = (index[checked] == checked[:, None]).any(axis=1)
    return float(np.sum((found > kth) | itself))


TREES = {"cKDTree", "pykdtree"}  # they win with few features only
IMPLEMENTATIONS = ["mlqa_fast", "scikit-learn", *sorted(TREES), "reference"]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("problem", CASES)
def bench_knn(problem, implementation, measure, peer, threads):
    name, kind, n, d, dtype = problem
    rng = np.random.default_rng(0)
    X = kind(rng, n, d).astype(dtype)
    if implementation == "reference" and n > 1000:
        pytest.skip("the reference holds all distances at once")
    if implementation in TREES and (d > 8 or dtype != "float64"):
        pytest.skip("measured with few features")
    modules = {"cKDTree": "scipy.spatial", "pykdtree": "pykdtree.kdtree"}
    module = peer(modules.get(implementation, "sklearn.neighbors"))

    def scikit_learn():
        search = module.NearestNeighbors(n_neighbors=K, n_jobs=threads).fit(X)
        return search.kneighbors(return_distance=False)

    def ckdtree():
        return module.cKDTree(X).query(X, k=K + 1, workers=threads)[1][:, 1:]

    def pykdtree():
        return module.KDTree(X).query(X, k=K + 1)[1][:, 1:].astype(np.int64)

    function = {
        "mlqa_fast": lambda: knn(X, K, n_jobs=threads)[1],
        "scikit-learn": scikit_learn,
        "cKDTree": ckdtree,
        "pykdtree": pykdtree,
        "reference": lambda: reference.knn(X, K)[1],
    }[implementation]
    measure(
        function,
        implementation=implementation,
        case=name,
        shape=X.shape,
        certificate=lambda index: ("wrong rows of 200", wrong_rows(X, index, rng), 0.0),
    )
