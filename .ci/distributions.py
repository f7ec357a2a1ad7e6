"""What the sdist and the wheel must and must not hold: python distributions.py SDIST WHEEL."""

import sys
import tarfile
import zipfile

IN_SDIST = (
    "pyproject.toml",
    "CMakeLists.txt",
    "LICENSE",
    "THIRD_PARTY_NOTICES",
    "README.md",
    "cmake/isa.cmake",
    "cpp/core/simd.hpp",
    "python/mlqa_fast/__init__.py",
    "tests/conftest.py",
    "bench/conftest.py",
    "docs/conf.py",
)
IN_WHEEL = (
    "mlqa_fast/__init__.py",
    "mlqa_fast/__main__.py",
    "mlqa_fast/py.typed",
    "mlqa_fast/_mlqa_fast_core/__init__.pyi",
    "mlqa_fast/reference/__init__.py",
)
NOT_IN_WHEEL = ("cpp/", ".cpp", ".hpp", "tests/", "bench/", "docs/", ".pyc", "lib/", "include/")


def problems(sdist: list[str], wheel: list[str]) -> list[str]:
    """One line for each file that is missing or does not belong."""
    inside = {name.partition("/")[2] for name in sdist}
    found = [f"the sdist lacks {name}" for name in IN_SDIST if name not in inside]
    found += [f"the wheel lacks {name}" for name in IN_WHEEL if name not in wheel]
    if not any(name.startswith("mlqa_fast/_mlqa_fast_core.") for name in wheel):
        found.append("the wheel lacks the extension")
    for wanted in ("LICENSE", "THIRD_PARTY_NOTICES"):
        if not any(".dist-info/" in name and name.endswith(wanted) for name in wheel):
            found.append(f"the wheel's metadata lacks {wanted}")
    for name in wheel:
        if any(name.startswith(bad) or name.endswith(bad) for bad in NOT_IN_WHEEL):
            found.append(f"the wheel should not hold {name}")
    return found


def main() -> int:
    """Print the problems."""
    with tarfile.open(sys.argv[1]) as sdist, zipfile.ZipFile(sys.argv[2]) as wheel:
        found = problems(sdist.getnames(), wheel.namelist())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
