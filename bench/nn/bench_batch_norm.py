"""Batch normalisation forward and backward beside PyTorch's, in training."""

import numpy as np
import pytest

from mlqa_fast import reference
from mlqa_fast.nn import functional

ACTIVATION = {None: lambda f, z: z, "relu": lambda f, z: f.relu(z)}
# shape, channels last, activation, with a residual
CASES = {
    "digits 1797 x 64": ((1797, 64), False, None, False),
    "digits 1797 x 1 x 8 x 8": ((1797, 1, 8, 8), False, None, False),
    "planes 8 x 64 x 56 x 56": ((8, 64, 56, 56), False, None, False),
    "channels last 8 x 64 x 56 x 56": ((8, 64, 56, 56), True, None, False),
    "residual block 8 x 64 x 56 x 56": ((8, 64, 56, 56), False, "relu", True),
    "rows 8192 x 512": ((8192, 512), False, None, False),
    "planes 32 x 256 x 56 x 56": ((32, 256, 56, 56), False, None, False),
    "channels last 32 x 256 x 56 x 56": ((32, 256, 56, 56), True, None, False),
    "residual block 32 x 256 x 56 x 56": ((32, 256, 56, 56), False, "relu", True),
}
LARGE = [name for name in CASES if "32 x 256" in name]
EACH_CASE = [pytest.param(c, marks=pytest.mark.full) if c in LARGE else c for c in CASES]


def problem(case):
    """x, dy, residual, weight, bias and the activation of a case."""
    shape, channels_last, activation, with_residual = CASES[case]
    rng = np.random.default_rng(0)
    stored = (shape[0], *shape[2:], shape[1]) if channels_last else shape
    x, dy, residual = (rng.standard_normal(stored, np.float32) for _ in range(3))
    if channels_last:
        x, dy, residual = (np.moveaxis(a, -1, 1) for a in (x, dy, residual))
    weight, bias = rng.uniform(0.5, 1.5, (2, shape[1])).astype(np.float32)
    return x, dy, residual if with_residual else None, weight, bias, activation


def numpy_call(module, x, dy, residual, weight, bias, activation):
    """Forward and backward of `module`, which has the arguments of ours."""
    mean, var = np.zeros_like(weight), np.ones_like(weight)

    def call():
        y, ctx = module.batch_norm_forward(
            x, mean, var, weight, bias, True, activation=activation, residual=residual
        )
        return y, *module.batch_norm_backward(dy, ctx)

    return call


def torch_call(torch, x, dy, residual, weight, bias, activation):
    """The same through autograd."""
    f, tensor = torch.nn.functional, torch.from_numpy
    leaves = [tensor(a).requires_grad_() for a in (x, weight, bias, residual) if a is not None]
    mean, var = torch.zeros(len(weight)), torch.ones(len(weight))
    gradient = tensor(dy)

    def call():
        z = f.batch_norm(leaves[0], mean, var, leaves[1], leaves[2], True)
        y = ACTIVATION[activation](f, z if residual is None else z + leaves[3])
        return y.detach(), *torch.autograd.grad(y, leaves, gradient)

    return call


def error(result, exact):
    """The largest error of an output, relative to its largest value."""
    pairs = zip(result, exact, strict=False)
    return max(
        float(np.max(np.abs(np.asarray(a) - e)) / np.max(np.abs(e)))
        for a, e in pairs
        if e is not None
    )


@pytest.mark.parametrize("implementation", ["mlqa_fast", "PyTorch", "reference"])
@pytest.mark.parametrize("case", EACH_CASE)
def bench_forward_and_backward(case, implementation, measure, peer):
    arrays = problem(case)
    module = reference.nn.functional
    if implementation == "mlqa_fast":
        call = numpy_call(functional, *arrays)
    elif implementation == "PyTorch":
        call = torch_call(peer("torch"), *arrays)
    else:
        call = numpy_call(module, *arrays)
    double = [a if a is None or isinstance(a, str) else a.astype(np.float64) for a in arrays]
    exact = numpy_call(module, *double)()
    measure(
        call,
        implementation=implementation,
        case=case,
        shape=arrays[0].shape,
        certificate=lambda result: ("error against float64", error(result, exact), 1e-5),
    )
