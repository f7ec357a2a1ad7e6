"""Batch normalisation against its definition, on every layout, dtype, activation and mode."""

import numpy as np
import pytest

from mlqa_fast.nn import functional
from mlqa_fast.reference.nn import functional as definition

ACTIVATIONS = [None, "relu", "leaky_relu", "elu"]
# (N, C), (N, C, L), NCHW, NCDHW; whole vectors, remainders, one channel, parts that are cut
SHAPES = [
    (5, 3),
    (33, 64),
    (40, 100),
    (17, 257),
    (9, 3, 5),
    (4, 2, 3, 7),
    (8, 16, 7, 7),
    (3, 1, 8, 8),
    (2, 5, 33, 41),
    (2, 3, 2, 3, 4),
    (130, 4, 9, 1),
    (3, 2, 300, 301),
]
LAYOUTS = ["C order", "channels last", "Fortran order"]
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-12}


def laid_out(x, layout):
    if layout == "channels last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    return np.asfortranarray(x) if layout == "Fortran order" else x


def problem(rng, shape, dtype=np.float64, layout="C order", mean=0.0, deviation=1.0):
    """x, dy, residual, weight, bias, running mean, running variance."""
    x, dy, residual = (rng.standard_normal(shape) for _ in range(3))
    arrays = [laid_out(a.astype(dtype), layout) for a in (mean + deviation * x, dy, residual)]
    c = shape[1]
    weight, bias, running_mean = (rng.standard_normal(c).astype(dtype) for _ in range(3))
    return [*arrays, weight, bias, running_mean, rng.uniform(0.5, 1.5, c).astype(dtype)]


def run(module, x, dy, residual, weight, bias, mean, var, training=True, activation=None, **kw):
    """y, the new running statistics, and the gradients, by name."""
    mean, var = mean.copy(), var.copy()
    y, ctx = module.batch_norm_forward(
        x, mean, var, weight, bias, training, activation=activation, residual=residual, **kw
    )
    gradients = module.batch_norm_backward(dy, ctx)
    names = ("y", "mean", "var", "dx", "dweight", "dbias", "dresidual")
    return dict(zip(names, (y, mean, var, *gradients), strict=True))


def in_float64(arrays):
    return [None if a is None else a.astype(np.float64) for a in arrays]


def scales(arrays, training):
    """What errors are relative to: the largest value, of a sum also the size of its random terms.

    Values are those without an activation, which may leave next to nothing.
    """
    linear = run(definition, *in_float64(arrays), training)
    sizes = {name: np.max(np.abs(a), initial=0) for name, a in linear.items() if a is not None}
    m = arrays[0].size // arrays[0].shape[1]
    return sizes | {name: max(sizes[name], np.sqrt(m)) for name in ("dweight", "dbias")}


def assert_close(got, want, sizes, tolerance):
    for name, expected in want.items():
        if expected is None:
            assert got[name] is None
            continue
        error = np.max(np.abs(got[name] - expected), initial=0)
        assert error <= tolerance * sizes[name], (name, error / sizes[name])


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("with_residual", [False, True], ids=["", "residual"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_equals_its_definition(rng, layout, dtype, activation, with_residual, training):
    for shape in SHAPES:
        arrays = problem(rng, shape, dtype, layout)
        if not with_residual:
            arrays[2] = None
        got = run(functional, *arrays, training, activation)
        want = run(definition, *in_float64(arrays), training, activation)
        assert all(a is None or a.dtype == dtype for a in got.values())
        assert_close(got, want, scales(arrays, training), TOLERANCE[dtype])
