"""Counts of tests in a step's log: python counts.py LOG STATUS prints passed, failed, skipped.

The summary lines of pytest and CTest are added up. A step that ran no test is one check, passed or
failed as its status says; a step that failed counts at least one failure.
"""

import re
import sys

PYTEST = re.compile(r"^[= ]*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s", re.MULTILINE)
CTEST = re.compile(r"^\d+% tests passed, (\d+) tests failed out of (\d+)", re.MULTILINE)
FAILED = {"failed", "error", "errors"}


def counts(log: str, status: int) -> tuple[int, int, int]:
    """Passed, failed, skipped."""
    passed = failed = skipped = 0
    for summary in PYTEST.findall(log):
        for number, word in re.findall(r"(\d+) ([a-z]+)", summary):
            passed += int(number) * (word in {"passed", "xfailed"})
            failed += int(number) * (word in FAILED)
            skipped += int(number) * (word == "skipped")
    for wrong, total in CTEST.findall(log):
        failed += int(wrong)
        passed += int(total) - int(wrong)
    if status == 0 and passed + failed + skipped == 0:
        passed = 1
    if status != 0:
        failed = max(failed, 1)
    return passed, failed, skipped


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
        print(*counts(file.read(), int(sys.argv[2])))
