"""The stubs name what the extension has (``tools/stubs.py --check`` compares every character)."""

import ast
import importlib.resources
import inspect
import re

import pytest

from mlqa_fast import _mlqa_fast_core as extension

AREAS = sorted(name for name, value in vars(extension).items() if inspect.ismodule(value))


def stub_of(area):
    file = importlib.resources.files("mlqa_fast") / "_mlqa_fast_core" / f"{area}.pyi"
    return ast.parse(file.read_text(encoding="utf-8")).body


def arguments_in_stub(node):
    plain = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    return [argument.arg for argument in plain]


def arguments_in_build(function):
    """Each overload's argument names, from the signature that pybind11 puts into the docstring."""
    lines = re.findall(
        rf"^(?:\d+\. )?{function.__name__}\((.*)\) ->", function.__doc__, re.MULTILINE
    )
    signatures = [ast.parse(f"def f({line}): ...").body[0] for line in lines if "*args" not in line]
    return [arguments_in_stub(signature) for signature in signatures]


@pytest.mark.parametrize("area", AREAS)
def test_same_names(area):
    module = getattr(extension, area)
    built = {name for name in vars(module) if not name.startswith("_")}
    nodes = (ast.FunctionDef, ast.ClassDef, ast.AnnAssign)
    stubbed = {
        getattr(n, "name", None) or n.target.id for n in stub_of(area) if isinstance(n, nodes)
    }
    assert built == {name for name in stubbed if not name.startswith("_")}


@pytest.mark.parametrize("area", AREAS)
def test_same_arguments(area):
    module = getattr(extension, area)
    stubbed = {}
    for node in stub_of(area):
        if isinstance(node, ast.FunctionDef):
            stubbed.setdefault(node.name, []).append(arguments_in_stub(node))
    for name, signatures in stubbed.items():
        assert arguments_in_build(getattr(module, name)) == signatures, name
