"""BatchNorm on batches of digit images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from mlqa_fast import reference
from mlqa_fast._main_job.certificates import largest_relative_error
from mlqa_fast._main_job.job import Certificate, Job, peer
from mlqa_fast._main_job.timing import Prepared
from mlqa_fast.nn.functional import batch_norm, batch_norm_backward, batch_norm_forward

EPSILON = 1e-5


def exact(x: Any, weight: Any, bias: Any, dy: Any) -> tuple[Any, ...]:
    """y, dx, dweight and dbias in float64, from the definition (channels on axis 1)."""
    x, weight, bias, dy = (np.asarray(a, dtype=np.float64) for a in (x, weight, bias, dy))
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *[1] * (x.ndim - 2))
    weight, bias = weight.reshape(shape), bias.reshape(shape)
    scale = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + EPSILON)
    z = (x - x.mean(axis=axes, keepdims=True)) * scale
    dz = dy * weight
    mean_dz = dz.mean(axis=axes, keepdims=True)
    dx = scale * (dz - mean_dz - z * (dz * z).mean(axis=axes, keepdims=True))
    return z * weight + bias, dx, (dy * z).sum(axis=axes), dy.sum(axis=axes)


def _difference(ours: Any, theirs: Any) -> str:
    return f"{largest_relative_error(ours, [np.asarray(a) for a in theirs]):.1e} apart"


def _torch_peers(torch: Any, function: Callable[[], Any]) -> dict[str, Prepared]:
    """PyTorch with all threads, and with one: on small tensors one may be the faster."""
    threads = torch.get_num_threads()
    peers = {"PyTorch": Prepared(function, lambda: torch.set_num_threads(threads))}
    if threads > 1:
        peers["PyTorch, 1 thread"] = Prepared(function, lambda: torch.set_num_threads(1))
    return peers


def _jobs(data: str, x: Any) -> list[Job]:
    """Forward alone, and forward with backward, of one batch in training mode."""
    rng = np.random.default_rng(0)
    channels = x.shape[1]
    weight, bias = (rng.uniform(0.5, 1.5, channels).astype(np.float32) for _ in range(2))
    dy = rng.standard_normal(x.shape).astype(np.float32)
    mean, variance = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    truth = exact(x, weight, bias, dy)
    arguments = (x, mean, variance, weight, bias, True)

    def forward_backward() -> tuple[Any, ...]:
        y, context = batch_norm_forward(*arguments)
        return y, *batch_norm_backward(dy, context)[:3]

    def reference_forward_backward() -> tuple[Any, ...]:
        y, context = reference.nn.functional.batch_norm_forward(*arguments)
        return y, *reference.nn.functional.batch_norm_backward(dy, context)[:3]

    forward_peers: dict[str, Prepared] = {}
    both_peers: dict[str, Prepared] = {}
    if (torch := peer("torch")) is not None:
        f = torch.nn.functional.batch_norm
        tensors = [torch.from_numpy(a.copy()) for a in (x, mean, variance, weight, bias)]
        leaves = [tensors[i].clone().requires_grad_() for i in (0, 3, 4)]
        dy_tensor = torch.from_numpy(dy)

        def torch_both() -> tuple[Any, ...]:
            y = f(leaves[0], tensors[1], tensors[2], leaves[1], leaves[2], True)
            return y.detach(), *torch.autograd.grad(y, leaves, dy_tensor)

        forward_peers = _torch_peers(torch, lambda: (f(*tensors, True),))
        both_peers = _torch_peers(torch, torch_both)

    shape = " x ".join(map(str, x.shape))
    return [
        Job(
            name="BatchNorm forward",
            data=f"{data}, {shape}",
            ours=lambda: (batch_norm(*arguments),),
            peers=forward_peers,
            certificate=Certificate(
                "error against float64", lambda _, a: largest_relative_error(a, truth[:1])
            ),
            agreement=_difference,
            reference=lambda: reference.nn.functional.batch_norm(*arguments),
        ),
        Job(
            name="BatchNorm forward, backward",
            data=f"{data}, {shape}",
            ours=forward_backward,
            peers=both_peers,
            certificate=Certificate(
                "error against float64", lambda _, a: largest_relative_error(a, truth)
            ),
            agreement=_difference,
            reference=reference_forward_backward,
        ),
    ]


def jobs() -> list[Job]:
    """Pixels as features; and the nine pixels around each pixel as channels of an image."""
    images = load_digits().images[:256].astype(np.float32)
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    channels = [framed[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    return [
        *_jobs("digits, pixels", images.reshape(len(images), 64)),
        *_jobs("digits, 3 x 3 patches", np.stack(channels, axis=1)),
    ]
