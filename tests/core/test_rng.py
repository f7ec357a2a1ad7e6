"""Philox4x32-10 is the published one, and any block can be drawn without those before it."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core

# Known answers of the Random123 library (kat_vectors): counter, key, result.
KNOWN = [
    (
        (0x00000000, 0x00000000, 0x00000000, 0x00000000),
        (0x00000000, 0x00000000),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def joined(low, high):
    return low | high << 32


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_known_answers(counter, key, result):
    block = core.philox(joined(*key), joined(*counter[2:]), joined(*counter[:2]), 1)
    assert tuple(block[0].tolist()) == result


@pytest.mark.sanitize
def test_blocks_are_addressed_by_index():
    whole = core.philox(7, 3, 0, 100)
    np.testing.assert_array_equal(core.philox(7, 3, 60, 40), whole[60:])
    assert core.philox(7, 3, 2**64 - 1, 2).shape == (2, 4)  # the counter wraps


def test_streams_and_seeds_differ():
    blocks = [core.philox(seed, stream, 0, 4).tobytes() for seed in (0, 1) for stream in (0, 1)]
    assert len(set(blocks)) == 4


def test_bits_are_fair():
    words = core.philox(1, 0, 0, 20_000)
    share = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(share - 0.5) < 5 * 0.5 / np.sqrt(words.size * 32)
