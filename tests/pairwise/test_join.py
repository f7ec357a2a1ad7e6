"""All rows among themselves, by groups that meet each other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import core
from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference
from rows import NARROW, SCALES


@settings(max_examples=200)
@given(
    st.integers(256, 500),
    st.integers(9, 70),
    st.integers(0, 2**32 - 1),
    st.sampled_from(NARROW),
    st.sampled_from(SCALES),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(core.isa_levels()),
    st.integers(1, 30),
)
def test_hypothesis(n, d, seed, kind, scale, dtype, level, k):
    """More features than the tree takes; from 48 on also products in split bfloat16."""
    X = kind(np.random.default_rng(seed), n, d) * scale
    with np.errstate(over="ignore", under="ignore"):
        X = X.astype(dtype)
    X[~np.isfinite(X)] = 0
    expected = reference.knn(X, k)
    before = core.isa_current()
    core.isa_use(level)
    try:
        squared, index = knn(X, k)
    finally:
        core.isa_use(before)
    np.testing.assert_array_equal(index, expected[1])
    np.testing.assert_array_equal(squared, expected[0])
