"""Queries by groups: many of them, in another set or a part of the rows among all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference
from pairwise.test_knn import assert_exact, wide
from rows import KINDS, plain

D = 20
QUERIES = 1700  # with D features as many as make groups pay


def assert_exact_part(X, k, queries):
    squared, index = core.knn_within(X, k, None, queries, distances=True, n_jobs=3)
    expected_squared, expected_index = reference.knn(X, k)
    np.testing.assert_array_equal(index, expected_index[queries])
    np.testing.assert_array_equal(squared, expected_squared[queries])


@pytest.mark.sanitize
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_another_set(kind, rng):
    """Base and queries are of one kind, a third of the queries rows of the base."""
    X = kind(rng, 300 + QUERIES, D)
    Q = X[300:].copy()
    Q[::3] = X[rng.integers(300, size=len(Q[::3]))]
    assert_exact(X[:300], 5, queries=Q, n_jobs=3)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_part_of_the_rows(kind, rng):
    X = kind(rng, QUERIES + 100, D)
    assert_exact_part(X, 5, rng.permutation(len(X))[:QUERIES])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 5, 64, 65])
def test_types_and_neighbours(dtype, k, isa, rng):
    X, Q = rng.normal(size=(257, D)).astype(dtype), rng.normal(size=(QUERIES, D)).astype(dtype)
    Q[:200] = X[rng.integers(40, size=200)]
    assert_exact(X, k, queries=Q)


@pytest.mark.parametrize("n", [255, 256, 257, 287, 288, 289])
def test_every_remainder_of_rows(n, isa, rng):
    assert_exact(plain(rng, n, 33), 4, queries=plain(rng, 1000 + n, 33))


def test_queries_asked_more_than_once(rng):
    assert_exact_part(plain(rng, 900, D), 3, rng.integers(900, size=QUERIES))


def test_clusters_that_single_rows_rule_out(isa, rng):
    """Boxes are long: those nearby rule out few groups, but single rows are far from them."""
    spread = np.array([50, 1, 1, 1, 0.1, 0.1])
    X = wide(rng.normal(size=(1200, 6)) * spread)
    assert_exact(X, 5)
    assert_exact(X, 5, queries=wide(rng.normal(size=(4000, 6)) * spread))


def test_queries_far_outside(isa, rng):
    assert_exact(plain(rng, 400, D), 3, queries=plain(rng, QUERIES, D) * 1e9)


@given(st.integers(256, 600), st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_hypothesis(n, seed, dtype):
    generator = np.random.default_rng(seed)
    X = generator.choice([0, 1, -1, 1e-3, 1e5, 1e-20, 3.3], size=(n + 400, 90))
    X = (
        X + generator.normal(size=X.shape) * generator.choice([0, 1e-9, 1], size=(n + 400, 1))
    ).astype(dtype)
    squared, index = knn(X[:n], 3, queries=X[n:])
    expected_squared, expected_index = reference.knn(X[:n], 3, queries=X[n:])
    np.testing.assert_array_equal(index, expected_index)
    np.testing.assert_array_equal(squared, expected_squared)
