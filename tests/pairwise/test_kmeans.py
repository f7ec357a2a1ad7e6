"""K-means: labels, centres and seeds against the definition, and against scikit-learn."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import kmeans
from mlqa_fast.reference import pairwise as reference
from mlqa_fast.reference.pairwise import squared_distances
from mlqa_fast.reference.pairwise._kmeans import seeds as reference_seeds
from rows import duplicates, identical, large, plain

quiet = pytest.mark.filterwarnings("ignore:Number of distinct clusters")


def clusters(rng, n, d):
    """Some tight, some wide, of very different distances to the mean."""
    centres = rng.normal(size=(9, d)) * rng.choice([1, 30], size=(9, 1))
    return centres[rng.integers(9, size=n)] + rng.normal(size=(n, d)) * rng.choice(
        [1e-3, 1], (n, 1)
    )


def integers(rng, n, d):
    """Many rows equally far from several centres."""
    return rng.integers(-2, 3, size=(n, d)).astype(float)


def far_from_zero(rng, n, d):
    return rng.normal(size=(n, d)) + 1e5


def nearly_equal(rng, n, d):
    """With an outlier that sets the scale: float32 hardly tells the others apart."""
    X = 1 + 1e-7 * rng.normal(size=(n, d))
    X[n // 2] = -1e3
    return X


def tiny(rng, n, d):
    return rng.normal(size=(n, d)) * 1e-140


KINDS = [plain, clusters, duplicates, integers, far_from_zero, nearly_equal, large, tiny]
kinds = pytest.mark.parametrize("kind", [*KINDS, identical], ids=lambda kind: kind.__name__)


def labels_of(X, centres):
    return squared_distances(X, centres).argmin(axis=1)


def assert_certified(X, result, weight=None):
    """Labels are exact for the centres returned, the inertia is theirs."""
    centroid, label, inertia, _ = result
    np.testing.assert_array_equal(label, labels_of(X, centroid))
    distances = squared_distances(X, centroid)[np.arange(len(X)), label]
    expected = math.fsum(distances * (1 if weight is None else weight))
    assert inertia == pytest.approx(expected, rel=1e-13, abs=0)


def assert_as_defined(X, k, init, **parameters):
    result = kmeans(X, k, init=init, **parameters)
    expected = reference.kmeans(X, k, init=init, **parameters)
    np.testing.assert_array_equal(result[0], expected[0])  # to the last bit
    np.testing.assert_array_equal(result[1], expected[1])
    assert result[2] == pytest.approx(expected[2], rel=1e-13, abs=0)
    assert result[3] == expected[3]
    assert result[0].dtype == expected[0].dtype
    assert_certified(X, result, parameters.get("sample_weight"))


@quiet
@pytest.mark.sanitize
@kinds
@pytest.mark.parametrize(("n", "d", "k"), [(300, 3, 7), (150, 20, 40), (97, 1, 5), (60, 9, 60)])
def test_against_the_reference(kind, n, d, k, isa, rng):
    X = kind(rng, n, d)
    assert_as_defined(X, k, X[rng.choice(n, k, replace=False)], tol=0)


@quiet
@pytest.mark.sanitize
@pytest.mark.parametrize("kind", [plain, clusters, duplicates, integers], ids=lambda k: k.__name__)
def test_float32(kind, isa, rng):
    X = kind(rng, 250, 19).astype(np.float32)
    assert_as_defined(X, 33, X[:33], tol=0)


@quiet
@pytest.mark.parametrize("kind", [plain, clusters, integers], ids=lambda kind: kind.__name__)
def test_weights(kind, isa, rng):
    X = kind(rng, 250, 4)
    weight = rng.choice([0, 0.1, 1, 3.7], size=250)
    assert_as_defined(X, 12, X[:12], sample_weight=weight)


@pytest.mark.parametrize("d", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100])
def test_every_remainder_of_features(d, isa, rng):
    X = rng.normal(size=(120, d))
    assert_as_defined(X, 5, X[:5])


@pytest.mark.parametrize("k", [1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 150])
def test_every_remainder_of_centres(k, isa, rng):
    X = rng.normal(size=(180, 3))
    assert_as_defined(X, k, X[:k])


@pytest.mark.parametrize("kind", [plain, clusters], ids=lambda kind: kind.__name__)
def test_labels_of_every_iteration(kind, isa, rng):
    """Stopped after each iteration: bounds that outlive several are put to the test."""
    X = kind(rng, 3000, 6)
    expected = start = X[:90]
    for n_iter in range(1, 15):
        label = labels_of(X, expected)
        counts = np.bincount(label, minlength=90)
        assert counts.all()
        expected = np.array(
            [[math.fsum(x) / c for x in X[label == j].T] for j, c in enumerate(counts)]
        )
        with_limit = kmeans(X, 90, init=start, max_iter=n_iter, tol=0)
        np.testing.assert_array_equal(with_limit[0], expected)
        np.testing.assert_array_equal(with_limit[1], labels_of(X, expected))


def test_more_groups_than_bounds(isa, rng):
    """Beyond 32 panels, a group holds several."""
    X = rng.normal(size=(1500, 3))
    assert_certified(X, kmeans(X, 1100, init=X[:1100], max_iter=4))


@quiet
@kinds
@pytest.mark.parametrize("k", [1, 2, 20])
def test_seeds(kind, k, isa, rng):
    X = kind(rng, 200, 5)
    weight = rng.uniform(size=200)
    trials = 2 + int(np.log(k))
    draws = np.random.RandomState(3).uniform(size=(k - 1, trials))
    generator = SimpleNamespace(choice=lambda n, p: 11, uniform=np.random.RandomState(3).uniform)
    expected = reference_seeds(X, k, weight, generator)
    seed, label = core.kmeans_seeds(X, weight, 11, draws)
    np.testing.assert_array_equal(seed, expected)
    np.testing.assert_array_equal(label, labels_of(X, X[seed]))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["digits", "plain"])
def test_scikit_learn(name, seed, rng):
    """The same seeds, the same number of iterations, the same clusters."""
    X = load_digits().data if name == "digits" else rng.normal(size=(2000, 8))
    peer = KMeans(12, random_state=seed).fit(X)
    centroid, label, inertia, n_iter = kmeans(X, 12, random_state=seed)
    np.testing.assert_array_equal(label, peer.labels_)
    np.testing.assert_allclose(centroid, peer.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert inertia == pytest.approx(peer.inertia_, rel=1e-9)
    assert n_iter == peer.n_iter_
    assert label.dtype == peer.labels_.dtype


@pytest.mark.parametrize("init", ["k-means++", "random", "callable"])
def test_several_runs_as_scikit_learn(init, rng):
    X = rng.normal(size=(300, 4))
    weight = rng.uniform(size=300)
    if init == "callable":

        def init(X, n_clusters, random_state):
            return X[random_state.permutation(len(X))[:n_clusters]]

    peer = KMeans(9, init=init, n_init=4, random_state=1).fit(X, sample_weight=weight)
    result = kmeans(X, 9, init=init, n_init=4, random_state=1, sample_weight=weight)
    np.testing.assert_array_equal(result[1], peer.labels_)
    assert result[3] == peer.n_iter_
    assert result[2] == pytest.approx(peer.inertia_, rel=1e-9)


def test_an_empty_cluster_takes_the_farthest_row():
    X = np.array([[0.0], [1.1], [2.3], [100.0], [101.7], [111.0]])
    init = np.array([[1.0], [100.0], [1e4], [2e4]])
    for max_iter in (1, 2, 10):
        peer = KMeans(4, init=init, n_init=1, max_iter=max_iter).fit(X)
        result = kmeans(X, 4, init=init, max_iter=max_iter)
        np.testing.assert_allclose(result[0], peer.cluster_centers_)
        np.testing.assert_array_equal(result[1], peer.labels_)
        assert result[3] == peer.n_iter_


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_any_number_of_threads(n_jobs, rng):
    X = clusters(rng, 5000, 7)
    expected = kmeans(X, 40, random_state=0, n_jobs=1)
    for ours, theirs in zip(kmeans(X, 40, random_state=0, n_jobs=n_jobs), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_fewer_distinct_rows_than_clusters():
    X = np.repeat(np.eye(3), 4, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(3\) .* n_clusters \(5\)"):
        result = kmeans(X, 5, random_state=0)
    assert_certified(X, result)
    assert result[2] == 0


def test_no_warning_at_max_iter(rng):
    X = rng.normal(size=(500, 3))
    result = kmeans(X, 20, random_state=0, max_iter=2, tol=0)
    assert result[3] == 2
    assert_certified(X, result)


def test_several_runs_from_given_centres(rng):
    X = rng.normal(size=(50, 2))
    with pytest.warns(RuntimeWarning, match="performing only one init"):
        kmeans(X, 3, init=X[:3], n_init=2)


def test_nothing_is_written_to(rng):
    X, init, weight = rng.normal(size=(90, 3)), rng.normal(size=(4, 3)), rng.uniform(size=90)
    for array in (X, init, weight):
        array.flags.writeable = False
    kmeans(X, 4, init=init, sample_weight=weight)


def test_integer_weights_are_repeated_rows(rng):
    X = rng.integers(-50, 50, size=(120, 3)).astype(float)
    times = rng.integers(1, 4, size=120)
    weighted = kmeans(X, 6, init=X[:6], sample_weight=times, tol=0)
    repeated = kmeans(np.repeat(X, times, axis=0), 6, init=X[:6], tol=0)
    np.testing.assert_array_equal(weighted[0], repeated[0])
    np.testing.assert_array_equal(np.repeat(weighted[1], times), repeated[1])


@quiet
@given(
    st.integers(1, 70),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64]),
    st.data(),
)
def test_hypothesis(n, d, seed, dtype, data):
    generator = np.random.default_rng(seed)
    X = generator.choice([0, 1, -1, 1e-3, 1e3, 3.3], size=(n, d))
    X = (X + generator.normal(size=(n, d)) * generator.choice([0, 1e-7, 1], (n, 1))).astype(dtype)
    k = data.draw(st.integers(1, n))
    result = kmeans(X, k, random_state=seed, max_iter=data.draw(st.integers(1, 20)))
    assert_certified(X, result)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros(3)}, "must be a matrix"),
        ({"weight": np.ones(3)}, "a number for each row"),
        ({"centres": np.zeros((2, 3))}, "the columns of x"),
        ({"centres": np.zeros((0, 2))}, "between 1 and 10"),
        ({"centres": np.zeros((11, 2))}, "between 1 and 10"),
        ({"guess": np.full(10, 2, np.int32)}, "between 0 and 1"),
        ({"guess": np.full(10, -1, np.int32)}, "between 0 and 1"),
        ({"guess": np.zeros(9, np.int32)}, "a label for each row"),
    ],
)
def test_the_binding_is_safe(change, message):
    arguments = {"x": np.zeros((10, 2)), "weight": None, "centres": np.zeros((2, 2))}
    core.kmeans_lloyd(**arguments)
    with pytest.raises(ValueError, match=message):
        core.kmeans_lloyd(**arguments | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": 10}, "a row of x"),
        ({"first": -1}, "a row of x"),
        ({"draws": np.zeros((10, 2))}, "between 1 and 10"),
        ({"draws": np.zeros((1, 0))}, "1 to 32 columns"),
        ({"draws": np.zeros((1, 33))}, "1 to 32 columns"),
    ],
)
def test_the_binding_of_the_seeds_is_safe(change, message):
    arguments = {"x": np.zeros((10, 2)), "weight": None, "first": 0, "draws": np.zeros((1, 2))}
    core.kmeans_seeds(**arguments)
    with pytest.raises(ValueError, match=message):
        core.kmeans_seeds(**arguments | change)
