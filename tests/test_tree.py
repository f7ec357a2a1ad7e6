"""The tree keeps its own rules: names, layers, symbols, sizes, documentation, registration."""

import ast
import importlib
import inspect
import itertools
import re
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import mlqa_fast
from rooms import ENTRIES, ROOMS

ROOT = Path(__file__).resolve().parents[1]
CPP = ROOT / "cpp"
PACKAGE = ROOT / "python" / "mlqa_fast"

SOURCES = sorted(path for path in CPP.rglob("*.?pp"))
KERNELS = sorted(CPP.rglob("*.kernel.cpp"))
LOWER_LAYERS = {"core": {"core"}, "pairwise": {"core", "pairwise"}}  # areas: these and themselves
TOP_LAYERS = {"bindings", "tests"}
STANDARD_IN_KERNELS = {"cstddef", "cstdint"}
INTRINSICS = {"immintrin.h", "arm_neon.h"}  # in core/simd.hpp alone


def relative(path):
    return path.relative_to(ROOT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=relative)


def includes(path):
    """Names in quotes and names in angle brackets."""
    text = path.read_text(encoding="utf-8")
    own = re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.MULTILINE)
    standard = re.findall(r"^\s*#\s*include\s+<([^>]+)>", text, re.MULTILINE)
    return own, standard


def everything_included(path):
    """The file and all of the project's files that it includes, directly or not."""
    seen, queue = set(), [path]
    while queue:
        file = queue.pop()
        if file not in seen:
            seen.add(file)
            queue += [CPP / name for name in includes(file)[0]]
    return seen


@each(SOURCES)
def test_includes_point_down(path):
    layer = path.relative_to(CPP).parts[0]
    if layer in TOP_LAYERS:
        return
    allowed = LOWER_LAYERS.get(layer, {"core", "pairwise", layer})
    own, standard = includes(path)
    assert {name.split("/")[0] for name in own} <= allowed
    for name in own:
        assert (CPP / name).is_file(), name
    foreign = [name for name in standard if re.match(r"Python\.h|pybind11|numpy", name)]
    assert not foreign, "only bindings know Python"


@each(KERNELS)
def test_kernels_include_no_library(path):
    for file in everything_included(path):
        standard = set(includes(file)[1])
        if file == CPP / "core" / "simd.hpp":
            standard -= INTRINSICS
        assert standard <= STANDARD_IN_KERNELS, relative(file)


@each(SOURCES)
def test_cpp_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


