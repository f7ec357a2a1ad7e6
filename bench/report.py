"""Tables and pictures from the JSON that pytest-benchmark writes.

    pytest bench --benchmark-only --benchmark-json=figures.json
    python bench/report.py figures.json [--pictures FOLDER]

A ratio stands only between answers of equal quality: both must carry the same certificate with the
same bound, and keep it. Where one does not, the table says so instead.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

OURS = "mlqa_fast"
REFERENCE = "reference"  # readable, not tuned: shown without a ratio


@dataclass(frozen=True)
class Figure:
    """One implementation's time and certificate in one case."""

    room: str
    case: str
    shape: tuple[int, ...]
    implementation: str
    median: float
    spread: float
    certificate: tuple[str, float, float] | None

    def keeps_bound(self) -> bool:
        """Whether there is a certificate and it is kept; NaN keeps nothing."""
        return self.certificate is not None and self.certificate[1] <= self.certificate[2]


def read(paths: Iterable[pathlib.Path]) -> tuple[list[Figure], str]:
    """The figures of all files, and a sentence about the machine of the first."""
    figures, about = [], ""
    for path in paths:
        data = json.loads(path.read_text(encoding="utf-8"))
        about = about or _about(data)
        figures += [_figure(item) for item in data["benchmarks"] if "room" in item["extra_info"]]
    return figures, about


def _figure(item: dict[str, Any]) -> Figure:
    info, stats = item["extra_info"], item["stats"]
    certificate = info["certificate"]
    return Figure(
        room=f"{info['area']}/{info['room']}",
        case=info["case"],
        shape=tuple(info["shape"]),
        implementation=info["implementation"],
        median=stats["median"],
        spread=stats["iqr"] / 2,
        certificate=certificate
        and (certificate["name"], certificate["value"], certificate["bound"]),
    )


def _about(data: dict[str, Any]) -> str:
    info = next((b["extra_info"] for b in data["benchmarks"] if "room" in b["extra_info"]), None)
    if info is None:
        return ""
    processor = data["machine_info"].get("cpu", {}).get("brand_raw", "an unnamed processor")
    versions = ", ".join(f"{name} {version}" for name, version in info["versions"].items())
    return f"{processor}, {info['threads']} threads for each, {info['isa']}; {versions}"


def refusal(ours: Figure, theirs: Figure) -> str | None:
    """Why no ratio may stand between two figures, or None."""
    if ours.certificate is None or theirs.certificate is None:
        return "no certificate"
    if (ours.certificate[0], ours.certificate[2]) != (theirs.certificate[0], theirs.certificate[2]):
        return "different certificates"
    for figure in (ours, theirs):
        if not figure.keeps_bound():
            return f"{figure.implementation} breaks the bound"
    return None


def ratio(ours: Figure, theirs: Figure) -> float:
    """How many times faster ours is; raises ValueError between unequal certificates."""
    if (reason := refusal(ours, theirs)) is not None:
        raise ValueError(f"{ours.room} {ours.case}: no ratio, {reason}")
    return theirs.median / ours.median


def cases(figures: Sequence[Figure]) -> dict[tuple[str, str], list[Figure]]:
    """Figures by room and case, ours first."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        found.setdefault((figure.room, figure.case), []).append(figure)
    for group in found.values():
        group.sort(key=lambda f: (f.implementation != OURS, f.implementation == REFERENCE))
    return found


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table, one line a case and implementation."""
    head = (
        "room",
        "case",
        "shape",
        "implementation",
        "median",
        "certificate (bound)",
        "ours faster by",
    )
    rows = [head, tuple("---" for _ in head)]
    for (room, case), group in cases(figures).items():
        ours = next((f for f in group if f.implementation == OURS), None)
        rows += [
            (
                room,
                case,
                " x ".join(map(str, f.shape)),
                f.implementation,
                f"{_seconds(f.median)} ±{100 * f.spread / f.median:.0f} %",
                _certificate(f),
                _comparison(ours, f),
            )
            for f in group
        ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _certificate(figure: Figure) -> str:
    if figure.certificate is None:
        return "none"
    name, value, bound = figure.certificate
    return f"{name} {value:.2g} ({bound:.2g})"


def _comparison(ours: Figure | None, theirs: Figure) -> str:
    if ours is None or theirs.implementation == OURS:
        return ""
    if theirs.implementation == REFERENCE:
        return "not tuned"
    return refusal(ours, theirs) or f"{ratio(ours, theirs):.2f}"


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} us"


def pictures(figures: Sequence[Figure], folder: pathlib.Path) -> None:
    """A bar chart for each room: ratios where they may stand, cases from top to bottom."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    bars: dict[str, list[tuple[str, float]]] = {}
    for (room, case), group in cases(figures).items():
        ours, peers = group[0], [f for f in group if f.implementation not in (OURS, REFERENCE)]
        if ours.implementation != OURS:
            continue
        for theirs in peers:
            if refusal(ours, theirs) is None:
                label = f"{case}, {theirs.implementation}"
                bars.setdefault(room, []).append((label, ratio(ours, theirs)))
    for room, pairs in bars.items():
        labels, ratios = zip(*pairs, strict=True)
        picture, axes = pyplot.subplots(figsize=(8, 1 + 0.3 * len(labels)), layout="constrained")
        axes.barh(range(len(labels)), ratios)
        axes.axvline(1, color="black", linewidth=1)
        axes.set(yticks=range(len(labels)), yticklabels=labels, title=room)
        axes.set(xlabel="time of the peer / time of mlqa_fast, at equal certificates")
        axes.invert_yaxis()
        picture.savefig(folder / f"{room.replace('/', '_')}.svg")
        pyplot.close(picture)


def main() -> int:
    """Print the tables; draw the pictures if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path, metavar="JSON")
    parser.add_argument("--pictures", type=pathlib.Path, metavar="FOLDER")
    options = parser.parse_args()
    figures, about = read(options.files)
    print(f"{about}\n\n{table(figures)}")
    if options.pictures is not None:
        pictures(figures, options.pictures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
