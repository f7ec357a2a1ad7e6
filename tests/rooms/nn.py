"""Training primitives."""

import numpy as np

from mlqa_fast._mlqa_fast_core import nn
from rooms.registry import Room


def batch_norm(n_jobs, x, dy, residual, weight, bias, activation):
    """Forward and backward: y, running statistics and gradients."""
    mean, var = np.zeros_like(weight), np.ones_like(weight)
    y, ctx = nn.batch_norm_forward(
        x, mean, var, weight, bias, True, 0.1, 1e-5, activation, residual, None, True, n_jobs
    )
    return [y, mean, var, *nn.batch_norm_backward(dy, ctx, n_jobs)]


def inputs(shape, dtype, activation, channels_last=False, with_residual=False):
    def make(rng):
        x, dy, residual = (rng.standard_normal(shape).astype(dtype) for _ in range(3))
        if channels_last:
            x, dy, residual = (np.moveaxis(a, -1, 1) for a in (x, dy, residual))
        weight, bias = rng.standard_normal((2, x.shape[1])).astype(dtype)
        if not with_residual:
            residual = None
        return {
            "x": x,
            "dy": dy,
            "residual": residual,
            "weight": weight,
            "bias": bias,
            "activation": activation,
        }

    return make


def for_ever(x):
    while True:
        nn.batch_norm_forward(
            x, None, None, None, None, True, 0.1, 1e-5, None, None, x.copy(), False
        )


# Where a sum is rounded another way, an element near 0 may pass an activation or not: none here.
BOUND = {"float32": 2e-6, "float64": 1e-13}
ROOMS = [
    Room(
        name=f"nn/batch_norm ({name})",
        inputs=inputs(*shape),
        run=batch_norm,
        isa_tolerance=BOUND,
    )
    for name, shape in {
        "planes, float32": ((8, 20, 61, 61), np.float32, None),
        "planes, float64, elu": ((5, 9, 63, 64), np.float64, "elu"),
        "few channels": ((6, 2, 200, 201), np.float32, "leaky_relu"),
        "small planes": ((64, 130, 7, 7), np.float32, "relu"),
        "rows, float32": ((6000, 67), np.float32, None),
        "rows, float64, residual": ((8, 40, 40, 33), np.float64, "relu", True, True),
        "wide rows": ((70, 5000), np.float32, "leaky_relu", False, True),
    }.items()
]
