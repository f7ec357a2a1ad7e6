"""Write the type stubs of the extension from the build that is installed.

    python tools/stubs.py           # write python/mlqa_fast/_mlqa_fast_core/*.pyi
    python tools/stubs.py --check   # exit with 1, and say where, if they differ from the build

Needs pybind11-stubgen.
"""

import argparse
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

MODULE = "mlqa_fast._mlqa_fast_core"
STUBS = pathlib.Path(__file__).resolve().parents[1] / "python" / MODULE.replace(".", "/")
CONSTANT = re.compile(r"^(\w+: (?:str|int|float|bool)) = .*$", re.MULTILINE)


def generated() -> dict[str, str]:
    """The stubs of the installed extension, without values that change from build to build."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", MODULE, "-o", folder]
        subprocess.run(
            [*command, "--numpy-array-use-type-var", "--exit-code"],
            check=True,
            capture_output=True,
        )
        made = pathlib.Path(folder, MODULE.replace(".", "/"))
        return {
            path.name: CONSTANT.sub(r"\1", path.read_text(encoding="utf-8"))
            for path in sorted(made.glob("*.pyi"))
        }


def write(stubs: dict[str, str]) -> None:
    """Replace the stubs of the tree."""
    STUBS.mkdir(exist_ok=True)
    for path in STUBS.glob("*.pyi"):
        path.unlink()
    for name, text in stubs.items():
        (STUBS / name).write_text(text, encoding="utf-8")


def differences(stubs: dict[str, str]) -> list[str]:
    """Lines of a diff from the tree's stubs to the build's."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in STUBS.glob("*.pyi")}
    lines: list[str] = []
    for name in sorted(kept.keys() | stubs.keys()):
        old, new = kept.get(name, ""), stubs.get(name, "")
        lines += difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"tree/{name}", f"build/{name}", lineterm=""
        )
    return lines


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        write(generated())
        return 0
    lines = differences(generated())
    if lines:
        print("\n".join([*lines, "", "the stubs are not those of the build: run tools/stubs.py"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
