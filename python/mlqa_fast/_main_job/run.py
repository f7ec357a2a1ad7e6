"""Run the jobs, judge the answers, gather what the table and the JSON file hold."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import threadpoolctl

from mlqa_fast._main_job.job import OURS, Job, peer
from mlqa_fast._main_job.timing import Timing, clock_at_most, race
from mlqa_fast._mlqa_fast_core import core

AREAS = ("smote", "lasso", "svc", "batch_norm")
BUDGET = 0.5  # seconds of alternating calls for a job
REFERENCE_LIMIT = 2.0  # seconds after which the readable definition is stopped


@dataclass
class Result:
    """What is known of one implementation of one job."""

    median: float
    spread: float
    first_call: float
    calls: int
    certificate: float
    agreement: str


@dataclass
class Line:
    """One line of the table."""

    name: str
    data: str
    certificate: str
    remark: str
    ours: Result
    peers: dict[str, Result]
    speed_up: float | None
    has_reference: bool
    reference: float | None


def import_seconds() -> float:
    """Seconds of ``import mlqa_fast`` in a fresh interpreter."""
    code = "import time; t = time.perf_counter(); import mlqa_fast; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def jobs() -> list[Job]:
    """Every job, areas in order."""
    found: list[Job] = []
    for area in AREAS:
        found += importlib.import_module(f"mlqa_fast._main_job.{area}").jobs()
    return found


@contextmanager
def equal_threads() -> Iterator[int]:
    """As many threads for every implementation as ours would take."""
    threads = core.get_num_threads()
    torch = peer("torch")
    before = torch.get_num_threads() if torch is not None else 0
    try:
        if torch is not None:
            torch.set_num_threads(threads)
        with threadpoolctl.threadpool_limits(threads):
            yield threads
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def run(job: Job) -> Line:
    """Time and judge one job."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that stops early shows in its certificate
        timings = race({OURS: job.ours, **job.peers}, BUDGET)
        reference = job.reference and clock_at_most(job.reference, REFERENCE_LIMIT)
    answer = timings[OURS].answer

    def result(name: str, timing: Timing) -> Result:
        return Result(
            median=timing.median,
            spread=timing.spread,
            first_call=timing.first_call,
            calls=len(timing.seconds),
            certificate=job.certificate.of(name, timing.answer),
            agreement="" if name == OURS else job.agreement(answer, timing.answer),
        )

    results = {name: result(name, timing) for name, timing in timings.items()}
    ours = results.pop(OURS)
    fastest = min((theirs.median for theirs in results.values()), default=None)
    return Line(
        name=job.name,
        data=job.data,
        certificate=job.certificate.name,
        remark=job.remark,
        ours=ours,
        peers=results,
        speed_up=None if fastest is None else fastest / ours.median,
        has_reference=job.reference is not None,
        reference=reference,
    )


def run_all(progress: Callable[[str], object]) -> list[Line]:
    """Every job in turn; `progress` hears which one runs."""
    progress("preparing")
    todo = jobs()
    lines = []
    for number, job in enumerate(todo, start=1):
        progress(f"{number} of {len(todo)}: {job.name}, {job.data}")
        lines.append(run(job))
    progress("")
    return lines


def progress_to_stderr(text: str) -> None:
    """A line that overwrites itself on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    elif text:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
