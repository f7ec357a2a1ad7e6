"""Whole calls of SMOTE, beside imbalanced-learn's."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

from mlqa_fast.over_sampling import SMOTE
from mlqa_fast.reference import over_sampling as reference
from mlqa_fast.reference.pairwise import squared_distances

K = 5


def digits():
    X, digit = load_digits(return_X_y=True)
    return X, (digit == 8).astype(int)


def generated(minority, ratio, d, dtype="float64"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(minority * (1 + ratio), d)).astype(dtype)
    return X, (np.arange(len(X)) % (1 + ratio) == 0).astype(int)


def as_csr():
    X, y = generated(500, 10, 300)
    return sp.csr_matrix(np.where(X > 2, X, 0)), y


def as_table():
    X, y = generated(1000, 10, 20)
    return pd.DataFrame(X, columns=[f"f{j}" for j in range(20)]), y


CASES = {
    "digits, 8 against the rest": digits,
    "100 of 600 x 6": lambda: generated(100, 5, 6),
    "1000 of 11000 x 8": lambda: generated(1000, 10, 8),
    "500 of 15500 x 50 float32": lambda: generated(500, 30, 50, "float32"),
    "1000 of 11000 x 20 pandas": as_table,
    "500 of 5500 x 300 csr": as_csr,
    "10000 of 110000 x 20": lambda: generated(10_000, 10, 20),
    "10000 of 40000 x 784 float32": lambda: generated(10_000, 3, 784, "float32"),
    "50000 of 300000 x 50": lambda: generated(50_000, 5, 50),
}
LARGE = list(CASES)[-3:]


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
    if implementation == "reference":
        if not isinstance(X, np.ndarray) or len(X) > 2000:
            pytest.skip("the reference is for small arrays")
        few = X[y == 1]
        missing = int(np.sum(y == 0) - np.sum(y == 1))
        function = lambda: np.concatenate([X, reference.smote(few, missing, random_state=0)])  # noqa: E731
    elif implementation == "mlqa_fast":
        function = lambda: SMOTE(random_state=0, n_jobs=threads).fit_resample(X, y)[0]  # noqa: E731
    else:
        sampler = peer("imblearn.over_sampling").SMOTE(random_state=0)
        function = lambda: sampler.fit_resample(X, y)[0]  # noqa: E731
    measure(
        function,
        implementation=implementation,
        case=name,
        shape=X.shape,
        certificate=lambda new: ("rows off segments of 50", rows_off_segments(X, y, new), 0.0),
    )
