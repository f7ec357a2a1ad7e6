"""Batch normalisation from its definition."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LEAKY_RELU_SLOPE = 0.01
ELU_ALPHA = 1.0


class BatchNormContext(NamedTuple):
    """What the backward pass needs: x - mean, 1 / sqrt(variance + eps), weight, activation'(z)."""

    centred: Array
    inverse_deviation: Array
    weight: Array
    slope: Array
    training: bool
    given: tuple[bool, bool, bool]


def _activation(z: Array, name: str | None) -> tuple[Array, Array]:
    """activation(z) and its derivative."""
    if name is None:
        return z, np.ones_like(z)
    negative = {
        "relu": (0 * z, 0 * z),
        "leaky_relu": (LEAKY_RELU_SLOPE * z, 0 * z + LEAKY_RELU_SLOPE),
        "elu": (ELU_ALPHA * np.expm1(np.minimum(z, 0)), ELU_ALPHA * np.exp(np.minimum(z, 0))),
    }[name]
    linear = ~(z <= 0)
    return np.where(linear, z, negative[0]), np.where(linear, 1.0, negative[1])


def batch_norm_forward(
    input: npt.ArrayLike,
    running_mean: Array | None,
    running_var: Array | None,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    activation: str | None = None,
    residual: npt.ArrayLike | None = None,
    out: Array | None = None,
) -> tuple[Array, BatchNormContext]:
    """Y = activation(weight (x - mean) / sqrt(variance + eps) + bias + residual).

    Mean and variance are those of each channel (axis 1), in training of the batch, which also move
    the running statistics: running = (1 - momentum) running + momentum batch, where the variance
    has m - 1 in its denominator. Computed in float64, returned in the dtype of the input.
    """
    x = np.asarray(input)
    axes, channels = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
    dtype, x = (x.dtype if x.dtype == np.float32 else np.dtype(float)), x.astype(float)
    m = x.size // x.shape[1]
    mean = x.mean(axes) if training else np.asarray(running_mean, float)
    centred = x - mean.reshape(channels)
    variance = (centred**2).mean(axes) if training else np.asarray(running_var, float)
    r = 1 / np.sqrt(variance + eps).reshape(channels)
    w = np.asarray(1.0 if weight is None else weight, float) * np.ones(x.shape[1])
    b = np.asarray(0.0 if bias is None else bias, float) * np.ones(x.shape[1])
    z = w.reshape(channels) * centred * r + b.reshape(channels)
    if residual is not None:
        z = z + np.asarray(residual, float)
    y, slope = _activation(z, activation)
    if training and running_mean is not None and running_var is not None:
        running_mean[...] = (1 - momentum) * running_mean + momentum * mean
        running_var[...] = (1 - momentum) * running_var + momentum * variance * m / (m - 1)
    result = np.empty_like(np.asarray(input), dtype) if out is None else out
    result[...] = y
    given = (weight is not None, bias is not None, residual is not None)
    return result, BatchNormContext(centred, r, w.reshape(channels), slope, training, given)


def batch_norm(
    input: npt.ArrayLike,
    running_mean: Array | None,
    running_var: Array | None,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    activation: str | None = None,
    residual: npt.ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """Y of :func:`batch_norm_forward`."""
    statistics = (running_mean, running_var, weight, bias, training, momentum, eps)
    added: dict[str, Any] = {"activation": activation, "residual": residual, "out": out}
    return batch_norm_forward(input, *statistics, **added)[0]


def batch_norm_backward(
    dy: npt.ArrayLike, ctx: BatchNormContext
) -> tuple[Array, Array | None, Array | None, Array | None]:
    """dx, dweight, dbias, dresidual, with dz = activation'(z) dy and h = (x - mean) r.

    dbias = sum(dz), dweight = sum(dz h), dresidual = dz; dx = weight r (dz - dbias / m - h
    dweight / m) in training, weight r dz where the statistics are constants.
    """
    dy = np.asarray(dy)
    axes, m = (0, *range(2, dy.ndim)), dy.size // dy.shape[1]
    dz, h = dy * ctx.slope, ctx.centred * ctx.inverse_deviation
    dbias, dweight = dz.sum(axes, keepdims=True), (dz * h).sum(axes, keepdims=True)
    dx = dz - (dbias + h * dweight) / m if ctx.training else dz
    every = (dweight.ravel(), dbias.ravel(), dz)
    kept = (a.astype(dy.dtype) if g else None for a, g in zip(every, ctx.given, strict=True))
    return ((ctx.weight * ctx.inverse_deviation * dx).astype(dy.dtype), *kept)
