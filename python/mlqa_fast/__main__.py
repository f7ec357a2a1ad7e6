"""``python -m mlqa_fast``: every kernel on real data, beside the peers that are installed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

DESCRIPTION = """\
Runs SMOTE, a LASSO path, support vector machines and BatchNorm on data that come with scikit-learn,
in turn with the same work by scikit-learn, imbalanced-learn and PyTorch where these are installed,
and prints times, agreement and certificates. Needs no network; takes less than half a minute."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mlqa_fast",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["info"],
        help="info: print versions, instruction sets, threads, caches and dependencies instead",
    )
    parser.add_argument("--json", metavar="FILE", help="also write every figure to FILE")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the main job, or print what ``info`` asks for."""
    options = parse(arguments)
    import mlqa_fast

    if options.command == "info":
        mlqa_fast.show_versions()
        return 0
    from mlqa_fast._main_job import report, run

    with run.equal_threads() as threads:
        lines = run.run_all(run.progress_to_stderr)
    imported = run.import_seconds()
    print(report.text(lines, threads, imported))
    if options.json is not None:
        record = report.record(lines, threads, imported)
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
