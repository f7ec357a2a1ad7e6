"""The tile engine: products of packed rows, every shape and instruction set."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core, pairwise


@pytest.fixture(params=core.isa_levels())
def level(request):
    before = core.isa_current()
    core.isa_use(request.param)
    yield request.param
    core.isa_use(before)


def gamma(d, unit):
    """Higham 2002, eq. 3.5, for products and sums that round separately."""
    return 2 * d * unit / (1 - 2 * d * unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("m", "n", "d"), [(1, 1, 1), (5, 33, 3), (12, 32, 8), (13, 65, 17), (50, 100, 130)]
)
def test_products_are_within_the_bound(level, dtype, m, n, d):
    rng = np.random.default_rng(m * n * d)
    a = rng.normal(size=(m, d)).astype(dtype)
    b = rng.normal(size=(n, d)).astype(dtype)
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble).T
    bound = gamma(d, np.finfo(dtype).eps / 2) * (np.abs(a).astype(np.longdouble) @ np.abs(b).T)
    assert (np.abs(pairwise.product(a, b) - exact) <= bound).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pair_has_the_same_bits_in_any_tile_and_order(level, dtype):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(70, 19)).astype(dtype)
    whole = pairwise.product(a, a)
    np.testing.assert_array_equal(whole, whole.T)
    order = rng.permutation(len(a))
    np.testing.assert_array_equal(pairwise.product(a[order], a[order]), whole[np.ix_(order, order)])
    np.testing.assert_array_equal(pairwise.product(a[3:4], a), whole[3:4])


def test_small_integers_are_exact(level):
    rng = np.random.default_rng(1)
    a = rng.integers(-50, 50, size=(40, 25)).astype(np.float32)
    np.testing.assert_array_equal(pairwise.product(a, a), (a @ a.T).astype(np.float32))
