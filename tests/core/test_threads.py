"""The pool of threads: its size, many small regions, a system without threads."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlqa_fast._mlqa_fast_core import core


@given(chunks=st.integers(0, 300), length=st.integers(0, 50), n_jobs=st.integers(-4, 20))
def test_any_shape_on_any_number_of_threads(chunks, length, n_jobs):
    assert core.busy_sum(chunks, length, n_jobs) == core.busy_sum(chunks, length, 1)


@pytest.mark.sanitize
def test_many_small_regions():
    want = [core.busy_sum(n % 7, 5, 1) for n in range(2000)]
    assert [core.busy_sum(n % 7, 5, 1 + n % 5) for n in range(2000)] == want


def test_workers_are_started_as_needed_and_kept():
    core.shutdown_threads()
    assert core.worker_threads() == 0
    core.busy_sum(1, 10, 8)
    assert core.worker_threads() == 0  # one chunk is serial work
    core.busy_sum(3, 10, 8)
    assert core.worker_threads() == 2  # no more than there are chunks
    core.busy_sum(100, 10, 5)
    assert core.worker_threads() == 4
    core.busy_sum(100, 10, 2)
    assert core.worker_threads() == 4
    core.shutdown_threads()
    assert core.worker_threads() == 0


def test_the_limit_is_kept_within_reason():
    before = core.get_num_threads()
    for wanted, got in [(0, 1), (-5, 1), (7, 7), (10_000, 256)]:
        core.set_num_threads(wanted)
        assert core.get_num_threads() == got
    core.set_num_threads(before)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_system_without_threads_is_survived():
    code = """
import resource
from mlqa_fast._mlqa_fast_core import core
want = core.busy_sum(1000, 100, 1)
with open("/proc/self/statm") as file:
    mapped = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + (24 << 20),) * 2)  # room for two or three stacks
got = core.busy_sum(1000, 100, 64)
assert got == want
print(core.worker_threads())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 63
