"""The gate counts what ran, and a step that failed is never counted as passed."""

import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).parents[1] / ".ci" / "counts.py"


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
