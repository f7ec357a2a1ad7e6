"""What concerns the whole package: cancellation, memory, instruction sets, versions."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import sys
from collections.abc import Callable

from mlqa_fast._mlqa_fast_core import core

DEPENDENCIES = ("numpy", "scipy", "scikit-learn", "threadpoolctl", "tqdm")
PEERS = ("imbalanced-learn", "torch")


_CACHE_FILES = ("level", "type", "size")
_CACHE_NAMES = {
    "L1": "SC_LEVEL1_DCACHE_SIZE",
    "L2": "SC_LEVEL2_CACHE_SIZE",
    "L3": "SC_LEVEL3_CACHE_SIZE",
}


class CancelledError(RuntimeError):
    """A native computation was stopped by :func:`mlqa_fast.cancel`."""


def cancel() -> None:
    """Stop every native computation that runs now, on any thread.

    Each of them raises :class:`mlqa_fast.CancelledError` within a fraction of a second, its inputs
    and estimator as they were. Computations that start later are not concerned.

    Examples
    --------
    >>> import mlqa_fast
    >>> mlqa_fast.cancel()  # nothing runs: nothing happens
    """
    core.cancel()


def trim_memory() -> int:
    """Give memory that is kept for reuse back to the system.

    Returns
    -------
    int
        The number of bytes given back.

    Examples
    --------
    >>> import mlqa_fast
    >>> mlqa_fast.trim_memory() >= 0
    True
    """
    return core.arena_trim()


def isa_levels() -> list[str]:
    """Instruction sets that this processor supports, the best one last.

    Examples
    --------
    >>> import mlqa_fast
    >>> mlqa_fast.get_isa() in mlqa_fast.isa_levels()
    True
    """
    return core.isa_levels()


def get_isa() -> str:
    """Return the instruction set in use (``MLQA_FAST_ISA`` overrides the choice before the import).

    Examples
    --------
    >>> import mlqa_fast
    >>> isinstance(mlqa_fast.get_isa(), str)
    True
    """
    return core.isa_current()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cache_sizes() -> str:
    """Sizes of the first processor's data caches: from sysfs, else from the C library."""
    sizes: dict[str, str] = {}
    for index in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((index / name).read_text().strip() for name in _CACHE_FILES)
        except OSError:
            continue
        if kind != "Instruction":
            sizes[f"L{level}"] = size.replace("K", " KiB").replace("M", " MiB")
    if not sizes:
        known = getattr(os, "sysconf_names", {})
        bytes_of = {
            label: os.sysconf(name) for label, name in _CACHE_NAMES.items() if name in known
        }
        sizes = {label: f"{size // 1024} KiB" for label, size in bytes_of.items() if size > 0}
    return ", ".join(f"{label} {size}" for label, size in sizes.items()) or "unknown"


def versions() -> dict[str, str]:
    """Everything that a report of a problem should hold, as name and value."""
    rows = {
        "mlqa_fast": _version("mlqa-fast"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "compiler": str(core.compiler),
        "instruction sets": ", ".join(isa_levels()),
        "in use": get_isa(),
        "threads": f"{core.get_num_threads()} of {core.available_threads()}",
        "caches": _cache_sizes(),
    }
    return rows | {name: _version(name) for name in DEPENDENCIES + PEERS}


def show_versions(write: Callable[[str], object] = print) -> None:
    """Print versions, instruction sets, threads, cache sizes, compiler and dependencies.

    Parameters
    ----------
    write : callable, default=print
        Called once for each line.

    Examples
    --------
    >>> import mlqa_fast
    >>> mlqa_fast.show_versions()  # doctest: +ELLIPSIS
    mlqa_fast...
    """
    for name, value in versions().items():
        write(f"{name:<18}{value}")
