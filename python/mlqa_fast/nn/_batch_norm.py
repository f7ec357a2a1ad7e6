"""Batch normalisation of NumPy arrays."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mlqa_fast._mlqa_fast_core import nn as _nn

Array: TypeAlias = npt.NDArray[Any]
Activation: TypeAlias = Literal["relu", "leaky_relu", "elu"]


class BatchNormContext(NamedTuple):
    """What :func:`batch_norm_backward` needs of a forward pass.

    Holds a reference to the input, not a copy: the input must stay as it was until the backward pass.
    Can be pickled.
    """

    input: Array
    """The input of the forward pass, or a copy where its layout was changed."""
    residual: Array | None
    """The residual, where the gradient of the activation needs it (elu)."""
    statistics: npt.NDArray[np.float64]
    """Mean, 1 / sqrt(variance + eps), weight and bias; shape (4, C)."""
    mask: npt.NDArray[np.uint16] | None
    """Where the activation was linear, one bit an element, with a residual and relu or leaky_relu."""
    activation: str | None
    """The activation of the forward pass."""
    training: bool
    """Whether the statistics were those of the batch."""
    has_weight: bool
    """Whether a weight was given."""
    has_bias: bool
    """Whether a bias was given."""
    has_residual: bool
    """Whether a residual was given."""
    layout: int
    """How the channels lie in memory."""


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
    activation: Activation | None = None,
    residual: npt.ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    y: Array = _nn.batch_norm_forward(
        input,
        running_mean,
        running_var,
        weight,
        bias,
        training,
        momentum,
        eps,
        activation,
        residual,
        out,
        False,
    )[0]
    return y


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
    activation: Activation | None = None,
    residual: npt.ArrayLike | None = None,
    out: Array | None = None,
) -> tuple[Array, BatchNormContext]:
    y, fields = _nn.batch_norm_forward(
        input,
        running_mean,
        running_var,
        weight,
        bias,
        training,
        momentum,
        eps,
        activation,
        residual,
        out,
        True,
    )
    return y, BatchNormContext._make(fields)


def batch_norm_backward(
    dy: npt.ArrayLike, ctx: BatchNormContext
) -> tuple[Array, Array | None, Array | None, Array | None]:
    if not isinstance(ctx, BatchNormContext):
        raise TypeError(
            f"ctx must be the BatchNormContext that batch_norm_forward returned, got {type(ctx)}"
        )
    gradients: tuple[Array, Array | None, Array | None, Array | None] = _nn.batch_norm_backward(
        dy, ctx
    )
    return gradients
