"""Memory of results: aligned, reused, bounded, known to Python, safe to resize and to fork."""

import gc
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core

MB = 2**20
posix = pytest.mark.skipif(os.name != "posix", reason="blocks are kept on POSIX systems alone")


@pytest.fixture(autouse=True)
def nothing_kept():
    gc.collect()
    limit = core.arena_limit()
    core.arena_set_limit(64 * MB)
    core.arena_trim()
    yield
    core.arena_set_limit(limit)


def array(n_bytes):
    return core.empty([n_bytes], np.dtype(np.uint8))


@pytest.mark.parametrize("n_bytes", [0, 1, 63, 64, 1000, MB - 1, MB, MB + 1, 5 * MB + 3])
@pytest.mark.sanitize
def test_aligned_writable_and_owned(n_bytes):
    made = array(n_bytes)
    assert made.ctypes.data % 64 == 0
    assert made.flags.owndata
    assert made.flags.writeable
    made[...] = 7
    assert made.sum(dtype=int) == 7 * n_bytes


@posix
def test_freed_blocks_are_reused():
    first = array(10 * MB)
    address = first.ctypes.data
    assert core.arena_kept() == 0
    del first
    assert core.arena_kept() == 10 * MB
    again = array(9 * MB)  # within a quarter of the block's size
    assert again.ctypes.data == address
    assert core.arena_kept() == 0


@posix
def test_a_small_request_does_not_take_a_large_block():
    del_me = array(32 * MB)
    del del_me
    kept = array(4 * MB)
    assert core.arena_kept() == 32 * MB
    del kept


@posix
def test_zeroed_memory_is_zero_also_when_reused():
    dirty = array(4 * MB)
    dirty[...] = 255
    dirty.resize(6 * MB, refcheck=False)  # NumPy zeroes what it adds
    assert dirty[: 4 * MB].min() == 255
    assert dirty[4 * MB :].max() == 0


@posix
def test_no_more_is_kept_than_the_limit():
    core.arena_set_limit(8 * MB)
    blocks = [array(n * MB) for n in (2, 4, 6, 20)]
    blocks.clear()
    assert core.arena_kept() <= 8 * MB
    core.arena_set_limit(1 * MB)
    assert core.arena_kept() == 0
    one = array(2 * MB)
    del one
    assert core.arena_kept() == 0


@posix
def test_trim_gives_everything_back():
    blocks = [array(4 * MB), array(6 * MB)]
    blocks.clear()
    assert mlqa_fast.trim_memory() == 10 * MB
    assert core.arena_kept() == 0
    assert mlqa_fast.trim_memory() == 0


@pytest.mark.parametrize("small", [100, 4 * MB])
@pytest.mark.parametrize("large", [1000, 9 * MB])
@pytest.mark.sanitize
def test_resize_keeps_what_there_was(small, large):
    made = array(small)
    made[...] = np.arange(small) % 251
    made.resize(large, refcheck=False)
    both = min(small, large)
    np.testing.assert_array_equal(made[:both], np.arange(both) % 251)
    made.resize(small, refcheck=False)
    np.testing.assert_array_equal(made[:both], np.arange(both) % 251)


@pytest.mark.parametrize("shape", [[2**62], [2**40, 2**40], [2**63 - 1], [2**31, 2**31, 2**31]])
def test_sizes_that_overflow_or_do_not_exist(shape):
    with pytest.raises((MemoryError, ValueError)):
        core.empty(shape, np.dtype(float))


def test_negative_shape():
    with pytest.raises(ValueError, match="negative"):
        core.empty([-1], np.dtype(float))


def test_tracemalloc_sees_arrays():
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = array(5 * MB)
        assert tracemalloc.get_traced_memory()[0] - before >= 5 * MB
        del made
        assert tracemalloc.get_traced_memory()[0] - before < MB
    finally:
        tracemalloc.stop()


def test_only_our_arrays_come_from_the_arena():
    core.empty([10], np.dtype(float))
    numpy_core = np._core if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else np.core
    handler = numpy_core.multiarray.get_handler_name
    assert handler(array(10)) == "mlqa_fast_arena"
    assert handler(np.empty(10)) == "default_allocator"


def limit_in_fresh_interpreter(**environment):
    code = "from mlqa_fast._mlqa_fast_core import core; print(core.arena_limit())"
    environment = {k: v for k, v in os.environ.items() if k != "MLQA_FAST_ARENA_MB"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize(("value", "limit"), [("0", 0), ("10", 10 * MB), ("0.5", MB // 2)])
def test_limit_from_the_environment(value, limit):
    assert limit_in_fresh_interpreter(MLQA_FAST_ARENA_MB=value) == limit


@posix
@pytest.mark.parametrize("value", [None, "", "many", "-5", "10 MB", "nan"])
def test_default_limit(value):
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    given = {} if value is None else {"MLQA_FAST_ARENA_MB": value}
    assert limit_in_fresh_interpreter(**given) == min(256 * MB, memory // 16)


def test_an_endless_limit_is_a_large_one():
    assert limit_in_fresh_interpreter(MLQA_FAST_ARENA_MB="inf") > 2**40


@posix
def test_a_forked_child_starts_with_nothing_kept():
    code = """
import os
import numpy as np
from mlqa_fast._mlqa_fast_core import core
core.arena_set_limit(64 << 20)
live = core.empty([4 << 20], np.dtype(np.uint8))
live[...] = 3
gone = core.empty([8 << 20], np.dtype(np.uint8))
del gone
assert core.arena_kept() == 8 << 20
child = os.fork()
if child == 0:
    good = core.arena_kept() == 0 and live.min() == live.max() == 3
    del live
    good = good and core.arena_kept() == 4 << 20
    os._exit(0 if good else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert core.arena_kept() == 8 << 20
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
