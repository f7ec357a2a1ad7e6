"""The same bits whatever the threads do, and threads that live well with everything else."""

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from mlqa_fast import _threadpool
from mlqa_fast._mlqa_fast_core import core
from rooms import ROOMS, arrays_of, shifted

every_room = pytest.mark.parametrize("room", ROOMS, ids=str)


def some_sanitized(name, values, chosen):
    """All values, the chosen ones also under the sanitizers, which take many times as long."""
    marked = [pytest.param(v, marks=pytest.mark.sanitize if v in chosen else ()) for v in values]
    return pytest.mark.parametrize(name, marked)


def run(room, n_jobs=1, offset=None):
    inputs = room.inputs(np.random.default_rng(11))
    if offset is not None:
        inputs = shifted(inputs, offset)
    return arrays_of(room.run(n_jobs, **inputs))


def assert_same_bits(got, want):
    assert len(got) == len(want) > 0
    for mine, expected in zip(got, want, strict=True):
        assert (mine.shape, mine.dtype) == (expected.shape, expected.dtype)
        same = (
            mine.tolist() == expected.tolist()
            if mine.dtype.hasobject
            else mine.tobytes() == expected.tobytes()
        )
        assert same, f"bits differ: at most by {np.max(np.abs(mine - expected))}"


@every_room
@some_sanitized("n_jobs", [2, 3, 4, 8, 16], chosen=[2, 8])
def test_same_bits_for_any_number_of_threads(room, n_jobs):
    assert_same_bits(run(room, n_jobs), run(room, 1))


@every_room
def test_same_bits_twenty_times(room):
    first = run(room, 2)
    for _ in range(19):
        assert_same_bits(run(room, 2), first)


@every_room
@some_sanitized("offset", range(4, 61, 4), chosen=[4, 24, 52])
def test_same_bits_for_any_alignment(room, offset):
    """Some offsets are no multiple of the item size: misaligned arrays, which must work as well."""
    assert_same_bits(run(room, 2, offset), run(room, 2, 0))


@every_room
@pytest.mark.usefixtures("busy_pool")
def test_same_bits_beside_a_busy_pool(room):
    want = run(room, 1)
    for _ in range(5):
        assert_same_bits(run(room, 4), want)


@every_room
@pytest.mark.sanitize
def test_sixteen_python_threads_at_once(room):
    want = run(room, 1)
    results = {}
    start = threading.Barrier(16)

    def call(index):
        start.wait()
        results[index] = run(room, 2)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 16
    for result in results.values():
        assert_same_bits(result, want)


def test_threadpoolctl_limits_the_pool():
    with threadpoolctl.threadpool_limits(3, user_api="mlqa_fast"):
        assert core.get_num_threads() == 3
        assert core.resolve_threads(0) == 3
        core.shutdown_threads()
        core.busy_sum(100, 1000, 0)
        assert core.worker_threads() == 2
    assert core.get_num_threads() != 3 or core.available_threads() == 3


def test_threadpoolctl_shows_the_pool():
    (shown,) = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "mlqa_fast"]
    assert shown["num_threads"] == core.get_num_threads()
    assert shown["instruction_set"] == core.isa_current()


@pytest.mark.parametrize(
    ("n_jobs", "threads"),
    [
        (None, core.get_num_threads()),
        (1, 1),
        (3, 3),
        (-1, core.available_threads()),
        (-2, max(1, core.available_threads() - 1)),
        (-1000, 1),
        (np.int64(2), 2),
        (100_000, 256),
        (2**40, 256),
        (-(2**40), 1),
    ],
)
def test_n_jobs(n_jobs, threads):
    assert core.resolve_threads(_threadpool.n_threads(n_jobs)) == threads


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, ValueError), (2.0, TypeError), (True, TypeError), ("all", TypeError)]
)
def test_n_jobs_that_is_none(n_jobs, error):
    with pytest.raises(error, match=r"n_jobs must be .* integer or None, got"):
        _threadpool.n_threads(n_jobs)


def in_fresh_interpreter(code, *, flags=(), **environment):
    """What `code` prints; warnings are errors."""
    command = [sys.executable, "-W", "error", *flags, "-c", code]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("wanted", "got"), [("1", 1), ("100000", None), ("1,4", 1), ("none", None), ("-3", None)]
)
def test_omp_num_threads(wanted, got):
    code = "from mlqa_fast._mlqa_fast_core import core; print(core.get_num_threads())"
    answer = in_fresh_interpreter(code, OMP_NUM_THREADS=wanted)
    assert int(answer) == (core.available_threads() if got is None else got)


def test_idle_workers_can_be_joined():
    core.busy_sum(100, 1000, 3)
    assert core.worker_threads() == 2
    core.shutdown_threads()
    assert core.worker_threads() == 0
    before = (
        threading.active_count(),
        len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0,
    )
    core.busy_sum(100, 1000, 3)
    core.shutdown_threads()
    after = (
        threading.active_count(),
        len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0,
    )
    assert after == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows starts processes by spawn alone")
def test_forking_after_parallel_use_warns_of_no_threads():
    code = """
import multiprocessing
import os
from mlqa_fast._mlqa_fast_core import core
for _ in range(3):
    core.busy_sum(100, 1000, 4)
    child = os.fork()
    if child == 0:
        os._exit(0 if core.busy_sum(100, 1000, 4) == core.busy_sum(100, 1000, 1) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert in_fresh_interpreter(code).split() == ["0", "0", "0"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows starts processes by spawn alone")
def test_forking_while_another_thread_computes():
    """The child has its own pool, whatever the parent's was doing."""
    code = """
import os, threading
from mlqa_fast._mlqa_fast_core import core
done = threading.Event()
def compute():
    while not done.is_set():
        core.busy_sum(100, 2000, 2)
thread = threading.Thread(target=compute)
thread.start()
codes = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if core.busy_sum(100, 1000, 4) == core.busy_sum(100, 1000, 1) else 1)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
done.set()
thread.join()
print(*codes)
"""
    # Python itself warns here, rightly: the program has a thread of its own.
    assert in_fresh_interpreter(code, flags=("-W", "ignore")).split() == ["0"] * 20


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_worker_processes_give_the_same_bits(method):
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, here / "processes.py", method],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
