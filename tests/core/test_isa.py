"""The instruction set is found, overridden by MLQA_FAST_ISA, and changed for tests."""

import os
import platform
import subprocess
import sys

import pytest

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core


def start(value, *flags):
    code = "import mlqa_fast; print(mlqa_fast.get_isa())"
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"MLQA_FAST_ISA": value},
    )


def test_the_best_is_the_default():
    if "MLQA_FAST_ISA" not in os.environ:
        assert core.isa_current() == core.isa_levels()[-1]


@pytest.mark.parametrize("level", core.isa_levels())
def test_override(level):
    done = start(level, "-W", "error")
    assert (done.returncode, done.stdout.strip()) == (0, level), done.stderr


def test_empty_override_is_none():
    assert start("", "-W", "error").stdout.strip() == core.isa_levels()[-1]


@pytest.mark.parametrize("value", ["bogus", "v3", "x86-64-v9"])
def test_bogus_override_warns_and_takes_the_best(value):
    done = start(value)
    assert done.returncode == 0
    assert done.stdout.strip() == core.isa_levels()[-1]
    assert f"RuntimeWarning: MLQA_FAST_ISA={value} is no known instruction set" in done.stderr


def test_use():
    before = core.isa_current()
    for level in core.isa_levels():
        core.isa_use(level)
        assert mlqa_fast.get_isa() == level
    core.isa_use(before)


@pytest.mark.parametrize("name", ["", "bogus", "X86-64-V3"])
def test_use_of_what_there_is_not(name):
    before = core.isa_current()
    with pytest.raises(ValueError, match=f"instruction set '{name}' is unknown or not supported"):
        core.isa_use(name)
    assert core.isa_current() == before


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="levels of x86-64")
def test_levels_are_those_of_the_processor():
    levels = core.isa_levels()
    known = ["x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-amx"]
    assert levels == known[: len(levels)]
    if sys.platform == "linux":
        with open("/proc/cpuinfo") as file:
            flags = set(next(line for line in file if line.startswith("flags")).split())
        assert ("x86-64-v4" in levels) == (
            {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512cd"} <= flags
        )
        assert "x86-64-v4-amx" not in levels or {"amx_tile", "amx_bf16"} <= flags
        assert ("x86-64-v3" in levels) == ({"avx2", "fma", "bmi2"} <= flags)
