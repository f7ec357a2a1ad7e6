"""Groups of rows multiplied in split bfloat16: by the processor's tiles, and by their model."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core as levels
from mlqa_fast._mlqa_fast_core import pairwise as core
from mlqa_fast.pairwise import knn
from mlqa_fast.reference import pairwise as reference
from pairwise.test_cross import assert_exact_part
from pairwise.test_knn import (
    BEYOND_FLOAT32,
    KINDS_AND_TYPES,
    assert_exact,
    loses_neighbours,
    screened,
    wide,
)
from rows import KINDS, identical, plain

TILES = "x86-64-v4-amx"
HAS_TILES = TILES in levels.isa_levels()
needs_tiles = pytest.mark.skipif(not HAS_TILES, reason="a processor with AMX")


def use(products):
    """Choose what multiplies; the tiles at the one level that has them."""
    if products == "tiles":
        levels.isa_use(TILES)
    core.use_products(products)


@pytest.fixture(params=["model", pytest.param("tiles", marks=needs_tiles)])
def split(request):
    """Run the test with the model of the product, and on a processor that has it with its tiles."""
    before = levels.isa_current()
    use(request.param)
    yield request.param
    core.use_products("by shape")
    levels.isa_use(before)


@pytest.fixture
def model(isa):
    """Run the test with the model, compiled for each instruction set."""
    core.use_products("model")
    yield isa
    core.use_products("by shape")


@pytest.mark.sanitize
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_rows_among_themselves(kind, split, rng):
    X = kind(rng, 1057, 21)
    assert_exact(X, 5, n_jobs=3)
    with np.errstate(over="ignore"):
        single = X.astype(np.float32)
    if np.isfinite(single).all():
        assert_exact(single, 3)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_another_set_and_a_part_of_the_rows(kind, split, rng):
    X = kind(rng, 2000, 20)
    assert_exact(X[:300], 5, queries=X[200:], n_jobs=3)
    assert_exact_part(X, 5, rng.permutation(len(X))[:1700])


@pytest.mark.parametrize("d", [1, 2, 31, 32, 33, 63, 64, 65, 100, 129])
def test_every_remainder_of_features(d, split, rng):
    X = plain(rng, 300, d)
    assert_exact(X if d > 8 else wide(X), 5)


@pytest.mark.parametrize("n", [256, 257, 287, 288, 289, 511, 513])
@pytest.mark.parametrize("k", [1, 5, 64])
def test_every_remainder_of_rows(n, k, split, rng):
    """Duplicates as well: the limit of the places for candidates is met."""
    X = plain(rng, n, 7)
    X[200:] = X[rng.integers(30, size=n - 200)]
    assert_exact(wide(X), k)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_on_every_instruction_set(dtype, model, rng):
    assert_exact(plain(rng, 600, 35).astype(dtype), 6)


def test_clusters_far_from_each_other(split, rng):
    """The error of the product is larger than the clusters."""
    centres = 1e5 * rng.normal(size=(12, 40))
    X = centres[rng.integers(12, size=1200)] + rng.normal(size=(1200, 40))
    assert_exact(X, 6)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_boxes_rule_out_most(d, split, rng):
    """Few features: a box that misses a row loses neighbours, on either side."""
    X = wide(plain(rng, 2500, d))
    assert_exact(X, 5)
    Q = wide(plain(rng, 20000, d))
    few = rng.integers(len(Q), size=300)
    expected = reference.knn(X[:1000], 4, queries=Q[few])
    np.testing.assert_array_equal(core.knn_between(X[:1000], Q, 4)[1][few], expected[1])


def test_the_nearest_is_in_the_next_group(split, rng):
    """Pairs that the groups' bounds cut in two: a box that misses one row loses its partner."""
    pairs = np.arange(1.0, 161)
    X = np.concatenate([[0.0], pairs, pairs + 0.1])
    for _ in range(30):
        assert_exact(wide(rng.permutation(X)[:, None]), 1)


def test_boxes_that_touch(split, rng):
    """A lattice: equal distances on both sides of every box, the lower index comes first."""
    side = np.arange(9.0)
    X = wide(np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3))
    assert_exact(X, 6)
    assert_exact(X[rng.permutation(len(X))], 20)


