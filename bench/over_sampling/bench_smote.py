"""Whole calls of SMOTE beside imbalanced-learn's; what follows the search alone."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

from mlqa_fast._mlqa_fast_core import over_sampling as core
from mlqa_fast.over_sampling import SMOTE
from mlqa_fast.reference import over_sampling as reference
from mlqa_fast.reference.pairwise import squared_distances

K = 5


def digits():
    X, digit = load_digits(return_X_y=True)
    return X, (digit == 8).astype(int)


def generated(minority, ratio, d, kind="uniform", dtype="float64"):
    """Minority rows, alike or in 20 clusters, among `ratio` times as many others."""
    rng = np.random.default_rng(0)
    X = rng.random((minority * (1 + ratio), d)) + 0.1
    y = (np.arange(len(X)) % (1 + ratio) == 0).astype(int)
    if kind == "clustered":
        centres, scales = 4 * rng.normal(size=(20, d)), rng.uniform(0.3, 1.5, size=20)
        cluster = rng.integers(20, size=minority)
        X[y == 1] = centres[cluster] + scales[cluster, None] * rng.normal(size=(minority, d))
    return X.astype(dtype), y


def as_csr():
    X, y = generated(500, 10, 300)
    return sp.csr_matrix(np.where(X > 1.08, X, 0)), y


def as_table(minority):
    X, y = generated(minority, 10, 20, "clustered")
    return pd.DataFrame(X, columns=[f"f{j}" for j in range(20)]), y


CASES = {
    "digits, 8 against the rest": digits,
    "100 of 600 x 6": lambda: generated(100, 5, 6),
    "1000 of 11000 x 8": lambda: generated(1000, 10, 8),
    "500 of 15500 x 50 float32": lambda: generated(500, 30, 50, dtype="float32"),
    "1000 of 11000 x 20 pandas": lambda: as_table(1000),
    "500 of 5500 x 300 csr": as_csr,
    "1000 of 101000 x 50": lambda: generated(1000, 100, 50, "clustered"),
    "10000 of 110000 x 2": lambda: generated(10_000, 10, 2),
    "200000 of 1200000 x 2": lambda: generated(200_000, 5, 2),
    "50000 of 550000 x 8": lambda: generated(50_000, 10, 8),
    "200000 of 1200000 x 8 clustered": lambda: generated(200_000, 5, 8, "clustered"),
    "10000 of 110000 x 20 clustered": lambda: generated(10_000, 10, 20, "clustered"),
    "10000 of 110000 x 20 pandas": lambda: as_table(10_000),
    "50000 of 550000 x 20 clustered": lambda: generated(50_000, 10, 20, "clustered"),
    "500 for 50000 of 550000 x 20": lambda: generated(50_000, 10, 20, "clustered"),
    "200000 of 800000 x 20 clustered": lambda: generated(200_000, 3, 20, "clustered"),
    "50000 of 300000 x 50 clustered": lambda: generated(50_000, 5, 50, "clustered"),
    "50000 of 300000 x 50 float32": lambda: generated(50_000, 5, 50, dtype="float32"),
    "10000 of 110000 x 128": lambda: generated(10_000, 10, 128),
    "50000 of 200000 x 128 clustered float32": lambda: generated(
        50_000, 3, 128, "clustered", "float32"
    ),
    "10000 of 40000 x 784 float32": lambda: generated(10_000, 3, 784, dtype="float32"),
}
FEW = {"500 for 50000 of 550000 x 20": 500}
LARGE = list(CASES)[6:]
ASSEMBLY = {
    "10000 new of 11000 x 8": (1000, 10, 8, "float64"),
    "99000 new of 101000 x 50": (1000, 100, 50, "float64"),
    "450000 new of 550000 x 20": (50_000, 10, 20, "float64"),
    "20000 new of 40000 x 784 float32": (10_000, 3, 784, "float32"),
}


def rows_off_segments(X, y, new):
    """Synthetic rows, of 50, that are on no segment between a row and one of its nearest."""
    rows = np.asarray(X.toarray() if sp.issparse(X) else X, np.float64)[np.asarray(y) == 1]
    points = new[len(y) :]
    points = np.asarray(points.toarray() if sp.issparse(points) else points, np.float64)
    off = 0
    tolerance = 64 * np.finfo(np.float32).eps * abs(rows).max()
    for point in points[:: max(1, len(points) // 50)][:50]:
        from_point = squared_distances(point[None], rows)[0]
        near = np.argsort(from_point)[: 4 * K]
        distances = squared_distances(rows[near], rows)
        distances[np.arange(len(near)), near] = np.inf
        on = from_point.min() <= tolerance**2
        for i, row in zip(near, distances, strict=True):
            for j in np.flatnonzero(row <= np.partition(row, K - 1)[K - 1] * (1 + 1e-9)):
                along = rows[j] - rows[i]
                share = (point - rows[i]) @ along / max(along @ along, 1e-300)
                on |= abs(point - rows[i] - share * along).max() <= tolerance
        off += not on
    return float(off)


@pytest.mark.parametrize("implementation", ["mlqa_fast", "imbalanced-learn", "reference"])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.full] * (n in LARGE)) for n in CASES]
)
def bench_smote(name, implementation, measure, peer, threads):
    X, y = CASES[name]()
    asked = {"sampling_strategy": {1: np.sum(y == 1) + FEW[name]}} if name in FEW else {}
    if implementation == "reference":
        if not isinstance(X, np.ndarray) or len(X) > 2000:
            pytest.skip("the reference is for small arrays")
        few = X[y == 1]
        missing = int(np.sum(y == 0) - np.sum(y == 1))
        function = lambda: np.concatenate([X, reference.smote(few, missing, random_state=0)])  # noqa: E731
    elif implementation == "mlqa_fast":
        function = lambda: SMOTE(random_state=0, n_jobs=threads, **asked).fit_resample(X, y)[0]  # noqa: E731
    else:
        sampler = peer("imblearn.over_sampling").SMOTE(random_state=0, **asked)
        function = lambda: sampler.fit_resample(X, y)[0]  # noqa: E731
    measure(
        function,
        implementation=implementation,
        case=name,
        shape=X.shape,
        certificate=lambda new: ("rows off segments of 50", rows_off_segments(X, y, new), 0.0),
    )


@pytest.mark.parametrize("implementation", ["mlqa_fast", "numpy"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.full] * (n != next(iter(ASSEMBLY)))) for n in ASSEMBLY],
)
def bench_assembly(name, implementation, measure, threads):
    """Everything after the search: given rows, draws, points, one array; "numpy" as in the peer."""
    minority, ratio, d, dtype = ASSEMBLY[name]
    X, y = generated(minority, ratio, d, dtype=dtype)
    rows, missing = np.flatnonzero(y), len(y) - 2 * minority
    nearest = np.random.default_rng(1).integers(minority, size=(minority, K))

    def ours():
        out, _ = core.copy_rows(X, missing, n_jobs=threads)
        core.draw_and_interpolate(
            out, rows, nearest, False, 0, 0, missing, out, len(X), n_jobs=threads
        )
        return out

    def numpys():
        random = np.random.RandomState(0)
        cells = random.randint(0, nearest.size, missing)
        steps = random.uniform(size=missing)[:, None]
        few = X[rows]
        base, neighbor = cells // K, nearest.ravel()[cells]
        new = few[base] + steps * (few[neighbor] - few[base])
        return np.vstack([X, new.astype(X.dtype)])

    expected = numpys()
    measure(
        ours if implementation == "mlqa_fast" else numpys,
        implementation=implementation,
        case=name,
        shape=X.shape,
        certificate=lambda new: ("elements that differ", float(np.sum(new != expected)), 0.0),
    )
