"""
Training primitives.
"""
from __future__ import annotations
import typing
__all__: list[str] = ['batch_norm_backward', 'batch_norm_forward']
def batch_norm_backward(dy: typing.Any, ctx: tuple[typing.Any, ...], n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[typing.Any, ...]:
    """
    Gradients of the input, the weight, the bias and the residual.
    """
def batch_norm_forward(input: typing.Any, running_mean: typing.Any, running_var: typing.Any, weight: typing.Any, bias: typing.Any, training: typing.Any, momentum: typing.Any, eps: typing.Any, activation: typing.Any, residual: typing.Any, out: typing.Any, keeps: bool, n_jobs: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[typing.Any, ...]:
    """
    The normalised array, and what the backward pass needs or None.
    """
