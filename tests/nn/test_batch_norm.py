"""Batch normalisation against its definition, on every layout, dtype, activation and mode."""

import itertools
import os
import pickle
import signal
import threading
import time

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core
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
EPS = 1e-5
THREADS = core.get_num_threads()
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
    """What errors are relative to: the largest value, or the terms of a sum where they cancel.

    Values are those without an activation, which may leave next to nothing.
    """
    linear = run(definition, *in_float64(arrays), training)
    sizes = {name: np.max(np.abs(a), initial=0) for name, a in linear.items() if a is not None}
    deviation = np.sqrt(np.min(arrays[0].var((0, *range(2, arrays[0].ndim)))) + EPS)
    sizes["dx"] = max(
        sizes["dx"], np.max(np.abs(arrays[3])) * np.max(np.abs(arrays[1])) / deviation
    )
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


def worst_layouts(rng, mean, deviation):
    """Hard shapes: one part and several, planes and rows, whole vectors and remainders."""
    for shape, layout in itertools.product([(4096, 64), (16, 20, 28, 28), (9, 33, 5, 7)], LAYOUTS):
        yield problem(rng, shape, np.float32, layout, mean, deviation)


@pytest.mark.parametrize(
    ("mean", "deviation"), [(1e4, 1e-2), (-1e4, 1e-2), (1e4, 1.0), (1e-3, 1e-4), (3e6, 1.0)]
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_mean_far_from_zero_costs_no_digits(rng, mean, deviation, activation):
    for x, dy, residual, weight, bias, running_mean, running_var in worst_layouts(
        rng, mean, deviation
    ):
        arrays = [x, dy, residual, weight, bias, running_mean, running_var]
        got = run(functional, *arrays, activation=activation)
        want = run(definition, *in_float64(arrays), activation=activation)
        for name, expected in want.items():
            error = np.max(np.abs(got[name] - expected)) / np.max(np.abs(expected))
            assert error <= 1e-6, (name, x.shape, error)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_first_values_unlike_the_rest(rng, layout):
    """Sums about the first values would lose the variance: they are taken again about the mean."""
    x = 1e4 + 1e-2 * rng.standard_normal((40_000, 2, 3))
    x[:8] = 9e3
    x = laid_out(x.astype(np.float32), layout)
    y, ctx = functional.batch_norm_forward(x, None, None, training=True)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(ctx.statistics[0], exact.mean((0, 2)), rtol=1e-12)
    deviation = 1 / np.sqrt(exact.var((0, 2)) + 1e-5)
    np.testing.assert_allclose(ctx.statistics[1], deviation, rtol=1e-7)
    assert np.isfinite(y).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("value", [0.0, 1 / 3, -7e5])
def test_constant_channels_are_zero(layout, value):
    x = laid_out(np.full((37, 5, 4, 3), value, np.float32), layout)
    var = np.ones(5, np.float32)
    y = functional.batch_norm(x, np.zeros(5, np.float32), var, training=True)
    np.testing.assert_array_equal(y, 0)
    np.testing.assert_allclose(var, 0.9, rtol=1e-6)


def loss_and_gradients(arrays, activation, training, direction):
    got = run(functional, *arrays, training, activation, eps=1e-3)
    return float((got["y"] * direction).sum()), got


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_those_of_finite_differences(rng, activation, training):
    arrays = problem(rng, (6, 3, 2))
    _, gradients = loss_and_gradients(arrays, activation, training, arrays[1])
    step = 1e-6
    for place, name in [(0, "dx"), (3, "dweight"), (4, "dbias"), (2, "dresidual")]:
        numeric = np.empty_like(arrays[place])
        for index in np.ndindex(numeric.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[place][index] += sign * step
                ends.append(loss_and_gradients(moved, activation, training, arrays[1])[0])
            numeric[index] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradients[name], numeric, rtol=0, atol=2e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_layouts_agree(rng, activation):
    arrays = problem(rng, (7, 12, 9, 5))
    plain = run(functional, *arrays, activation=activation)
    for layouts in itertools.product(LAYOUTS, repeat=3):
        mixed = [laid_out(a, how) for a, how in zip(arrays[:3], layouts, strict=True)]
        got = run(functional, *mixed, *arrays[3:], activation=activation)
        assert_close(got, plain, scales(arrays, True), 1e-13)


@pytest.mark.parametrize(
    ("make", "order"),
    [
        (lambda x: x, (0, 1, 2, 3)),
        (lambda x: laid_out(x, "channels last"), (0, 2, 3, 1)),
        (lambda x: x[:, ::2], (0, 1, 2, 3)),
        (lambda x: x[::-1], (0, 1, 2, 3)),
    ],
)
def test_results_keep_the_layout_and_own_their_memory(rng, make, order):
    x = make(rng.standard_normal((4, 6, 5, 3)))
    y, ctx = functional.batch_norm_forward(x, None, None, training=True)
    dx = functional.batch_norm_backward(np.ones(x.shape), ctx)[0]
    for result in (y, dx):
        assert result.transpose(order).flags.c_contiguous
        assert result.flags.owndata


STRIDED = {
    "negative": lambda x: x[::-1, ::-1, ::-1, ::-1],
    "every other": lambda x: x.repeat(2, 0).repeat(2, 1).repeat(2, 3)[::2, ::2, :, ::2],
    "broadcast over the batch": lambda x: np.broadcast_to(x[:1], x.shape),
    "broadcast over channels": lambda x: np.broadcast_to(x[:, :1], x.shape),
    "constant": lambda x: np.broadcast_to(x[:1, :1, :1, :1], x.shape),
    "transposed": lambda x: x.transpose(3, 1, 2, 0).copy().transpose(3, 1, 2, 0),
    "rows apart": lambda x: np.pad(laid_out(x, "channels last"), [(0, 0), (0, 9), (0, 0), (0, 0)])[
        :, : x.shape[1]
    ],
}


@pytest.mark.parametrize("x_strides", STRIDED)
@pytest.mark.parametrize("dy_strides", STRIDED)
def test_any_strides(rng, x_strides, dy_strides):
    x, dy, residual, *rest = problem(rng, (6, 5, 4, 7))
    arrays = [STRIDED[x_strides](x), STRIDED[dy_strides](dy), STRIDED[dy_strides](residual), *rest]
    got = run(functional, *arrays, activation="relu")
    want = run(definition, *[np.ascontiguousarray(a) for a in arrays], activation="relu")
    assert_close(got, want, scales(arrays, True), 1e-12)


@given(
    shape=npst.array_shapes(min_dims=2, max_dims=5, min_side=1, max_side=20).filter(
        lambda s: s[0] * int(np.prod(s[2:])) >= 2
    ),
    layout=st.sampled_from(LAYOUTS),
    dtype=st.sampled_from([np.float32, np.float64]),
    activation=st.sampled_from(ACTIVATIONS),
    training=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape(shape, layout, dtype, activation, training, seed):
    arrays = problem(np.random.default_rng(seed), shape, dtype, layout)
    arrays[0] = arrays[0] + np.arange(arrays[0].size, dtype=dtype).reshape(shape) % 7
    linear = run(definition, *in_float64(arrays), training)
    if np.abs(linear["y"]).min(initial=1) < 1e-4:
        activation = None  # an element this close to 0 may be rounded to either side
    got = run(functional, *arrays, training, activation, eps=1e-2)
    want = run(definition, *in_float64(arrays), training, activation, eps=1e-2)
    tolerance = {np.float32: 1e-5, np.float64: 1e-12}[dtype]
    assert_close(got, want, scales(arrays, training), tolerance)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_in_place_and_out(rng, layout, activation):
    x, _, residual, weight, bias, mean, var = problem(rng, (9, 20, 4, 5), np.float32, layout)
    arguments = (mean, var, weight, bias)
    want = functional.batch_norm(x, *arguments, activation=activation, residual=residual)
    for where in (np.empty_like(x), np.empty(x.shape, x.dtype), x.copy("K"), residual.copy("K")):
        mine, other = x.copy("K"), residual.copy("K")
        out = mine if np.array_equal(where, x) else where
        out = other if np.array_equal(where, residual) else out
        got = functional.batch_norm(
            mine, *arguments, activation=activation, residual=other, out=out
        )
        assert got is out
        np.testing.assert_array_equal(got, want)


def test_parts_of_larger_arrays_can_be_written(rng):
    x = rng.standard_normal((5, 6, 7, 8))
    buffer = np.full((5, 13, 7, 8), 9.0)
    functional.batch_norm(x, None, None, training=True, out=buffer[:, 1::2])
    np.testing.assert_array_equal(buffer[:, ::2], 9.0)
    np.testing.assert_array_equal(
        buffer[:, 1::2], functional.batch_norm(x, None, None, training=True)
    )


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_stay_in_their_channel(rng, training, layout, value):
    arrays = problem(rng, (6, 5, 3, 4), np.float32, layout)
    clean = run(functional, *arrays, training)
    arrays[0][2, 1, 1, 1] = value
    got = run(functional, *arrays, training)
    others = [0, 2, 3, 4]
    for name in ("y", "dx"):
        np.testing.assert_array_equal(got[name][:, others], clean[name][:, others])
    spoiled = got["y"][:, 1] if training else got["y"][2, 1, 1, 1]
    assert not np.isfinite(spoiled).all()
    assert np.isfinite(got["dx"][:, 1]).all() != training


def test_empty_batches(rng):
    mean, var = np.zeros(3), np.ones(3)
    y, ctx = functional.batch_norm_forward(
        np.empty((0, 3, 2)), mean, var, np.ones(3), training=True
    )
    dx, dweight, dbias, _ = functional.batch_norm_backward(np.empty((0, 3, 2)), ctx)
    assert y.shape == dx.shape == (0, 3, 2)
    assert dbias is None
    np.testing.assert_array_equal(dweight, 0)
    assert (mean.tolist(), var.tolist()) == ([0] * 3, [1] * 3)
    assert functional.batch_norm(np.empty((4, 0)), None, None, training=True).shape == (4, 0)


def test_momentum_one_over_k_is_the_cumulative_average(rng):
    batches = rng.standard_normal((5, 20, 3))
    mean, var = np.full(3, 77.0), np.full(3, 77.0)
    for k, x in enumerate(batches, 1):
        functional.batch_norm(x, mean, var, training=True, momentum=1 / k)
    np.testing.assert_allclose(mean, batches.mean(1).mean(0), rtol=1e-13)
    np.testing.assert_allclose(var, batches.var(1, ddof=1).mean(0), rtol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_context_can_be_pickled_and_used_again(rng, layout, activation):
    x, dy, residual, weight, bias, mean, var = problem(rng, (7, 3, 5, 6), np.float32, layout)
    _, ctx = functional.batch_norm_forward(
        x, mean, var, weight, bias, True, activation=activation, residual=residual
    )
    want = functional.batch_norm_backward(dy, ctx)
    for context in (ctx, pickle.loads(pickle.dumps(ctx))):
        for mine, expected in zip(functional.batch_norm_backward(dy, context), want, strict=True):
            np.testing.assert_array_equal(mine, expected)


class LongCall:
    """One call in training that is long enough for the native loops to look up and be stopped."""

    LONG = 0.08  # seconds: four times the interval at which they look up

    def __init__(self, rng):
        images = 8
        self.seconds = 0.0
        while self.seconds < self.LONG:
            images *= 2
            self.x = np.broadcast_to(
                rng.standard_normal((64, 112, 112)), (images, 64, 112, 112)
            ).copy()
            self.out = self.x.copy()  # no memory that is yet to be had from the system
            self.seconds = min(self.timed() for _ in range(3))

    def timed(self):
        self.reset()
        start = time.perf_counter()
        self()
        return time.perf_counter() - start

    def reset(self):
        self.statistics = np.zeros(64), np.ones(64)

    def __call__(self):
        functional.batch_norm(
            self.x, *self.statistics, training=True, activation="elu", out=self.out
        )

    def stopped_by(self, stop, error, share):
        """Stop the call at a share of its time; whether it was stopped, and left the statistics."""
        self.reset()
        timer = threading.Timer(share * self.seconds, stop)
        timer.start()
        try:
            self()
            timer.join()  # a signal that comes too late for the call is raised here
        except error:
            return np.array_equal(self.statistics, (np.zeros(64), np.ones(64)))
        return False


@pytest.fixture
def long_call(rng):
    core.set_num_threads(1)
    yield LongCall(rng)
    core.set_num_threads(THREADS)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "error"),
    [
        (mlqa_fast.cancel, mlqa_fast.CancelledError),
        pytest.param(
            interrupt,
            KeyboardInterrupt,
            marks=pytest.mark.skipif(os.name == "nt", reason="no signals to send to oneself"),
        ),
    ],
    ids=["cancel", "Ctrl-C"],
)
def test_a_call_that_is_stopped_leaves_the_running_statistics(long_call, stop, error):
    """The first that is stopped in time must do it: one that came too late has updated them."""
    shares = [0.6, 0.5, 0.4, 0.3, 0.2, 0.1] * 3
    assert any(long_call.stopped_by(stop, error, share) for share in shares)
