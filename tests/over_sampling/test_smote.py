"""SMOTE: against imbalanced-learn, the reference, and what defines it."""

import subprocess
import sys

import imblearn.over_sampling
import imblearn.pipeline
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from mlqa_fast._mlqa_fast_core import core as memory
from mlqa_fast._mlqa_fast_core import over_sampling as core
from mlqa_fast.over_sampling import SMOTE, smote
from mlqa_fast.reference import over_sampling as reference
from mlqa_fast.reference import pairwise


def data(n=400, classes=3, dtype=np.float64):
    X, y = make_classification(
        n, 9, n_informative=6, n_classes=classes, weights=[0.15, 0.3], random_state=1
    )
    return X.astype(dtype), y


# the function


@pytest.mark.sanitize
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("random_stream", [None, "numpy", "philox"])
@pytest.mark.parametrize("base", ["random", "each"])
@pytest.mark.parametrize("n_samples", [0, 1, 20, 130, 333])
def test_equals_the_reference(dtype, random_stream, base, n_samples, isa, rng):
    X = rng.normal(size=(60, 7)).astype(dtype)
    arguments = {"random_state": 4, "random_stream": random_stream, "base": base}
    ours = smote(X, n_samples, **arguments, return_provenance=True)
    expected = reference.smote(X, n_samples, **arguments, return_provenance=True)
    for mine, right in zip(ours, expected, strict=True):
        assert mine.dtype == right.dtype
        np.testing.assert_array_equal(mine, right)  # to the last bit


def assert_on_segments(X, new, base, neighbor, fraction, k):
    """Each row lies between a row and one of its k nearest others, where it says."""
    assert ((fraction >= 0) & (fraction < 1)).all()
    assert (base != neighbor).all()
    distances = pairwise.squared_distances(X, X)
    np.fill_diagonal(distances, np.inf)
    kth = np.sort(distances, axis=1)[:, k - 1]
    assert (distances[base, neighbor] <= kth[base]).all()
    a, b = X[base].astype(np.longdouble), X[neighbor].astype(np.longdouble)
    exact = a + fraction[:, None].astype(np.longdouble) * (b - a)
    scale = np.maximum(np.maximum(abs(a), abs(b)), abs(b - a))
    unit = np.finfo(new.dtype).eps / 2
    assert (abs(new - exact) <= 3 * unit * scale + np.finfo(new.dtype).smallest_subnormal).all()


@given(
    st.integers(2, 40),
    st.integers(1, 10),
    st.integers(0, 200),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["numpy", "philox"]),
    st.sampled_from(["random", "each"]),
    st.data(),
)
def test_rows_lie_on_segments(n, d, m, seed, dtype, random_stream, base, more):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * 10.0 ** generator.integers(-10, 10, size=d)
    X[generator.random((n, d)) < 0.2] = 0
    X = X.astype(dtype)
    k = more.draw(st.integers(1, n - 1))
    result = smote(
        X,
        m,
        k_neighbors=k,
        random_state=seed,
        random_stream=random_stream,
        base=base,
        return_provenance=True,
    )
    assert result[0].shape == (m, d)
    assert result[0].dtype == dtype
    assert_on_segments(X, *result, k)


