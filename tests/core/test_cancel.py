"""A running call obeys signals, ``mlqa_fast.cancel()`` and its progress function."""

import math
import os
import signal
import threading

import pytest

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core

LONG = (4_000, 1_000_000)  # a call that takes several seconds
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


class SignalError(Exception):
    pass


@pytest.fixture
def alarm():
    """Sets the handler of a timer's signal that comes in 0.1 s."""

    def arm(handler):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.1)

    before = signal.getsignal(signal.SIGALRM)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@posix
@pytest.mark.sanitize
@pytest.mark.parametrize("n_jobs", [1, 2, 8])
def test_what_a_signal_handler_raises_comes_out(alarm, n_jobs):
    def handler(number, frame):
        raise SignalError

    alarm(handler)
    with pytest.raises(SignalError):
        core.busy_sum(*LONG, n_jobs)


@posix
def test_a_handler_that_returns_stops_nothing(alarm):
    seen = []
    alarm(lambda number, frame: seen.append(number))
    chunks = 100
    while not seen:  # until one call was long enough
        chunks *= 2
        total = core.busy_sum(chunks, 100_000, 2)
    assert total == core.busy_sum(chunks, 100_000, 1)


def test_calls_that_start_later_are_not_concerned():
    mlqa_fast.cancel()
    assert core.busy_sum(200, 100_000, 2) > 0


@pytest.mark.sanitize
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_counts_up(n_jobs):
    seen = []
    core.busy_sum(1000, 100_000, n_jobs, lambda *report: seen.append(report))
    done = [report[0] for report in seen]
    assert done == sorted(set(done))
    assert all(report[1] == 1000 and math.isnan(report[2]) for report in seen)
    assert seen


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_that_returns_true_ends_the_call_in_peace(n_jobs):
    calls = []

    def stop(*report):
        calls.append(report)
        return True

    core.busy_sum(*LONG, n_jobs, stop)
    assert len(calls) == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_progress_raises_comes_out(n_jobs):
    def fail(*report):
        raise SignalError("no more")

    with pytest.raises(SignalError, match="no more"):
        core.busy_sum(*LONG, n_jobs, fail)


def test_an_answer_of_progress_that_has_no_truth():
    class Undecided:
        def __bool__(self):
            raise SignalError("neither")

    with pytest.raises(SignalError, match="neither"):
        core.busy_sum(*LONG, 2, lambda *report: Undecided())


def test_cancel_from_progress():
    with pytest.raises(mlqa_fast.CancelledError, match=r"stopped by mlqa_fast\.cancel\(\)"):
        core.busy_sum(*LONG, 2, lambda *report: mlqa_fast.cancel())


def test_progress_may_compute_on_its_own():
    """A call from inside a call runs on the calling thread."""
    sums = []

    def compute(*report):
        sums.append(core.busy_sum(10, 100, 4))
        core.shutdown_threads()
        assert core.worker_threads() == -1
        return len(sums) == 3

    core.busy_sum(*LONG, 2, compute)
    assert sums == [core.busy_sum(10, 100, 1)] * 3


@posix
@pytest.mark.sanitize
def test_ctrl_c_while_other_threads_compute():
    """The main thread stops; the others go on until they are cancelled."""
    errors = []

    def compute():
        try:
            core.busy_sum(*LONG, 2)
        except mlqa_fast.CancelledError as error:
            errors.append(error)

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        core.busy_sum(*LONG, 2)
    timer.join()
    assert not errors
    assert all(thread.is_alive() for thread in threads)
    while any(thread.is_alive() for thread in threads):
        mlqa_fast.cancel()
        threads[0].join(0.02)
        threads[1].join(0.02)
    assert len(errors) == 2
