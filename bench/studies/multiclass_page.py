"""Put the figures of the study of several classes into its page.

    python bench/studies/multiclass_page.py           # write docs/svm/multiclass.rst
    python bench/studies/multiclass_page.py --check   # exit with 1, and say where, if they differ

What stands between ``.. figures: NAME`` and ``.. end of figures`` on the page is made from
multiclass.json; the rest is written by hand.
"""

from __future__ import annotations

import argparse
import difflib
import json
import pathlib
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = HERE / "multiclass.json"
PAGE = HERE.parents[1] / "docs" / "svm" / "multiclass.rst"
BLOCK = re.compile(r"(?<=^\.\. figures: )(\w+)\n.*?(?=^\.\. end of figures$)", re.M | re.S)

LABELS = {
    "ovo": "vote",
    "dag": "graph",
    "ovr": "ovr",
    "ecoc, dense": "ecoc dense",
    "ecoc, sparse": "ecoc sparse",
    "crammer_singer": "Crammer-Singer",
    "weston_watkins": "Weston-Watkins",
}
AT_ONCE = {"crammer_singer", "weston_watkins"}
TEXTBOOK = {
    # machines, samples of each, machines or functions asked
    "ovo": ("k (k - 1) / 2", "2 n / k", "k (k - 1) / 2"),
    "dag": ("k (k - 1) / 2", "2 n / k", "k - 1"),
    "ovr": ("k", "n", "k"),
    "ecoc, dense": ("10 log2 k", "n", "10 log2 k"),
    "ecoc, sparse": ("15 log2 k", "n / 2", "15 log2 k"),
    "crammer_singer": ("1", "n", "k"),
    "weston_watkins": ("1", "n", "k"),
}
Study = dict[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A simple table of reStructuredText."""
    lines = [list(head), *map(list, rows)]
    width = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rule = "  ".join("=" * w for w in width)

    def laid(line: Sequence[str]) -> str:
        cells = (cell.ljust(w) for cell, w in zip(line, width, strict=True))
        return "  ".join(cells).rstrip()

    return "\n".join([rule, laid(lines[0]), rule, *map(laid, lines[1:]), rule])


def percent(share: float) -> str:
    """With the digits of a few thousand test points."""
    return f"{100 * share:.2f}"


def number(value: float) -> str:
    """Three digits, or all of a count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    """With a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{number(value / size)} {unit}"
    return f"{number(value / 1e-6)} us"


def each_data(study: Study, cell: Callable[[Study], Sequence[str]]) -> list[list[str]]:
    """A row for each data set."""
    return [[name, *cell(record)] for name, record in study["data"].items()]


def each_method(study: Study, cell: Callable[[Study, str], str], *formulas: int) -> str:
    """A row for each method with textbook formulas and a cell for each data set."""
    rows = [
        [LABELS[m], *(TEXTBOOK[m][i] for i in formulas)]
        + [cell(record, m) for record in study["data"].values()]
        for m in LABELS
    ]
    return table(["method", *("formula" for _ in formulas), *study["data"]], rows)


def about(study: Study) -> str:
    """Machine, versions, command."""
    machine = study["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in study["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads,"
        f" {machine['instruction_set']}; {versions}:\n\n"
        f".. code-block:: console\n\n   $ {study['command']}"
    )


def data(study: Study) -> str:
    """The data sets."""

    def cells(d: Study) -> list[str]:
        folds = f", {d['folds']} folds" if d["folds"] > 1 else ""
        return [
            *(number(d[key]) for key in ("classes", "features", "train")),
            number(d["test"]) + folds,
        ]

    head = ("data", "classes k", "features", "training points n", "test points")
    return table(head, each_data(study, cells))


def accuracy(study: Study) -> str:
    """Percentage of right answers."""
    return table(
        ["data", *LABELS.values()],
        each_data(study, lambda d: [percent(d["methods"][m]["accuracy"]) for m in LABELS]),
    )


def published(study: Study) -> str:
    """Difference from Hsu and Lin in points, and in test points."""
    methods = [m for m in LABELS if any(_published(d, m) for d in study["data"].values())]

    def cell(d: Study, m: str) -> str:
        share, theirs = d["methods"][m]["accuracy"], d["methods"][m]["published"]
        return f"{percent(theirs)} ({100 * (share - theirs):+.2f})"

    rows = [
        [name, *(cell(d, m) for m in methods)]
        for name, d in study["data"].items()
        if all(_published(d, m) for m in methods)
    ]
    return table(["data", *(LABELS[m] for m in methods)], rows)


def _published(record: Study, method: str) -> bool:
    return record["methods"][method]["published"] is not None


def machines(study: Study) -> str:
    """Machines trained."""
    return each_method(study, lambda d, m: number(d["methods"][m]["machines"]), 0)


def samples(study: Study) -> str:
    """Samples a machine."""
    return each_method(study, lambda d, m: number(d["methods"][m]["samples_per_machine"]), 1)


def asked(study: Study) -> str:
    """Machines asked, or functions of one machine."""
    return each_method(study, lambda d, m: number(d["methods"][m]["machines_asked"]), 2)


def values(study: Study) -> str:
    """Kernel values a prediction computes."""
    return each_method(study, lambda d, m: number(d["methods"][m]["kernel_values"]))


def training(study: Study) -> str:
    """Processor time of a fit."""
    return each_method(study, lambda d, m: seconds(d["methods"][m]["fit"]["cpu"]))


def prediction(study: Study) -> str:
    """Processor time a point."""
    return each_method(study, lambda d, m: seconds(d["methods"][m]["predict"]["cpu"]))


def squares(record: Study, method: str) -> float:
    """Samples squared, summed over the machines, or functions of one machine, that are trained."""
    found = record["methods"][method]
    count = record["classes"] if method in AT_ONCE else found["machines"]
    return float(count * found["samples_per_machine"] ** 2)


def against_textbook(study: Study) -> str:
    """Processor time of a fit for that of the vote, and what the textbook says."""

    def cell(d: Study, m: str) -> str:
        ratio = d["methods"][m]["fit"]["cpu"] / d["methods"]["ovo"]["fit"]["cpu"]
        return f"{number(ratio)} ({number(squares(d, m) / squares(d, 'ovo'))})"

    return each_method(study, cell)


def summary(study: Study) -> str:
    """All data sets in one line a method."""
    records = list(study["data"].values())
    most = max(study["data"], key=lambda name: study["data"][name]["classes"])

    def ratio(m: str, task: str, only: str | None = None) -> str:
        chosen = records if only is None else [study["data"][only]]
        pairs = [(d["methods"][m], d["methods"]["ovo"]) for d in chosen]
        return f"{statistics.geometric_mean(a[task]['cpu'] / b[task]['cpu'] for a, b in pairs):.2g}"

    def difference(m: str) -> list[float]:
        pairs = [(d["methods"][m], d["methods"]["ovo"]) for d in records]
        return [100 * (a["accuracy"] - b["accuracy"]) for a, b in pairs]

    def vectors(m: str) -> float:
        pairs = [(d["methods"][m], d["methods"]["ovo"]) for d in records]
        return statistics.geometric_mean(a["kernel_values"] / b["kernel_values"] for a, b in pairs)

    head = ("method", "accuracy", "training", f"on {most}", "prediction", f"on {most}")
    rows = [
        [
            LABELS[m],
            f"{statistics.fmean(difference(m)):+.2f}"
            f" ({min(difference(m)):+.2f} to {max(difference(m)):+.2f})",
            ratio(m, "fit"),
            ratio(m, "fit", most),
            ratio(m, "predict"),
            ratio(m, "predict", most),
            f"{vectors(m):.2f}",
        ]
        for m in LABELS
    ]
    return table([*head, "kernel values"], rows)


def claims(study: Study) -> str:
    """What becomes of points that one machine against the rest does not settle."""

    def cells(d: Study) -> list[str]:
        found = d["methods"]["ovr"]
        shares = (found["claimed_by_several"], found["claimed_by_none"])
        return [number(found["imbalance"]), *(f"{percent(share)} %" for share in shares)]

    head = ("data", "larger side for one of the smaller", "claimed by several", "claimed by none")
    return table(head, each_data(study, cells))


def orders(study: Study) -> str:
    """Accuracy by the order of the list, and what finding it takes."""

    def cells(d: Study) -> list[str]:
        g = d["graph"]
        chance = [percent(r["accuracy"]) for r in g["random_orders"]]
        effort = [
            number(o["fit_cpu"] / g["orders"]["listed"]["fit_cpu"])
            for name, o in g["orders"].items()
            if name != "listed"
        ]
        return [
            percent(g["accuracy_of_vote"]),
            *(percent(o["accuracy"]) for o in g["orders"].values()),
            f"{min(chance, key=float)} to {max(chance, key=float)}",
            *effort,
        ]

    names = list(next(iter(study["data"].values()))["graph"]["orders"])
    head = ["data", "vote", *names, "at random", *(f"fit, {name}" for name in names[1:])]
    return table(head, each_data(study, cells))


def needed(study: Study) -> str:
    """Support vectors that the machines on a path have, of all."""

    def cells(d: Study) -> list[str]:
        every = d["methods"]["dag"]["kernel_values"]
        found = [o["kernel_values_needed"] for o in d["graph"]["orders"].values()]
        return [number(every), *(f"{number(n)} ({100 * n / every:.0f} %)" for n in found)]

    names = list(next(iter(study["data"].values()))["graph"]["orders"])
    return table(["data", "all", *names], each_data(study, cells))


def explore(study: Study) -> str:
    """Accuracy and machines asked by threshold."""

    def cells(d: Study) -> list[str]:
        g, k = d["graph"], d["classes"]
        return [
            *(f"{percent(e['accuracy'])}; {number(e['machines_asked'])}" for e in g["explore"]),
            f"{percent(g['accuracy_of_vote'])}; {number(k * (k - 1) / 2)}",
        ]

    first = next(iter(study["data"].values()))["graph"]["explore"]
    head = ["data", *(f"t = {e['threshold']:g}" for e in first), "vote"]
    return table(head, each_data(study, cells))


def depth(study: Study) -> str:
    """Share of points whose true class has been struck off by depth."""
    parts = (0.25, 0.5, 0.75, 1.0)
    rows = [
        [name, order, number(d["classes"] - 1)]
        + [percent(found["struck_off"][round(part * (d["classes"] - 1)) - 1]) for part in parts]
        for name, d in study["data"].items()
        if d["classes"] > len(parts) + 1
        for order, found in d["graph"]["orders"].items()
    ]
    head = ["data", "order", "machines asked", "after a quarter", "half", "three quarters", "all"]
    return table(head, rows)


BLOCKS: dict[str, Callable[[Study], str]] = {
    block.__name__: block
    for block in (
        about,
        data,
        summary,
        accuracy,
        published,
        machines,
        samples,
        training,
        against_textbook,
        asked,
        values,
        prediction,
        claims,
        orders,
        needed,
        explore,
        depth,
    )
}


def with_figures(text: str, study: Study) -> str:
    """The page with the figures of this study."""
    return BLOCK.sub(lambda block: f"{block[1]}\n\n{BLOCKS[block[1]](study)}\n\n", text)


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    new = with_figures(old, json.loads(FIGURES.read_text(encoding="utf-8")))
    if not check:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), PAGE.name, "figures"))
    print(*lines, sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