DEGENERATE = {
    "two rows": np.array([[0.0, 1.0], [2.0, 5.0]]),
    "duplicates": np.repeat(np.arange(12.0).reshape(4, 3), 5, axis=0),
    "identical": np.full((9, 4), 0.1),
    "constant columns": np.column_stack([np.arange(30.0), np.full(30, 1e8)]),
    "one feature": np.arange(20.0)[:, None] ** 2,
    "huge": np.array([[-1.7e308], [1.7e308], [1.0]]),
    "subnormal": np.arange(10.0)[:, None] * 5e-324,
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("all_neighbors", [False, True])
def test_degenerate(name, all_neighbors, isa):
    X = DEGENERATE[name]
    k = len(X) - 1 if all_neighbors else 1
    new, *segments = smote(X, 50, k_neighbors=k, random_state=0, return_provenance=True)
    assert np.isfinite(new).all()
    assert_on_segments(X, new, *segments, k)


def test_duplicates_are_neighbours_and_a_row_is_not_its_own():
    X = np.array([[0.0], [0.0], [0.0], [9.0], [9.5]])
    _, base, neighbor, _ = smote(X, 200, k_neighbors=2, random_state=0, return_provenance=True)
    assert set(zip(base[base < 3], neighbor[base < 3], strict=True)) == {
        (i, j) for i in range(3) for j in range(3) if i != j
    }


@pytest.mark.parametrize("random_stream", ["numpy", "philox"])
@pytest.mark.parametrize("n_samples", [40, 100, 123, 410])
def test_each_row_equally_often(random_stream, n_samples, rng):
    X = rng.normal(size=(40, 3))
    _, base, neighbor, _ = smote(
        X,
        n_samples,
        base="each",
        random_state=1,
        random_stream=random_stream,
        return_provenance=True,
    )
    uses = np.bincount(base, minlength=40)
    assert uses.max() - uses.min() <= (n_samples % 40 != 0)
    nearest = pairwise.knn(X, 5)[1]
    uses = (neighbor[:, None] == nearest[base]).astype(int)
    of_row = np.zeros((40, 5), int)
    np.add.at(of_row, base, uses)
    assert uses.sum() == n_samples
    assert (np.ptp(of_row, axis=1) <= 1).all(), "neighbours are taken without replacement"


def test_philox_draws_depend_on_their_number_alone(rng):
    X = rng.normal(size=(50, 4))
    long = smote(X, 5000, random_state=1, random_stream="philox")
    np.testing.assert_array_equal(smote(X, 70, random_state=1, random_stream="philox"), long[:70])
    other = smote(X, 70, random_state=2, random_stream="philox")
    assert not (other == long[:70]).all(axis=1).any()


def test_philox_is_uniform(rng):
    X = rng.normal(size=(30, 2))
    _, base, neighbor, fraction = smote(
        X, 60_000, random_state=0, random_stream="philox", return_provenance=True
    )
    counts = np.unique(base * 30 + neighbor, return_counts=True)[1]
    assert len(counts) == 150
    assert ((counts - 400) ** 2 / 400).sum() < 230  # chi squared, 149 degrees, one in 20000
    assert abs(np.sort(fraction) - (np.arange(60_000) + 0.5) / 60_000).max() < 0.01


def test_looking_up_drawn_rows_only_changes_nothing(rng):
    X = rng.normal(size=(500, 6))
    few = smote(X, 20, random_state=0, random_stream="philox")
    np.testing.assert_array_equal(few, smote(X, 600, random_state=0, random_stream="philox")[:20])


# the sampler


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("random_state", [0, 7])
@pytest.mark.parametrize("k_neighbors", [1, 5, 11])
def test_gives_the_rows_of_imbalanced_learn(dtype, random_state, k_neighbors, isa):
    X, y = data(dtype=dtype)
    arguments = {"random_state": random_state, "k_neighbors": k_neighbors}
    rows, labels = SMOTE(**arguments).fit_resample(X, y)
    sampler = imblearn.over_sampling.SMOTE(**arguments)
    expected, expected_labels = sampler.fit_resample(X, y)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(labels, expected_labels)


def test_gives_the_rows_of_imbalanced_learn_from_a_generator():
    X, y = data()
    ours = SMOTE(random_state=np.random.RandomState(5)).fit_resample(X, y)[0]
    theirs = imblearn.over_sampling.SMOTE(random_state=np.random.RandomState(5))
    np.testing.assert_array_equal(ours, theirs.fit_resample(X, y)[0])


def test_on_real_data():
    X, y = load_breast_cancer(return_X_y=True)
    ours = SMOTE(random_state=0).fit_resample(X, y)[0]
    theirs = imblearn.over_sampling.SMOTE(random_state=0).fit_resample(X, y)[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-15)


STRATEGIES = [
    "auto",
    "all",
    "minority",
    "not minority",
    "not majority",
    {0: 150, 1: 200},
    {2: 400},
    lambda y: {0: 99},
]


@pytest.mark.parametrize("sampling_strategy", STRATEGIES, ids=str)
def test_sampling_strategy(sampling_strategy):
    X, y = data()
    ours = SMOTE(sampling_strategy=sampling_strategy, random_state=0)
    theirs = imblearn.over_sampling.SMOTE(sampling_strategy=sampling_strategy, random_state=0)
    got, expected = ours.fit_resample(X, y), theirs.fit_resample(X, y)
    assert ours.sampling_strategy_ == dict(theirs.sampling_strategy_)
    assert list(ours.sampling_strategy_) == list(theirs.sampling_strategy_)
    np.testing.assert_array_equal(got[0], expected[0])
    np.testing.assert_array_equal(got[1], expected[1])
    assert clone(ours).fit(X, y).sampling_strategy_ == ours.sampling_strategy_


@pytest.mark.parametrize("ratio", [0.5, 0.73, 1.0, 1])
def test_ratio(ratio):
    X, y = data()
    X, y = X[y != 1], y[y != 1]
    ours = SMOTE(sampling_strategy=ratio, random_state=0)
    theirs = imblearn.over_sampling.SMOTE(sampling_strategy=ratio, random_state=0)
    np.testing.assert_array_equal(ours.fit_resample(X, y)[0], theirs.fit_resample(X, y)[0])


@pytest.mark.parametrize(
    ("parameters", "classes"),
    [
        ({"sampling_strategy": 0.5}, 3),
        ({"sampling_strategy": 0.01}, 2),
        ({"sampling_strategy": {0: 1}}, 3),
        ({"sampling_strategy": {0: -1}}, 3),
        ({"sampling_strategy": {7: 1000}}, 3),
        ({"sampling_strategy": "auto", "k_neighbors": 300}, 3),
        ({"sampling_strategy": "everything"}, 3),
        ({"sampling_strategy": 2}, 3),
        ({"sampling_strategy": [0]}, 3),
        ({"k_neighbors": 0}, 3),
        ({"k_neighbors": 2.5}, 3),
        ({"k_neighbors": "five"}, 3),
        ({"random_state": "seed"}, 3),
    ],
)
def test_errors_are_those_of_imbalanced_learn(parameters, classes):
    X, y = data(classes=classes)
    with pytest.raises(ValueError) as theirs:
        imblearn.over_sampling.SMOTE(**parameters).fit_resample(X, y)
    with pytest.raises(ValueError) as ours:
        SMOTE(**parameters).fit_resample(X, y)
    # Python does not fix the order in which the allowed strings are listed.
    assert sorted(str(ours.value)) == sorted(str(theirs.value))


def test_one_class():
    X, _ = data()
    with pytest.raises(ValueError, match=r"needs to have more than 1 class\. Got 1 class instead"):
        SMOTE().fit_resample(X, np.zeros(len(X)))


def test_no_class_grows():
    X, y = data(classes=2)
    rows, labels = SMOTE(sampling_strategy={0: np.sum(y == 0)}, store_provenance=True).fit_resample(
        X, y
    )
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(labels, y)


def test_neighbours_object():
    X, y = data()
    neighbors = NearestNeighbors(n_neighbors=4, metric="manhattan")
    ours = SMOTE(k_neighbors=neighbors, random_state=0, store_provenance=True)
    theirs = imblearn.over_sampling.SMOTE(k_neighbors=neighbors, random_state=0)
    np.testing.assert_array_equal(ours.fit_resample(X, y)[0], theirs.fit_resample(X, y)[0])
    assert ours.nn_k_ is not neighbors
    assert ours.nn_k_.n_neighbors == 4
    assert not hasattr(neighbors, "n_features_in_")
    assert (ours.synthetic_base_ != ours.synthetic_neighbor_).all()


def test_attributes():
    X, y = data()
    sampler = SMOTE().fit(pd.DataFrame(X, columns=[f"c{j}" for j in range(9)]), y)
    assert sampler.n_features_in_ == 9
    assert list(sampler.get_feature_names_out()) == list(sampler.feature_names_in_)
    sampler.fit_resample(X, y)
    assert sampler.nn_k_.n_neighbors == 6
    assert not hasattr(sampler, "feature_names_in_")
    assert not hasattr(sampler, "synthetic_base_")


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csc_array])
@pytest.mark.parametrize("random_stream", ["numpy", "philox"])
def test_provenance(container, random_stream):
    X, y = data()
    sampler = SMOTE(random_state=0, store_provenance=True, random_stream=random_stream)
    rows, labels = sampler.fit_resample(container(X), y)
    rows = rows.toarray() if sp.issparse(rows) else rows
    base, neighbor = sampler.synthetic_base_, sampler.synthetic_neighbor_
    fraction = sampler.synthetic_fraction_
    np.testing.assert_array_equal(y[base], labels[len(y) :])
    np.testing.assert_array_equal(y[neighbor], labels[len(y) :])
    np.testing.assert_array_equal(
        rows[len(X) :], X[base] + fraction[:, None] * (X[neighbor] - X[base])
    )
    for label in np.unique(labels[len(y) :]):
        of_class = np.flatnonzero(y == label)
        place = np.searchsorted(of_class, base[labels[len(y) :] == label])
        nearest = of_class[pairwise.knn(X[of_class], 5)[1][place]]
        assert (nearest == neighbor[labels[len(y) :] == label][:, None]).any(axis=1).all()
    sampler.set_params(store_provenance=False).fit_resample(X, y)
    assert not hasattr(sampler, "synthetic_base_")


