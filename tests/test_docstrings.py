"""The examples in the docstrings of the installed package run and print what they say."""

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

import mlqa_fast

OPTIONAL = {name: importlib.util.find_spec(name) is not None for name in ("torch", "jax", "dask")}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules():
    """Every Python module of the package; those of an extra only where its package is installed."""
    yield "mlqa_fast"
    for found in pkgutil.walk_packages(mlqa_fast.__path__, "mlqa_fast.", onerror=lambda name: None):
        area = found.name.split(".")[1]
        if area not in {"__main__", "_main_job", "_mlqa_fast_core"} and OPTIONAL.get(area, True):
            yield found.name


@pytest.mark.parametrize("name", list(modules()))
def test_examples(name, capsys):
    outcome = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert outcome.failed == 0, capsys.readouterr().out
