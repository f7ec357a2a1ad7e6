"""Which segments the synthetic rows of a class lie on, drawn before any computation.

Two streams. ``"numpy"`` draws from a ``RandomState`` in imbalanced-learn's order, so that the same
seed gives the same rows. ``"philox"`` is counter-based (Philox4x32-10, Salmon et al., "Parallel
random numbers: as easy as 1, 2, 3", SC 2011): draw number i of a class depends on the seed, the
class and i alone.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mlqa_fast._mlqa_fast_core import core as _core
from mlqa_fast._mlqa_fast_core import over_sampling as _native

# Streams of a class: its draws, and the keys by which its permutations are sorted.
_SEGMENTS, _SLOTS, _ROWS, _STREAMS = 0, 1, 2, 4


class Draws(NamedTuple):
    """Base row, place among its neighbours, and fraction of the way of each synthetic row."""

    base: NDArray[np.int64]
    slot: NDArray[np.int64]
    fraction: NDArray[np.float64]


class Segments(NamedTuple):
    """Rows at both ends of each segment, and how far the new row is from the first."""

    base: NDArray[np.int64]
    neighbor: NDArray[np.int64]
    fraction: NDArray[np.float64]

    def within(self, rows: NDArray[np.int64] | None) -> Segments:
        """The same with ends that were positions in `rows` (None: all rows) made rows."""
        if rows is None:
            return self
        return Segments(rows[self.base], rows[self.neighbor], self.fraction)

    def part(self, first: int, last: int) -> Segments:
        """Segments `first` to `last`."""
        return Segments(self.base[first:last], self.neighbor[first:last], self.fraction[first:last])


class NativeStream(NamedTuple):
    """What the native draws of a class depend on."""

    philox: bool
    seed: int
    number: int


class NumpyStream:
    """Draws in the order of imbalanced-learn."""

    def __init__(self, random_state: Any) -> None:
        self._random = check_random_state(random_state)

    def cells(self, bound: int, size: int) -> NDArray[np.int64]:
        """Integers below `bound`."""
        return np.asarray(self._random.randint(low=0, high=bound, size=size), np.int64)

    def fractions(self, size: int) -> NDArray[np.float64]:
        """Numbers in [0, 1)."""
        return np.asarray(self._random.uniform(size=size))

    def slot_keys(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Keys that order the neighbours of each row."""
        return np.asarray(self._random.uniform(size=shape))

    def row_keys(self, size: int) -> NDArray[np.float64]:
        """Keys that order the rows."""
        return np.asarray(self._random.uniform(size=size))


class PhiloxStream:
    """Counter-based draws; `ordinal` is the place of the class among the classes that grow."""

    def __init__(self, random_state: Any, ordinal: int) -> None:
        self.seed = int(check_random_state(random_state).randint(2**63 - 1, dtype=np.int64))
        self.first = ordinal * _STREAMS

    def _words(self, stream: int, half: int, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
        blocks = _core.philox(self.seed, self.first + stream, 0, size).astype(np.uint64)
        return blocks[:, 2 * half], blocks[:, 2 * half + 1]

    def _uniform(self, stream: int, half: int, size: int) -> NDArray[np.float64]:
        high, low = self._words(stream, half, size)
        bits = (high << np.uint64(32)) | low
        return np.asarray((bits >> np.uint64(11)) * 2.0**-53)

    def cells(self, bound: int, size: int) -> NDArray[np.int64]:
        """Integers below `bound` < 2^32: 64 random bits times the bound, the upper half."""
        if bound >= 2**32:
            raise ValueError(f"random_stream='philox' takes fewer than 2**32 segments, got {bound}")
        high, low = self._words(_SEGMENTS, 0, size)
        factor, half = np.uint64(bound), np.uint64(32)
        return ((high * factor + ((low * factor) >> half)) >> half).astype(np.int64)

    def fractions(self, size: int) -> NDArray[np.float64]:
        """Numbers in [0, 1)."""
        return self._uniform(_SEGMENTS, 1, size)

    def slot_keys(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Keys that order the neighbours of each row."""
        return self._uniform(_SLOTS, 0, int(np.prod(shape))).reshape(shape)

    def row_keys(self, size: int) -> NDArray[np.float64]:
        """Keys that order the rows."""
        return self._uniform(_ROWS, 0, size)


Stream = NumpyStream | PhiloxStream | NativeStream


def make_stream(
    random_stream: str | None, random_state: Any, ordinal: int, base: str, n_cells: int
) -> Stream:
    """The stream of a class whose segments are drawn among `n_cells`.

    Draws that follow from a seed are made natively.
    """
    most = 2**32 - (random_stream == "philox")
    natively = base == "random" and 2 <= n_cells <= most
    if random_stream == "philox":
        stream = PhiloxStream(random_state, ordinal)
        if natively:
            return NativeStream(True, stream.seed, stream.first + _SEGMENTS)
        return stream
    is_seed = isinstance(random_state, Integral) and 0 <= int(random_state) < 2**32
    if natively and is_seed:
        return NativeStream(False, int(random_state), 0)
    return NumpyStream(random_state)


def draw(stream: Stream, base: str, n_rows: int, n_neighbors: int, n_samples: int) -> Draws:
    """Segments of a class of `n_rows` rows with `n_neighbors` neighbours each."""
    if isinstance(stream, NativeStream):
        cells, fraction = _native.draw(*stream, n_rows, n_neighbors, n_samples)
        return Draws(*np.divmod(cells, n_neighbors), fraction)
    if base == "each":
        rows, slots = _each(stream, n_rows, n_neighbors, n_samples)
    else:
        rows, slots = np.divmod(stream.cells(n_rows * n_neighbors, n_samples), n_neighbors)
    return Draws(rows, slots, stream.fractions(n_samples))


def _each(
    stream: NumpyStream | PhiloxStream, n_rows: int, n_neighbors: int, n_samples: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows in turn, those of an incomplete last turn at random; neighbours without replacement."""
    turns, rest = divmod(n_samples, n_rows)
    chosen = np.sort(np.argsort(stream.row_keys(n_rows), kind="stable")[:rest])
    rows = np.concatenate([np.tile(np.arange(n_rows), turns), chosen])
    turn = np.concatenate([np.repeat(np.arange(turns), n_rows), np.full(rest, turns)])
    cycles = turns // n_neighbors + 1
    order = np.argsort(stream.slot_keys((cycles, n_rows, n_neighbors)), axis=-1, kind="stable")
    return rows, order[turn // n_neighbors, rows, turn % n_neighbors]