# in company


def test_in_the_pipeline_of_imbalanced_learn():
    X, y = data()
    model = LogisticRegression()
    ours = imblearn.pipeline.make_pipeline(SMOTE(random_state=0), model).fit(X, y)
    theirs = imblearn.over_sampling.SMOTE(random_state=0)
    theirs = imblearn.pipeline.make_pipeline(theirs, clone(model)).fit(X, y)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_does_not_import_imbalanced_learn():
    code = (
        "import sys, numpy as np; from mlqa_fast.over_sampling import SMOTE;"
        "SMOTE(k_neighbors=1).fit_resample(np.arange(10.0)[:, None], [0] * 3 + [1] * 7);"
        "assert 'imblearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_result_is_one_allocation_from_the_arena():
    X, y = data(20_000, classes=2)
    limit = memory.arena_limit()
    try:
        memory.arena_set_limit(2**28)
        memory.arena_trim()
        rows, _ = SMOTE(random_state=0).fit_resample(X, y)
        size = rows.nbytes
        before = memory.arena_kept()
        del rows
        assert memory.arena_kept() - before >= size
    finally:
        memory.arena_set_limit(limit)


# the binding


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": np.array([0, 5])}, "must be rows of X"),
        ({"neighbor": np.array([0, -1])}, "must be rows of X"),
        ({"fraction": np.zeros(3)}, "vectors of the same length"),
        ({"first": 4}, "room for the new rows"),
        ({"first": -1}, "room for the new rows"),
        ({"out": np.zeros((5, 3))}, "same number of columns"),
    ],
)
def test_the_binding_is_safe(change, message):
    arguments = {
        "rows": np.zeros((5, 2)),
        "base": np.array([0, 1]),
        "neighbor": np.array([1, 2]),
        "fraction": np.zeros(2),
        "out": np.zeros((5, 2)),
    }
    core.interpolate(**arguments)
    with pytest.raises(ValueError, match=message):
        core.interpolate(**arguments | change)


def test_the_binding_reads_no_row_that_it_writes():
    rows = np.zeros((5, 2))
    ends = np.array([3]), np.array([0]), np.zeros(1)
    with pytest.raises(ValueError, match="must be rows of X"):
        core.interpolate(rows, *ends, rows, 3)
