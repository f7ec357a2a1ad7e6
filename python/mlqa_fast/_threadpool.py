"""The extension's thread pool, as threadpoolctl sees it."""

from __future__ import annotations

import atexit
from typing import Any

import threadpoolctl

from mlqa_fast._mlqa_fast_core import core

MOST_THREADS = 2**20  # more than any machine has, and an int everywhere


class MlqaFastController(threadpoolctl.LibController):  # type: ignore[misc]
    """Lets ``threadpoolctl.threadpool_limits`` limit the extension."""

    user_api = "mlqa_fast"
    internal_api = "mlqa_fast"
    filename_prefixes = ("_mlqa_fast_core",)
    check_symbols = ("mlqa_fast_get_num_threads", "mlqa_fast_set_num_threads")

    def get_num_threads(self) -> int:
        """Most threads that ``n_jobs=None`` takes."""
        return int(self.dynlib.mlqa_fast_get_num_threads())

    def set_num_threads(self, num_threads: int) -> Any:
        """Limit ``n_jobs=None``."""
        return self.dynlib.mlqa_fast_set_num_threads(num_threads)

    def get_version(self) -> str:
        """Version of the package."""
        from mlqa_fast import __version__

        return __version__

    def set_additional_attributes(self) -> None:
        """Show the instruction set beside the number of threads."""
        self.instruction_set = core.isa_current()


def register() -> None:
    """Announce the controller; join the workers when the interpreter ends."""
    threadpoolctl.register(MlqaFastController)
    atexit.register(core.shutdown_threads)


def n_threads(n_jobs: int | None) -> int:
    """scikit-learn's ``n_jobs`` as the extension takes it (0 stands for None).

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    TypeError
        If it is neither an integer nor None.
    """
    import numbers

    if n_jobs is None:
        return 0
    if not isinstance(n_jobs, numbers.Integral) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must be a positive or negative integer or None, got 0")
    return max(-MOST_THREADS, min(int(n_jobs), MOST_THREADS))
