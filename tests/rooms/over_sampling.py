"""SMOTE."""

import numpy as np
import scipy.sparse as sp

from mlqa_fast.over_sampling import SMOTE, smote
from rooms.registry import Entry, Room


def two_classes(dtype):
    def make(rng):
        X = rng.normal(size=(900, 11)).astype(dtype)
        return {"X": X, "y": (np.arange(900) % 7 == 0).astype(np.int64)}

    return make


def resampled(n_jobs, X, y):
    return SMOTE(random_state=3, n_jobs=n_jobs).fit_resample(X, y)


def as_arrays(X, y, k_neighbors=2, **parameters):
    """Resampled rows as a float64 array, whatever the container."""
    sampler = SMOTE(random_state=0, k_neighbors=k_neighbors, **parameters)
    rows, labels = sampler.fit_resample(X, y)
    if sp.issparse(rows):
        rows = rows.toarray()
    return np.asarray(rows, np.float64), np.asarray(labels)


ROOMS = [
    Room(name="over_sampling/smote", inputs=two_classes(np.float64), run=resampled),
    Room(name="over_sampling/smote (float32)", inputs=two_classes(np.float32), run=resampled),
    Room(
        name="over_sampling/smote (csr)",
        inputs=lambda rng: {
            "X": sp.random(900, 40, 0.1, "csr", random_state=rng),
            "y": (np.arange(900) % 7 == 0).astype(np.int64),
        },
        run=resampled,
    ),
    Room(
        name="over_sampling/smote (philox, each)",
        inputs=lambda rng: {"X": rng.normal(size=(200, 5))},
        run=lambda n_jobs, X: smote(
            X, 50_000, random_state=1, random_stream="philox", base="each", n_jobs=n_jobs
        ),
        long_inputs=lambda: {"X": np.random.default_rng(0).random((60_000, 200))},
        long_run=lambda X: smote(X, 60_000, random_state=0, n_jobs=2),
    ),
]

# Rows come back rounded in these types; tests/over_sampling has their tests.
ROUNDED = ("float16", "int8", "int64", "uint32", "bool")

ENTRIES = [
    Entry(
        "over_sampling.SMOTE",
        as_arrays,
        lambda rng: {"X": rng.normal(size=(60, 4)), "y": (np.arange(60) % 4 == 0).astype(int)},
        target="y",
        sparse=True,
        outcomes=dict.fromkeys(ROUNDED, "inapplicable")
        | dict.fromkeys(("target 3-d", "target objects"), "refused: Unknown label type"),
        bad_arguments=(
            ({"k_neighbors": 15}, "Expected n_neighbors <= n_samples_fit"),
            ({"sampling_strategy": "majority"}, "'sampling_strategy' parameter of SMOTE must be"),
            ({"sampling_strategy": 1.5}, "'sampling_strategy' parameter of SMOTE must be"),
            ({"sampling_strategy": 0.1}, "required to remove samples from the minority class"),
            ({"sampling_strategy": {1: 3}}, "greater or equal to the original number"),
            ({"sampling_strategy": {1: -3}}, "cannot be negative"),
            ({"sampling_strategy": {9: 30}}, "not present in the data"),
            ({"random_stream": "mt"}, "'random_stream' parameter of SMOTE must be"),
            ({"base": "none"}, "'base' parameter of SMOTE must be"),
            ({"n_jobs": 1.5}, "'n_jobs' parameter of SMOTE must be"),
            ({"n_jobs": 0}, "n_jobs must be a positive or negative integer"),
            ({"store_provenance": 3}, "'store_provenance' parameter of SMOTE must be"),
            ({"integer_values": "ceil"}, "'integer_values' parameter of SMOTE must be"),
            ({"sampling_strategy": {1: 2**61}}, "is too large"),
            ({"sampling_strategy": {1: 10**30}}, "is too large"),
        ),
    ),
    Entry(
        "over_sampling.smote",
        lambda X, n_samples=30, **parameters: smote(X, n_samples, random_state=0, **parameters),
        lambda rng: {"X": rng.normal(size=(60, 4))},
        bad_arguments=(
            ({"k_neighbors": 60}, "Expected n_neighbors <= n_samples_fit"),
            ({"k_neighbors": 0}, "k_neighbors must be an integer of at least 1"),
            ({"n_samples": -1}, "n_samples must be an integer of at least 0"),
            ({"n_samples": 2.5}, "n_samples must be an integer"),
            ({"random_stream": "mt"}, "random_stream must be"),
            ({"base": 3}, "base must be"),
        ),
    ),
]
