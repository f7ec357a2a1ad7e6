"""Configuration of Sphinx; also writes the pages that follow from the package itself."""

import importlib
import pathlib
import pkgutil
import re
import sys

import mlqa_fast

HERE = pathlib.Path(__file__).parent
SOURCES = HERE.parent / "python" / "mlqa_fast"

project = "mlqa_fast"
author = "the mlqa_fast developers"
copyright = "2026, the mlqa_fast developers"
version = release = mlqa_fast.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples"]
default_role = "py:obj"
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
html_theme = "pydata_sphinx_theme"
html_title = f"mlqa_fast {version}"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery_output",
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "remove_config_comments": True,
}


def _public_modules() -> list[str]:
    """The package and every module below it that says what is public."""
    found = ["mlqa_fast"]
    for info in pkgutil.walk_packages(mlqa_fast.__path__, "mlqa_fast."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            found.append(info.name)
    return [name for name in found if getattr(importlib.import_module(name), "__all__", ())]


def _documented(module: str) -> list[str]:
    """Its public names without its modules, which have pages of their own."""
    loaded = importlib.import_module(module)
    names = [name for name in loaded.__all__ if not name.startswith("_")]
    return sorted(n for n in names if not isinstance(getattr(loaded, n), type(sys)))


def _write(path: pathlib.Path, text: str) -> None:
    """Write a generated page, unless it is there as it should be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_api() -> None:
    """A page for every public module, with every public name."""
    pages = []
    for module in _public_modules():
        if not (names := _documented(module)):
            continue
        pages.append(module)
        listed = "\n".join(f"   {name}" for name in names)
        _write(
            HERE / "api" / "generated" / f"{module}.rst",
            f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n   :no-members:\n\n"
            f".. currentmodule:: {module}\n\n"
            f".. autosummary::\n   :toctree: names\n\n{listed}\n",
        )
    entries = "\n".join(f"   generated/{page}" for page in pages)
    _write(HERE / "api" / "index.rst", f"API\n===\n\n.. toctree::\n\n{entries}\n")


def write_definitions() -> None:
    """The readable definitions, as they stand in the package."""
    title = "The definitions in plain NumPy"
    parts = [
        f"{title}\n{'=' * len(title)}\n",
        "Every kernel has a definition that is meant to be read: the same name and arguments, no\n"
        "optimisation. The tests compare the kernels with it. Import it from\n"
        ":mod:`mlqa_fast.reference`.\n",
    ]
    for path in sorted((SOURCES / "reference").glob("*/**/*.py")):
        if path.name == "__init__.py":
            continue
        name = path.relative_to(SOURCES).as_posix()
        heading = re.sub(r"^reference/|\.py$", "", name).replace("/_", "/")
        source = pathlib.Path("../..") / "python" / "mlqa_fast" / name
        parts.append(
            f"{heading}\n{'-' * len(heading)}\n\n.. literalinclude:: {source.as_posix()}\n"
            "   :language: python\n"
        )
    _write(HERE / "api" / "definitions.rst", "\n".join(parts))


def _skip(app, what, name, obj, skip, options):
    """Leave out what scikit-learn puts into every estimator for metadata routing."""
    return True if re.fullmatch(r"set_\w+_request", name) else skip


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", _skip)


write_api()
write_definitions()
