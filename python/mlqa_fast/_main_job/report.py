"""The text around and in the table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mlqa_fast._control import versions
from mlqa_fast._main_job.job import DISTRIBUTIONS, PEERS, peer
from mlqa_fast._main_job.run import REFERENCE_LIMIT, Line, Result
from mlqa_fast._main_job.table import aligned, seconds

HEAD = (
    ("job", "data and shape"),
    ("mlqa_fast",),
    ("installed peers",),
    ("speed-up",),
    ("agreement",),
    ("certificate: ours, the peer's",),
    ("readable reference,", "not tuned"),
)


def _time(result: Result) -> str:
    return f"{seconds(result.median)} ±{100 * result.spread / result.median:.0f} %"


def _row(line: Line) -> tuple[tuple[str, ...], ...]:
    certificates = [line.ours.certificate, *(theirs.certificate for theirs in line.peers.values())]
    agreements = list(dict.fromkeys(theirs.agreement for theirs in line.peers.values()))
    return (
        (line.name, f"  {line.data}"),
        (_time(line.ours),),
        tuple(f"{name} {_time(theirs)}" for name, theirs in line.peers.items()) or ("-",),
        ("-" if line.speed_up is None else f"{line.speed_up:.2f}",),
        tuple(text for text in (*agreements, line.remark) if text) or ("-",),
        (line.certificate, "  " + ", ".join(f"{value:.2g}" for value in certificates)),
        (_reference(line),),
    )


def _reference(line: Line) -> str:
    if line.reference is not None:
        return seconds(line.reference)
    return f"over {seconds(REFERENCE_LIMIT)}" if line.has_reference else "-"


def record(lines: Sequence[Line], threads: int, import_seconds: float) -> dict[str, Any]:
    """Everything that is written as JSON; times in seconds."""
    return {
        "versions": versions(),
        "threads": threads,
        "import": import_seconds,
        "jobs": [asdict(line) for line in lines],
    }


def text(lines: Sequence[Line], threads: int, import_seconds: float) -> str:
    """Everything that is printed."""
    known = versions()
    peers = [f"{name} {known[DISTRIBUTIONS[name]]}" for name in PEERS if _has(name)]
    firsts = {line.name.split()[0].rstrip(","): line.ours.first_call for line in reversed(lines)}
    missing = [name for name in PEERS if not _has(name)]
    return "\n".join(
        [
            f"mlqa_fast {known['mlqa_fast']}, {known['in use']}, {known['compiler']}; "
            f"Python {known['python']}, NumPy {known['numpy']}; peers: {', '.join(peers)}",
            f"threads: {threads} for each implementation (those that have no threads, such as "
            "LIBSVM, use one)",
            f"import: {seconds(import_seconds)}; first calls: "
            + ", ".join(f"{name} {seconds(first)}" for name, first in reversed(firsts.items())),
            "times: median ± half the distance between the quartiles of calls in turn, "
            "after a first call",
            *_busy(),
            "",
            aligned(HEAD, [_row(line) for line in lines]),
            "",
            _closing(missing),
        ]
    )


def _busy() -> list[str]:
    """A warning when other programs hold the processors; spinning threads suffer most."""
    if not hasattr(os, "getloadavg"):
        return []
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load < 1.5 * processors:
        return []
    return [
        f"This machine is busy (load {load:.1f}, {processors} processors): do not quote the times."
    ]


def _has(name: str) -> bool:
    return peer(PEERS[name]) is not None


def _closing(missing: Sequence[str]) -> str:
    larger = "larger cases: pytest bench --benchmark-only --full."
    if not missing:
        return f"Nothing that this job knows is missing; {larger}"
    remedies = ", ".join(f"{name} (pip install {DISTRIBUTIONS[name]})" for name in missing)
    return f"Not compared, because not installed: {remedies}; {larger}"
