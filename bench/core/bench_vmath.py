"""exp, log and tanh of a vector, beside NumPy's."""

from functools import partial

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core

N = 100_000


@pytest.mark.parametrize("implementation", ["mlqa_fast", "numpy"])
@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def bench_vmath(name, dtype, implementation, measure):
    x = np.random.default_rng(0).uniform(0.01, 20, N).astype(dtype)
    ours = implementation == "mlqa_fast"
    function = partial(core.vector_function, name) if ours else getattr(np, name)
    exact = getattr(np, name)(x.astype(np.longdouble))

    def ulps(y):
        return float(np.max(np.abs(y - exact) / np.spacing(np.abs(exact).astype(dtype))))

    measure(
        lambda: function(x),
        implementation=implementation,
        case=f"{name} {dtype}",
        shape=x.shape,
        certificate=lambda y: ("largest error, ulp", ulps(y), 4.0),
    )
