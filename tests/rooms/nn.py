"""Training primitives."""

import numpy as np

from mlqa_fast._mlqa_fast_core import nn
from mlqa_fast.nn.functional import batch_norm as batch_norm_alone
from mlqa_fast.nn.functional import batch_norm_backward, batch_norm_forward
from rooms.registry import Entry, Room


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


def right_arguments(rng):
    """Evaluation: nothing is written, everything is given."""
    mean, var, weight, bias = rng.uniform(0.5, 1.5, (4, 4))
    return {
        "input": rng.standard_normal((60, 4)),
        "running_mean": mean,
        "running_var": var,
        "weight": weight,
        "bias": bias,
    }


def forward_and_backward(**arguments):
    y, ctx = batch_norm_forward(**arguments)
    return [y, *batch_norm_backward(np.ones(y.shape), ctx)]


def gradients(rng):
    return {
        "dy": rng.standard_normal((60, 4)),
        "ctx": batch_norm_forward(**right_arguments(rng))[1],
    }


def read_only(n):
    array = np.ones(n)
    array.flags.writeable = False
    return array


def overlapping():
    memory = np.ones(244)
    return {"input": memory[4:].reshape(60, 4), "out": memory[:-4].reshape(60, 4)}


SAME = ("nan", "+inf", "-inf", "no rows", "3-d", "a table with missing values")
OUTCOMES = dict.fromkeys(SAME, "same") | {
    "nan in float32": "refused: mixed dtype",
    "no columns": "refused: should contain 0 elements",
}
IN_TRAINING = {"training": True}
BAD_ARGUMENTS = (
    ({"input": np.ones((1, 4)), **IN_TRAINING}, "Expected more than 1 value per channel"),
    ({"running_mean": np.ones(3)}, "running_mean should contain 4 elements not 3"),
    ({"running_var": np.ones(5)}, "running_var should contain 4 elements not 5"),
    ({"weight": np.ones(3)}, "weight should contain 4 elements not 3"),
    ({"bias": np.ones(3)}, "bias should contain 4 elements not 3"),
    ({"weight": np.ones((4, 1))}, "weight must have one dimension"),
    ({"weight": np.ones(4, np.float32)}, "mixed dtype: weight must have input's dtype float64"),
    ({"running_mean": None, "running_var": None}, "running_mean must be defined in evaluation"),
    ({"running_var": None}, "running_var must be defined in evaluation"),
    ({"running_var": None, **IN_TRAINING}, "either both be None or neither"),
    ({"running_mean": read_only(4), **IN_TRAINING}, "running_mean .* must not be read-only"),
    ({"running_var": read_only(4), **IN_TRAINING}, "running_var .* must not be read-only"),
    ({"running_mean": [0.0] * 4, **IN_TRAINING}, "running_mean is written in place"),
    ({"running_mean": np.zeros(4, int), **IN_TRAINING}, "running_mean is written in place"),
    ({"eps": -1e-5}, "eps must be non-negative, but got -1e-05"),
    ({"eps": 0.0, **IN_TRAINING}, "eps must be positive during training, but got 0.0"),
    ({"eps": float("nan")}, "eps must be finite"),
    ({"eps": "small"}, "argument 'eps' must be float, not str"),
    ({"momentum": None}, "argument 'momentum' must be float, not NoneType"),
    ({"momentum": float("inf")}, "momentum must be finite"),
    ({"training": "yes"}, "argument 'training' must be bool, not str"),
    ({"activation": "gelu"}, "activation must be None, 'relu', 'leaky_relu' or 'elu', got 'gelu'"),
    ({"activation": 3}, "activation must be"),
    ({"residual": np.ones((60, 3))}, r"residual must have input's shape \(60, 4\)"),
    ({"residual": np.ones((60, 4), np.float32)}, "mixed dtype: residual"),
    ({"out": np.ones((60, 3))}, "out must have input's shape"),
    ({"out": np.ones((60, 4), np.float32)}, "mixed dtype: out"),
    ({"out": [[0.0] * 4] * 60}, "out is written in place: it must be a NumPy array"),
    ({"out": read_only(240).reshape(60, 4)}, "out .* must not be read-only"),
    (overlapping(), "out must not overlap input except by being the same array"),
)

ENTRIES = [
    Entry(
        "nn.functional.batch_norm",
        batch_norm_alone,
        right_arguments,
        data="input",
        outcomes=OUTCOMES,
        bad_arguments=BAD_ARGUMENTS,
    ),
    Entry(
        "nn.functional.batch_norm_forward",
        forward_and_backward,
        right_arguments,
        data="input",
        outcomes=OUTCOMES,
        bad_arguments=BAD_ARGUMENTS,
    ),
    Entry(
        "nn.functional.batch_norm_backward",
        batch_norm_backward,
        gradients,
        data="dy",
        outcomes=OUTCOMES | dict.fromkeys(("no rows", "no columns", "3-d"), "refused: shape"),
        bad_arguments=(
            ({"dy": np.ones((60, 5))}, r"dy must have input's shape \(60, 4\), got \(60, 5\)"),
            ({"dy": np.ones((60, 4), np.float32)}, "mixed dtype: dy"),
            ({"ctx": None}, "ctx must be the BatchNormContext"),
            ({"ctx": (1, 2)}, "ctx must be the BatchNormContext"),
        ),
    ),
]
