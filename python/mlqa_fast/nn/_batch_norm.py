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

    Holds a reference to the input, not a copy: the input must stay as it was until the backward
    pass. Can be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.nn.functional import batch_norm_forward
    >>> _, ctx = batch_norm_forward(np.eye(2), None, None, training=True)
    >>> ctx.statistics[0]
    array([0.5, 0.5])
    """

    input: Array
    """The input of the forward pass, or a copy where its layout was changed."""
    residual: Array | None
    """The residual, where the gradient of the activation needs it (elu)."""
    statistics: npt.NDArray[np.float64]
    """Mean, 1 / sqrt(variance + eps), weight and bias; shape (4, C)."""
    mask: npt.NDArray[np.uint16] | None
    """Where the activation was linear, with a residual and relu or leaky_relu: a bit an element."""
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
    """Normalise each channel, then optionally add a residual and apply an activation.

    The arguments and their order are those of ``torch.nn.functional.batch_norm``; what follows
    ``eps`` is added here, in one pass over memory.

    Parameters
    ----------
    input : array-like of shape (N, C) or (N, C, ...)
        Channels lie on axis 1; any layout and strides. C order and channels last (a view such as
        ``np.moveaxis(nhwc, -1, 1)``) are taken as they are. float32 is computed and returned as
        float32, everything else as float64.
    running_mean, running_var : ndarray of shape (C,) or None
        Running statistics, of the input's dtype. In training they are updated in place, after all
        else has succeeded, and may both be None; in evaluation they are what is normalised with.
    weight, bias : array-like of shape (C,) or None, default=None
        Of the input's dtype; None stands for 1 and 0.
    training : bool, default=False
        Normalise with the statistics of the batch, over at least two values a channel.
    momentum : float, default=0.1
        ``running = (1 - momentum) * running + momentum * batch``, where the variance of the batch
        is the unbiased one. The cumulative average over calls is ``momentum=1 / k`` in the k-th.
    eps : float, default=1e-5
        Added to the variance; positive in training.
    activation : {"relu", "leaky_relu", "elu"} or None, default=None
        Applied to the result; leaky_relu has slope 0.01, elu has alpha 1.
    residual : array-like of the input's shape or None, default=None
        Added before the activation.
    out : ndarray of the input's shape and dtype or None, default=None
        Where the result goes; may be the input or the residual themselves. Undefined if
        the call is interrupted.

    Returns
    -------
    ndarray of the input's shape
        In the layout of the input; `out` if that was given.

    Raises
    ------
    ValueError
        If shapes do not fit, a channel has one value in training, `eps` is not positive, a running
        statistic is missing in evaluation, or `out` overlaps another argument in part.
    TypeError
        If dtypes are mixed, or an argument is of the wrong type.

    Notes
    -----
    In float32 the largest error is at most 1e-6 of the largest result, also where the mean is a
    million standard deviations: statistics are summed about a shift close to the mean and in
    float64, and the mean is carried with more digits than float32 has. In float64 it is 1e-12.
    Where the terms of a result nearly cancel (a bias gradient close to zero, say), the bound is
    relative to the terms. NaN makes NaN of its channel, as in PyTorch.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
       Reducing Internal Covariate Shift", ICML 2015, Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.nn.functional import batch_norm
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> mean, var = np.zeros(2), np.ones(2)
    >>> batch_norm(x, mean, var, training=True).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> mean, var
    (array([0.2, 2. ]), array([ 1.1, 20.9]))
    """
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
    """As :func:`batch_norm`, and what :func:`batch_norm_backward` needs.

    Parameters
    ----------
    input : array-like of shape (N, C) or (N, C, ...)
        Channels lie on axis 1; any layout and strides. C order and channels last (a view such as
        ``np.moveaxis(nhwc, -1, 1)``) are taken as they are. float32 is computed and returned as
        float32, everything else as float64.
    running_mean, running_var : ndarray of shape (C,) or None
        Running statistics, of the input's dtype. In training they are updated in place, after all
        else has succeeded, and may both be None; in evaluation they are what is normalised with.
    weight, bias : array-like of shape (C,) or None, default=None
        Of the input's dtype; None stands for 1 and 0.
    training : bool, default=False
        Normalise with the statistics of the batch, over at least two values a channel.
    momentum : float, default=0.1
        ``running = (1 - momentum) * running + momentum * batch``, where the variance of the batch
        is the unbiased one. The cumulative average over calls is ``momentum=1 / k`` in the k-th.
    eps : float, default=1e-5
        Added to the variance; positive in training.
    activation : {"relu", "leaky_relu", "elu"} or None, default=None
        Applied to the result; leaky_relu has slope 0.01, elu has alpha 1.
    residual : array-like of the input's shape or None, default=None
        Added before the activation.
    out : ndarray of the input's shape and dtype or None, default=None
        Where the result goes; not the input, which the backward pass needs. Undefined if the
        call is interrupted.

    Returns
    -------
    y : ndarray of the input's shape
        In the layout of the input; `out` if that was given.
    ctx : BatchNormContext
        For :func:`batch_norm_backward`. It refers to the input, which must not be changed before.

    Raises
    ------
    ValueError, TypeError
        As :func:`batch_norm`.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.nn.functional import batch_norm_backward, batch_norm_forward
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0], [8.0, 20.0]])
    >>> y, ctx = batch_norm_forward(x, None, None, np.ones(2), np.zeros(2), training=True)
    >>> dx, dweight, dbias, _ = batch_norm_backward(y, ctx)
    >>> dweight.round(3), np.allclose(dbias, 0)
    (array([3., 3.]), True)
    """
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
    """Gradients of a scalar whose gradient with respect to y is `dy`.

    Parameters
    ----------
    dy : array-like of the input's shape and dtype
        Any strides, also 0.
    ctx : BatchNormContext
        From :func:`batch_norm_forward`; it can be used again.

    Returns
    -------
    dx : ndarray of the input's shape
        In the layout of the input.
    dweight : ndarray of shape (C,) or None
        None where no weight was given.
    dbias : ndarray of shape (C,) or None
        None where no bias was given.
    dresidual : ndarray of the input's shape or None
        None where no residual was given.

    Raises
    ------
    ValueError
        If the shape of `dy` is not that of the input.
    TypeError
        If its dtype is not that of the input, or `ctx` is something else.

    Notes
    -----
    With statistics of the batch, the gradient passes through them; running statistics are
    constants. Errors are bounded as those of :func:`batch_norm`.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
       Reducing Internal Covariate Shift", ICML 2015, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.nn.functional import batch_norm_backward, batch_norm_forward
    >>> x = np.array([[0.0], [2.0]])
    >>> y, ctx = batch_norm_forward(x, np.array([1.0]), np.array([4.0]), eps=0.0)
    >>> dx, dweight, dbias, dresidual = batch_norm_backward(np.ones((2, 1)), ctx)
    >>> dx.ravel(), dweight
    (array([0.5, 0.5]), None)
    """
    if not isinstance(ctx, BatchNormContext):
        raise TypeError(
            f"ctx must be the BatchNormContext that batch_norm_forward returned, got {type(ctx)}"
        )
    gradients: tuple[Array, Array | None, Array | None, Array | None] = _nn.batch_norm_backward(
        dy, ctx
    )
    return gradients
