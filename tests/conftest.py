"""Fixtures that every test may use."""

import os
import signal
import threading
import warnings

import hypothesis
import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core

hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard():
    """A shell that starts a program in the background may have it ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(20240607)


@pytest.fixture(params=core.isa_levels())
def isa(request):
    """Run the test once on every instruction set that this processor has."""
    before = core.isa_current()
    core.isa_use(request.param)
    yield request.param
    core.isa_use(before)


@pytest.fixture
def busy_pool():
    """Another Python thread keeps the pool of threads busy while the test runs."""
    stop = threading.Event()
    started = threading.Event()

    def keep_busy():
        while not stop.is_set():
            core.busy_sum(400, 2000, 2)
            started.set()

    thread = threading.Thread(target=keep_busy)
    thread.start()
    started.wait()
    yield
    stop.set()
    thread.join()


@pytest.fixture(autouse=True)
def same_state_afterwards():
    """No test leaves another instruction set or another limit of threads behind."""
    before = core.isa_current(), core.get_num_threads()
    yield
    after = core.isa_current(), core.get_num_threads()
    core.isa_use(before[0])
    core.set_num_threads(before[1])
    if after != before:
        warnings.warn(f"the test changed {before} to {after}", stacklevel=1)
