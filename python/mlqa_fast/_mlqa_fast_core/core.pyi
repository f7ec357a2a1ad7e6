"""
Instruction sets, threads, memory, vector functions.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['arena_kept', 'arena_limit', 'arena_set_limit', 'arena_trim', 'available_threads', 'busy_sum', 'cancel', 'compiler', 'empty', 'get_num_threads', 'is_finite', 'isa_current', 'isa_levels', 'isa_use', 'isa_warning', 'native_calls', 'philox', 'resolve_threads', 'set_num_threads', 'shutdown_threads', 'vector_function', 'worker_threads']
def arena_kept() -> int:
    """
    Bytes kept for reuse beyond live arrays.
    """
def arena_limit() -> int:
    """
    Most bytes that may be kept.
    """
def arena_set_limit(n_bytes: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Change the most bytes that may be kept.
    """
def arena_trim() -> int:
    """
    Give what is kept back to the system; the number of bytes.
    """
def available_threads() -> int:
    """
    Processors this process may use.
    """
def busy_sum(chunks: typing.SupportsInt | typing.SupportsIndex, length: typing.SupportsInt | typing.SupportsIndex, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0, progress: typing.Any = None) -> float:
    """
    Arithmetic that takes a while; for tests.
    """
def cancel() -> None:
    """
    Ask every running native call to stop.
    """
def empty(shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], dtype: numpy.dtype[typing.Any]) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
    """
    An uninitialised array whose memory comes from the arena.
    """
def get_num_threads() -> int:
    """
    Most threads that n_jobs=None takes.
    """
def is_finite(x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]], n_jobs: typing.SupportsInt | typing.SupportsIndex = 1) -> bool:
    """
    Whether a matrix of float64 or float32 holds no NaN and no infinity.
    """
def isa_current() -> str:
    """
    Instruction set in use.
    """
def isa_levels() -> list[str]:
    """
    Instruction sets that this processor supports, best last.
    """
def isa_use(name: str) -> None:
    """
    Use another instruction set from now on; for tests.
    """
def isa_warning() -> typing.Any:
    """
    What was wrong with MLQA_FAST_ISA, or None.
    """
def native_calls() -> int:
    """
    Native calls entered so far; for tests.
    """
def philox(seed: typing.SupportsInt | typing.SupportsIndex, stream: typing.SupportsInt | typing.SupportsIndex, first: typing.SupportsInt | typing.SupportsIndex, n: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint32]:
    """
    Blocks first .. first + n of a Philox4x32-10 stream.
    """
def resolve_threads(n_jobs: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    n_jobs (0: None) as a number of threads.
    """
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Limit n_jobs=None to n threads.
    """
def shutdown_threads() -> None:
    """
    Join the idle workers; the next call starts them again.
    """
def vector_function(name: str, x: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> typing.Any:
    """
    exp, exp_negative, expm1, log or tanh of a one-dimensional float array.
    """
def worker_threads() -> int:
    """
    Workers alive now; -1 while a region has them.
    """
compiler: str
