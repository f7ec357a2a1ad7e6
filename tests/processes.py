"""Run every room in worker processes, as a data loader does, after the parent used its threads.

    python tests/processes.py fork|forkserver|spawn

Exits with 0 if every worker gave the parent's bits. Run by ``test_threads.py`` in an interpreter of
its own, where no other library has threads.
"""

import multiprocessing
import sys
import warnings

import numpy as np

from mlqa_fast._mlqa_fast_core import core
from rooms import ROOMS, arrays_of

WORKERS = 2


def bits(index):
    room = ROOMS[index]
    results = arrays_of(room.run(2, **room.inputs(np.random.default_rng(3))))
    return [array.tolist() if array.dtype.hasobject else array.tobytes() for array in results]


def work(tasks, answers):
    for index in iter(tasks.get, None):
        answers.put((index, bits(index)))


def run_epoch(context, want):
    tasks, answers = context.Queue(), context.Queue()
    workers = [context.Process(target=work, args=(tasks, answers)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for index in range(len(ROOMS)):
        tasks.put(index)
    got = dict(answers.get(timeout=60) for _ in ROOMS)
    for _ in workers:
        tasks.put(None)
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    for index, room in enumerate(ROOMS):
        assert got[index] == want[index], f"{room} gives other bits in a worker"


def main(method):
    # Python's own warning that a process with threads was forked.
    warnings.filterwarnings("error", message=".*multi-threaded.*")
    context = multiprocessing.get_context(method)
    want = [bits(index) for index in range(len(ROOMS))]
    core.busy_sum(100, 1000, 4)
    for _ in range(2):
        run_epoch(context, want)
        core.busy_sum(100, 1000, 4)  # the parent's threads start again


if __name__ == "__main__":
    main(sys.argv[1])
