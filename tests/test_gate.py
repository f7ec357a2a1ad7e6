"""The gate counts what ran, and a step that failed is never counted as passed."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

CI = pathlib.Path(__file__).parents[1] / ".ci"
PATH = CI / "counts.py"


@pytest.fixture(scope="module")
def counts():
    spec = importlib.util.spec_from_file_location("gate_counts", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.counts


@pytest.mark.parametrize(
    ("log", "status", "expected"),
    [
        ("12 passed in 1.36s\n", 0, (12, 0, 0)),
        ("421 passed, 1 skipped in 31.66s\n", 0, (421, 0, 1)),
        ("==== 2 failed, 3 passed, 1 xfailed, 4 errors in 100.10s (0:01:40) ====\n", 1, (4, 6, 0)),
        ("3 passed, 1 deselected, 2 warnings in 0.10s\n", 0, (3, 0, 0)),
        ("3 passed in 0.10s\ntext\n4 passed, 1 skipped in 0.20s\n", 0, (7, 0, 1)),
        ("100% tests passed, 0 tests failed out of 9\n\nTotal\n", 0, (9, 0, 0)),
        ("67% tests passed, 3 tests failed out of 9\n", 8, (6, 3, 0)),
        ("All checks passed!\n", 0, (1, 0, 0)),
        ("", 0, (1, 0, 0)),
        ("", 1, (0, 1, 0)),
        ("12 passed in 1.36s\nSegmentation fault\n", 139, (12, 1, 0)),
    ],
)
def test_counts_of_a_log(counts, log, status, expected):
    assert counts(log, status) == expected


STEPS = """
set -uo pipefail
root=$1
source "$root/.ci/common.sh"
python=$2
first() { step one echo '12 passed in 1.36s'; step two bash -c 'exit 3'; }
second() { step three echo '3 passed, 1 skipped in 2s'; step four true; }
side_by_side first second
step five true
finish
"""


@pytest.mark.skipif(os.name == "nt", reason="a shell")
def test_steps_side_by_side_are_all_counted():
    command = ["bash", "-c", STEPS, "steps", str(CI.parent), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["failed: two", "17 passed, 1 failed, 1 skipped"]
    assert [line for line in lines if line.startswith("=== ")][-1] == "=== five"
    assert any(line.startswith("--- two: FAILED, ") for line in lines)
