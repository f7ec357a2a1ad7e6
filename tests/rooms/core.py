"""The core: vector functions, and arithmetic on the pool of threads."""

import numpy as np

from mlqa_fast._mlqa_fast_core import core
from rooms.registry import Room


def vector_functions(n_jobs, x):
    results = [core.vector_function(name, x) for name in ("exp", "expm1", "log", "tanh")]
    return [*results, core.vector_function("exp_negative", -x)]


ROOMS = [
    Room(
        name="core/vmath",
        inputs=lambda rng: {"x": rng.uniform(0, 5, 10_001)},
        run=vector_functions,
        isa_tolerance=2**-50,
    ),
    Room(
        name="core/vmath (float32)",
        inputs=lambda rng: {"x": rng.uniform(0, 5, 10_001).astype(np.float32)},
        run=vector_functions,
        isa_tolerance=2**-21,
    ),
    Room(
        name="core/threads",
        inputs=lambda rng: {"chunks": 100, "length": 1000},
        run=lambda n_jobs, chunks, length: core.busy_sum(chunks, length, n_jobs),
        long_inputs=lambda: {"chunks": 20_000, "length": 1_000_000},
        long_run=lambda chunks, length: core.busy_sum(chunks, length, 2),
    ),
]
