"""Run the Python blocks of README.md and write down, or compare, what they print.

    python tools/readme.py           # write the outputs
    python tools/readme.py --check   # exit with 1, and say where, if they differ

A block of Python is followed by a block of text, which is its output. The blocks share one
namespace, top to bottom.
"""

import argparse
import contextlib
import difflib
import io
import pathlib
import re
import sys
from typing import Any

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
PAIR = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def with_outputs(text: str) -> str:
    """The text with the output that every block of Python has now."""
    namespace: dict[str, Any] = {"__name__": "__main__"}

    def run(pair: re.Match[str]) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(pair[1], str(README), "exec"), namespace)
        return f"```python\n{pair[1]}```\n\n```text\n{output.getvalue()}```"

    return PAIR.sub(run, text)


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    old = README.read_text(encoding="utf-8")
    new = with_outputs(old)
    if not check:
        README.write_text(new, encoding="utf-8")
        return 0
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), "README.md", "now"))
    print(*lines, sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
