"""How much memory there is."""

from __future__ import annotations

import os
from pathlib import Path

UNKNOWN = 4 * 2**30
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int:
    """Bytes of memory that this process may use, as far as the system tells; else 4 GiB."""
    found = [limit for limit in map(_limit, CGROUP_LIMITS) if limit > 0]
    try:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # no such call, as on Windows
        found.append(UNKNOWN)
    return min(found)


def _limit(path: str) -> int:
    """A limit of the control group; 0 for none."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
