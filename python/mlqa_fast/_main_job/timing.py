"""Implementations timed in turn, so that whatever the machine does meets all of them alike."""

from __future__ import annotations

import gc
import signal
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ROUNDS = 5
TURN_SECONDS = 0.02


@dataclass
class Timing:
    """One implementation: its first call, the seconds of the later ones, its first answer."""

    first_call: float
    answer: Any
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median of the seconds after the first call."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles."""
        if len(self.seconds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / 2


def clock(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of one call, and what it returned."""
    start = time.perf_counter()
    answer = function()
    return time.perf_counter() - start, answer


class _TooLong(Exception):
    pass


def clock_at_most(function: Callable[[], Any], limit: float) -> float | None:
    """Seconds of one call; None if it was stopped after `limit`, or cannot be stopped here."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        return None

    def stop(number: int, frame: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return clock(function)[0]
    except _TooLong:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Prepared:
    """An implementation that something has to precede, once each time that its turn comes."""

    function: Callable[[], Any]
    prepare: Callable[[], object]

    def __call__(self) -> Any:
        """Call the implementation alone."""
        return self.function()


def _prepare(function: Callable[[], Any]) -> None:
    if isinstance(function, Prepared):
        function.prepare()


def _turn(function: Callable[[], Any], seconds: list[float]) -> None:
    """Calls for `TURN_SECONDS`, at least one.

    The first call of several refills the caches that the others have emptied and waits for their
    idle threads to fall asleep; it does not count.
    """
    _prepare(function)
    turn = [clock(function)[0]]
    while sum(turn) < TURN_SECONDS:
        turn.append(clock(function)[0])
    seconds += turn[1:] or turn


def race(contenders: Mapping[str, Callable[[], Any]], budget: float) -> dict[str, Timing]:
    """Time `contenders` in turn: at least five rounds, more while `budget` seconds last."""
    gc.collect()
    collects = gc.isenabled()
    gc.disable()
    try:
        timings = {}
        for name, function in contenders.items():
            _prepare(function)
            timings[name] = Timing(*clock(function))
        start, rounds = time.perf_counter(), 0
        while rounds < ROUNDS or time.perf_counter() - start < budget:
            for name, function in contenders.items():
                _turn(function, timings[name].seconds)
            rounds += 1
    finally:
        if collects:
            gc.enable()
    return timings