PYTHON = [  # tests are lists, and may be longer
    path
    for folder in ("python", "bench", "tools", "docs")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@each(PYTHON)
def test_python_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 500


def lines_of_code(function, source):
    """Lines without the docstring, comments and blanks."""
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    inside = range(doc.lineno, doc.end_lineno + 1) if doc else ()
    lines = {n: source[n - 1].strip() for n in range(function.lineno, function.end_lineno + 1)}
    return sum(1 for n, line in lines.items() if n not in inside and line and line[0] != "#")


@each(sorted((PACKAGE / "reference").rglob("_*.py")))
def test_references_can_be_read(path):
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            assert lines_of_code(node, text.splitlines()) <= 80, node.name


# The same word names a room everywhere: one is what has a driver, a face, and a definition.


def is_room(reference):
    return (CPP / reference.parent / f"{reference.stem.lstrip('_')}.hpp").is_file()


REFERENCES = [
    path.relative_to(PACKAGE / "reference")
    for path in sorted((PACKAGE / "reference").rglob("_*.py"))
    if is_room(path.relative_to(PACKAGE / "reference"))
]
HEADLINES = {
    "linear_model/lasso",
    "nn/batch_norm",
    "over_sampling/smote",
    "pairwise/knn",
    "svm/dag",
    "svm/smo",
}


def test_the_headline_rooms_are_there():
    assert {f"{path.parent.as_posix()}/{path.stem.lstrip('_')}" for path in REFERENCES} >= HEADLINES


def places(area, room):
    return [
        CPP / area / f"{room}.hpp",
        CPP / area / f"{room}.cpp",
        PACKAGE / area / f"_{room}.py",
        ROOT / "tests" / area / f"test_{room}.py",
        ROOT / "bench" / area / f"bench_{room}.py",
        ROOT / "docs" / area / f"{room}.rst",
    ]


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_a_room_has_its_name_everywhere(reference):
    area, room = reference.parent.as_posix(), reference.stem.lstrip("_")
    missing = [relative(path) for path in places(area, room) if not path.is_file()]
    assert not missing
    assert any(r.name.split(" ")[0] == f"{area}/{room}" for r in ROOMS), "no entry in tests/rooms"


@pytest.mark.parametrize(
    ("folder", "prefix"), [("tests", "test_"), ("bench", "bench_"), ("docs", "")], ids=lambda v: v
)
def test_no_page_or_test_without_a_room(folder, prefix):
    areas = {path.name for path in CPP.iterdir() if path.is_dir()} - TOP_LAYERS
    for area in areas & {path.name for path in (ROOT / folder).iterdir()}:
        for path in (ROOT / folder / area).iterdir():
            if path.suffix not in {".py", ".rst"} or path.stem in {"index", "conftest"}:
                continue
            words = path.stem.removeprefix(prefix).split("_")
            # A large room has several files of tests: test_<room>_<what>.py.
            fewest = 1 if folder == "tests" else len(words)
            rooms = ["_".join(words[:n]) for n in range(fewest, len(words) + 1)]
            assert any(
                (CPP / area / f"{room}.hpp").is_file() or (PACKAGE / area / f"_{room}.py").is_file()
                for room in rooms
            ), relative(path)


# Every public name is documented, and tested with bad input.


def public_names():
    """Dotted name and value of everything in ``__all__`` of the package, its areas and theirs."""
    queue = ["mlqa_fast"]
    for module_name in queue:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.ismodule(value):
                queue.append(f"{module_name}.{name}")
            elif inspect.isroutine(value) or inspect.isclass(value):
                yield f"{module_name}.{name}".removeprefix("mlqa_fast."), value


PUBLIC = dict(public_names())
OURS = {name: value for name, value in PUBLIC.items() if not name.startswith("reference.")}
NATIVE = {
    name: value
    for name, value in OURS.items()
    if "." in name and (inspect.isroutine(value) or issubclass(value, BaseEstimator))
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    doc = inspect.getdoc(PUBLIC[name]) or ""
    assert doc.strip()
    is_error = inspect.isclass(PUBLIC[name]) and issubclass(PUBLIC[name], Exception)
    assert is_error or name.startswith("reference.") or ">>> " in doc, "no example"


@pytest.mark.parametrize("name", [name for name, value in OURS.items() if inspect.isclass(value)])
def test_public_methods_are_documented(name):
    for method, value in vars(OURS[name]).items():
        if not method.startswith("_") and inspect.isfunction(value):
            assert (value.__doc__ or "").strip(), method


@pytest.mark.parametrize("name", OURS)
def test_public_names_are_in_the_documentation(name):
    pages = itertools.chain((ROOT / "docs").rglob("*.rst"), (ROOT / "docs").rglob("*.md"))
    word = re.compile(rf"\b{name.rpartition('.')[2]}\b")
    assert any(word.search(page.read_text(encoding="utf-8")) for page in pages)


@pytest.mark.parametrize("name", NATIVE)
def test_public_names_have_an_entry(name):
    assert name in {entry.name.split(" ")[0] for entry in ENTRIES}, (
        "tests/rooms/<area>.py lists every entry"
    )


@pytest.mark.parametrize("name", [n for n, value in NATIVE.items() if inspect.isroutine(value)])
def test_references_have_the_same_signature(name):
    """The reference takes the same arguments, less those about threads and progress."""
    ours = list(inspect.signature(NATIVE[name]).parameters)
    theirs = list(inspect.signature(PUBLIC[f"reference.{name}"]).parameters)
    assert theirs == [argument for argument in ours if argument in theirs]
    assert set(ours) - set(theirs) <= {"n_jobs", "progress", "verbose", "max_time"}


def test_mlqa_fast_is_the_one_of_this_tree():
    """The suite tests what is installed, which has to be what is looked at here."""
    areas = {name for name in mlqa_fast._AREAS if hasattr(mlqa_fast, name)}
    assert areas == {path.name for path in PACKAGE.iterdir() if path.name in areas}
