"""Vector functions keep their bound over the whole range, on every instruction set."""

import numpy as np
import pytest

from mlqa_fast._mlqa_fast_core import core

BOUND = 2.0  # ulp; stated in core/vmath.hpp
EXACT = {"exp": np.exp, "exp_negative": np.exp, "expm1": np.expm1, "log": np.log, "tanh": np.tanh}
LOWEST = {np.float32: -87.0, np.float64: -708.0}  # exp_negative gives 0 below

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
functions = pytest.mark.parametrize("name", EXACT)


def arguments(name, dtype, rng):
    """Bit patterns of the whole range, and many where the function changes most."""
    bits = np.uint32 if dtype is np.float32 else np.uint64
    patterns = np.arange(0, 2**32, 9973, dtype=np.uint64)
    if bits is np.uint64:
        patterns = patterns << 32 | rng.integers(2**32, size=patterns.size, dtype=np.uint64)
    everywhere = patterns.astype(bits).view(dtype)
    range_of_exp = rng.uniform(*((-104, 89) if dtype is np.float32 else (-746, 710)), 60_000)
    x = np.concatenate(
        [everywhere, range_of_exp, rng.normal(size=60_000), 3 * rng.normal(size=60_000)],
        dtype=dtype,
        casting="same_kind",
    )
    x = x[np.isfinite(x)]
    if name == "log":
        return np.concatenate([np.abs(x[x != 0]), rng.uniform(0.5, 2, 60_000).astype(dtype)])
    if name == "exp_negative":
        return -np.abs(x[np.abs(x) <= -LOWEST[dtype]])
    return x


def errors_in_ulp(got, x, name):
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.longdouble))
        rounded = exact.astype(x.dtype)
        error = np.abs(got.astype(np.longdouble) - exact) / np.spacing(np.abs(rounded))
    return np.where(got == rounded, 0.0, error)  # also where both overflow


@functions
@dtypes
def test_bound(name, dtype, rng, isa):
    x = arguments(name, dtype, rng)
    got = core.vector_function(name, x)
    assert got.dtype == dtype
    error = errors_in_ulp(got, x, name)
    worst = np.argmax(np.where(np.isnan(error), np.inf, error))
    assert error[worst] <= BOUND, f"{error[worst]} ulp at {x[worst]!r}: {got[worst]!r}"


@functions
@dtypes
@pytest.mark.sanitize
def test_nan_and_infinities(name, dtype, isa):
    with np.errstate(all="ignore"):
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0], dtype)
        x = x[1:][x[1:] <= 0] if name == "exp_negative" else x  # positive: not its domain
        want = EXACT[name](x)
    np.testing.assert_allclose(core.vector_function(name, x), want, rtol=1e-6)


@dtypes
def test_exp_and_log_of_subnormals(dtype, isa):
    tiny = np.finfo(dtype).smallest_subnormal * np.array([1, 2, 3, 1000], dtype)
    np.testing.assert_allclose(core.vector_function("log", tiny), np.log(tiny), rtol=1e-6)
    np.testing.assert_array_equal(core.vector_function("expm1", tiny), tiny)
    np.testing.assert_array_equal(core.vector_function("tanh", -tiny), -tiny)
    x = np.log(tiny[1:].astype(np.longdouble)).astype(dtype)
    assert np.all(core.vector_function("exp", x) > 0)


@dtypes
def test_exp_negative_is_zero_below_its_range(dtype, isa):
    below = np.nextafter(dtype(LOWEST[dtype]), dtype(-np.inf))
    got = core.vector_function(
        "exp_negative", np.array([LOWEST[dtype], below, -1e30, np.nan], dtype)
    )
    assert got[0] > 0
    np.testing.assert_array_equal(got[1:], 0)


@functions
@dtypes
@pytest.mark.sanitize
def test_a_value_does_not_depend_on_its_place(name, dtype, rng, isa):
    """Full vectors and the rest behind them give the same bits."""
    x = -np.abs(rng.normal(size=67)).astype(dtype)
    x = -x if name == "log" else x
    whole = core.vector_function(name, x)
    for size in (0, 1, 2, 3, 7, 15, 16, 17, 33, 67):
        assert core.vector_function(name, x[:size].copy()).tobytes() == whole[:size].tobytes()
    assert core.vector_function(name, x[5:].copy()).tobytes() == whole[5:].tobytes()


def test_unknown_name():
    with pytest.raises(ValueError, match="no vector function is called sinh"):
        core.vector_function("sinh", np.zeros(3))