def test_values_that_the_parts_hold(split, rng):
    """Integers: there is no rest, and all products are exact."""
    assert_exact(rng.integers(-128, 129, size=(700, 40)).astype(float), 5)


# The bound.


@pytest.mark.parametrize(("kind", "dtype"), KINDS_AND_TYPES)
@pytest.mark.parametrize("d", [1, 5, 64, 300])
def test_every_pair_is_within_the_bound(kind, dtype, d, split, rng):
    X = kind(rng, 150, d).astype(dtype)
    if kind in BEYOND_FLOAT32[:2] or core.knn_screen(X, X) is None:
        assert kind in (*BEYOND_FLOAT32, identical) or (X[0] == X).all()
        return
    screened(X, True)


@pytest.mark.parametrize("d", [1, 64, 256, 1000])
def test_a_tenth_of_the_bound_is_attained(d, split):
    """Rows +x and -x of one value: what the split leaves out adds up."""
    attained = 0.0
    for eps in 2.0 ** np.arange(-13.0, -7.0, 0.25):
        x = np.full((1, d), 1 + eps)
        _, _, _, error = screened(np.concatenate([x, -x]), True)
        attained = max(attained, error.max())
    assert attained >= 0.1


def test_a_64th_of_the_bound_would_lose_neighbours(split, rng):
    losses = loses_neighbours(rng, True)
    assert losses[1.0] == 0
    assert losses[1 / 64] > 0


# The processor's tiles.


@needs_tiles
@pytest.mark.parametrize("d", [2, 17, 32, 50, 64, 100, 784])
@pytest.mark.parametrize("kind", [plain, *KINDS[1:8]], ids=lambda kind: kind.__name__)
def test_tiles_and_model_give_the_same_bits(d, kind, rng):
    X = kind(rng, 97, d)
    before = levels.isa_current()
    found = []
    for products in ("model", "tiles"):
        use(products)
        found.append(core.knn_screen(X, X, True))
    core.use_products("by shape")
    levels.isa_use(before)
    for of_model, of_tiles in zip(*found, strict=True):
        np.testing.assert_array_equal(of_model, of_tiles)


@needs_tiles
def test_tiles_are_what_many_features_take(rng):
    """At their level, without being asked to; at no other, and not for few features."""
    bounds = {}
    before = levels.isa_current()
    for level in levels.isa_levels()[-2:]:
        levels.isa_use(level)
        for d in (10, 100):
            X = plain(np.random.default_rng(d), 40, d)
            bounds[level, d] = core.knn_screen(X, X, True)[0]
    levels.isa_use(before)
    below = levels.isa_levels()[-2]
    np.testing.assert_array_equal(bounds[below, 10], bounds[TILES, 10])
    assert (bounds[below, 100] != bounds[TILES, 100]).any()


@needs_tiles
def test_threads_that_ask_at_the_same_time(rng):
    """Each thread has tile registers of its own."""
    X = plain(rng, 1500, 60)
    expected = reference.knn(X, 5)[1]
    found = [None] * 4

    def ask(i):
        found[i] = knn(X, 5, n_jobs=2)[1]

    before = levels.isa_current()
    use("tiles")
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    core.use_products("by shape")
    levels.isa_use(before)
    for index in found:
        np.testing.assert_array_equal(index, expected)


def test_products_that_there_are_not():
    with pytest.raises(ValueError, match="no products are called bogus"):
        core.use_products("bogus")


REFUSED = """
import ctypes
import numpy as np
from mlqa_fast._mlqa_fast_core import core, pairwise

class Stack(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

memory = ctypes.create_string_buffer(8192)
stack = Stack(ctypes.addressof(memory), 0, len(memory))
assert ctypes.CDLL(None).sigaltstack(ctypes.byref(stack), None) == 0
X = np.random.default_rng(0).normal(size=(300, 60))
found = []
for level in core.isa_levels()[-2:]:
    core.isa_use(level)
    found += [pairwise.knn_screen(X, X, True)[0], pairwise.knn_within(X, 5)[1]]
print(np.array_equal(found[0], found[2]), np.array_equal(found[1], found[3]))
"""


@needs_tiles
def test_a_system_that_refuses():
    """It does where the stack of signals is too small for the tiles: float32 products then."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", REFUSED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True True"), done.stderr
