"""All instruction sets of this processor give the same answer, within each room's bound."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core
from rooms import ROOMS, arrays_of

BEST = core.isa_levels()[-1]


def results_on(level, room):
    inputs = room.inputs(np.random.default_rng(7))
    before = core.isa_current()
    core.isa_use(level)
    try:
        return arrays_of(room.run(1, **inputs))
    finally:
        core.isa_use(before)


def assert_agree(got, want, tolerance):
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    if not np.issubdtype(want.dtype, np.floating):
        np.testing.assert_array_equal(got, want)
        return
    allowed = tolerance if isinstance(tolerance, float | int) else tolerance[want.dtype.name]
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    scale = np.max(np.abs(want), initial=0, where=np.isfinite(want))
    np.testing.assert_allclose(got, want, rtol=0, atol=allowed * scale)


@pytest.mark.parametrize("level", core.isa_levels()[:-1])
@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_every_instruction_set_gives_the_answer_of_the_best(room, level):
    got, want = results_on(level, room), results_on(BEST, room)
    assert len(got) == len(want) > 0
    for mine, best in zip(got, want, strict=True):
        assert_agree(mine, best, room.isa_tolerance)
