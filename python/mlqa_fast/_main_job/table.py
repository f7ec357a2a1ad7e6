"""A plain table, its columns aligned, its cells of one line or more."""

from __future__ import annotations

from collections.abc import Sequence

Cell = Sequence[str]


def seconds(value: float) -> str:
    """Seconds with three digits and a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} us"


def aligned(head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    """`head` and `rows` as text; a cell is a sequence of lines."""
    widths = [
        max(len(line) for row in [head, *rows] for line in row[column])
        for column in range(len(head))
    ]
    rule = "  ".join("-" * width for width in widths)
    blocks = ["\n".join(_lines(row, widths)) for row in [head, *rows]]
    return "\n".join([blocks[0], rule, *blocks[1:]])


def _lines(row: Sequence[Cell], widths: Sequence[int]) -> list[str]:
    height = max(len(cell) for cell in row)
    return [
        "  ".join(
            (cell[line] if line < len(cell) else "").ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for line in range(height)
    ]
