"""The same answers and the same complaints as PyTorch."""

import numpy as np
import pytest

from mlqa_fast.nn import functional

torch = pytest.importorskip("torch")
peer = torch.nn.functional

ACTIVATIONS = {
    None: lambda z: z,
    "relu": peer.relu,
    "leaky_relu": lambda z: peer.leaky_relu(z, 0.01),
    "elu": peer.elu,
}


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("with_residual", [False, True], ids=["", "residual"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(20, 7), (6, 5, 9), (4, 8, 7, 7), (3, 4, 2, 5, 3)], ids=str)
def test_equals_pytorch(rng, shape, activation, with_residual, training):
    x, dy, residual = rng.standard_normal((3, *shape))
    weight, bias, mean = rng.standard_normal((3, shape[1]))
    var = rng.uniform(0.5, 1.5, shape[1])
    theirs = [torch.from_numpy(a.copy()) for a in (x, weight, bias, residual, mean, var)]
    for leaf in theirs[:4]:
        leaf.requires_grad_()
    z = peer.batch_norm(theirs[0], *theirs[4:], *theirs[1:3], training, 0.3, 1e-4)
    y = ACTIVATIONS[activation](z + theirs[3] if with_residual else z)
    leaves = theirs[: 4 if with_residual else 3]
    gradients = torch.autograd.grad(y, leaves, torch.from_numpy(dy))

    kept = residual if with_residual else None
    mine, ctx = functional.batch_norm_forward(
        x, mean, var, weight, bias, training, 0.3, 1e-4, activation=activation, residual=kept
    )
    ours = functional.batch_norm_backward(dy, ctx)
    np.testing.assert_allclose(mine, y.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mean, theirs[4].numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(var, theirs[5].numpy(), rtol=1e-12)
    for got, want in zip(ours, gradients, strict=False):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-12, atol=1e-12)
    assert (ours[3] is None) != with_residual


def arguments(**changed):
    """Right arguments, but for what is changed."""
    right = {
        "input": np.ones((4, 3, 2)),
        "running_mean": np.zeros(3),
        "running_var": np.ones(3),
        "weight": None,
        "bias": None,
        "training": False,
        "momentum": 0.1,
        "eps": 1e-5,
    }
    return right | changed


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": np.ones((1, 3)), "training": True},
        {"input": np.ones((1, 3, 1, 1)), "training": True},
        {"running_mean": np.zeros(4)},
        {"running_var": np.zeros(2)},
        {"weight": np.zeros(4)},
        {"bias": np.zeros(1)},
        {"running_mean": None, "running_var": None},
        {"running_var": None},
        {"running_var": None, "training": True},
        {"eps": -1.0},
        {"eps": 0.0, "training": True},
        {"momentum": None, "training": True},
    ],
    ids=str,
)
def test_complains_as_pytorch_does(wrong):
    mine = arguments(**wrong)
    theirs = {
        name: torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
        for name, value in mine.items()
    }
    with pytest.raises((ValueError, RuntimeError, TypeError)) as want:
        peer.batch_norm(**theirs)
    with pytest.raises((ValueError, TypeError)) as got:
        functional.batch_norm(**mine)
    told = str(want.value).replace("torch.Size([", "(").replace("])", ")")
    assert (
        str(got.value).split("argument")[0]
        == told.replace(" (position 7)", "").split("argument")[0]
    )
    if isinstance(want.value, ValueError | TypeError):
        assert isinstance(got.value, type(want.value))


def test_nan_passes_as_in_pytorch(rng):
    x = rng.standard_normal((5, 4, 3))
    x[1, 2, 0], x[0, 1, 1] = np.nan, np.inf
    for training in (True, False):
        for name, activation in ACTIVATIONS.items():
            stats = np.zeros(4), np.ones(4)
            theirs = torch.from_numpy(x.copy()).requires_grad_()
            z = peer.batch_norm(theirs, *map(torch.from_numpy, stats), training=training)
            y = activation(z)
            (want,) = torch.autograd.grad(y, theirs, torch.ones_like(y))
            mine, ctx = functional.batch_norm_forward(
                x, np.zeros(4), np.ones(4), training=training, activation=name
            )
            np.testing.assert_allclose(mine, y.detach().numpy(), atol=1e-12, equal_nan=True)
            if name == "elu":
                continue  # PyTorch's gradient at NaN depends on the place in the array
            got = functional.batch_norm_backward(np.ones_like(x), ctx)[0]
            np.testing.assert_allclose(got, want.numpy(), atol=1e-12, equal_nan=True)
