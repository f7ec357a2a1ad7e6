"""``sampling_strategy``: how many rows each class is to gain."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlqa_fast._mlqa_fast_core import over_sampling as _core

Indices = NDArray[np.int64]
Counts = dict[Any, int]
STRINGS = ("all", "auto", "minority", "not majority", "not minority")


def is_plain(y: Any) -> bool:
    """Whether y is a vector of native integers or booleans, which are looked at natively."""
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iub" and y.dtype.isnative


def _as_integers(y: NDArray[Any]) -> Any:
    return y.view(np.uint8) if y.dtype.kind == "b" else y


def count_classes(y: NDArray[Any]) -> Counts:
    """Number of rows of each class, classes in sorted order."""
    found = _core.count_labels(_as_integers(y)) if is_plain(y) and len(y) else None
    classes, counts = np.unique(y, return_counts=True) if found is None else found
    return dict(zip(classes.view(y.dtype) if found else classes, counts.tolist(), strict=True))


def rows_of_classes(y: NDArray[Any], classes: list[Any], counts: list[int]) -> list[Indices]:
    """Positions in y of each of some classes, of which there are `counts`."""
    if not is_plain(y) or not classes:
        return [np.flatnonzero(y == label) for label in classes]
    labels = _as_integers(np.array(classes, y.dtype))
    rows = _core.label_rows(_as_integers(y), labels, np.array(counts, np.int64))
    return np.split(rows, np.cumsum(counts)[:-1]) if len(counts) > 1 else [rows]


def over_sampling_counts(
    sampling_strategy: Any,
    y: NDArray[Any],
    counts: Counts,
    is_binary: bool,
) -> Counts:
    """Rows to add to each class that the strategy concerns, in sorted order of the classes."""
    if len(counts) <= 1:
        raise ValueError(
            f"The target 'y' needs to have more than 1 class. Got {len(counts)} class instead"
        )
    if isinstance(sampling_strategy, str):
        wanted = _by_name(sampling_strategy, counts)
    elif isinstance(sampling_strategy, Mapping):
        wanted = _by_mapping(sampling_strategy, counts)
    elif isinstance(sampling_strategy, Real):
        wanted = _by_ratio(float(sampling_strategy), counts, is_binary)
    else:
        wanted = _by_mapping(sampling_strategy(y), counts)
    return dict(sorted(wanted.items()))


def _by_name(name: str, counts: Counts) -> Counts:
    if name == "majority":
        raise ValueError("'sampling_strategy'='majority' cannot be used with over-sampler.")
    if name not in STRINGS:
        raise ValueError(
            f"When 'sampling_strategy' is a string, it needs to be one of {STRINGS}. "
            f"Got '{name}' instead."
        )
    largest = max(counts.values())
    majority = max(counts, key=counts.__getitem__)
    minority = min(counts, key=counts.__getitem__)
    left_out = {
        "all": set(),
        "auto": {majority},
        "minority": counts.keys() - {minority},
        "not majority": {majority},
        "not minority": {minority},
    }[name]
    return {c: largest - count for c, count in counts.items() if c not in left_out}


def _by_mapping(wanted: Mapping[Any, int], counts: Counts) -> Counts:
    unknown = set(wanted) - set(counts)
    if unknown:
        raise ValueError(f"The {unknown} target class is/are not present in the data.")
    if any(count < 0 for count in wanted.values()):
        raise ValueError(
            "The number of samples in a class cannot be negative."
            f"'sampling_strategy' contains some negative value: {wanted}"
        )
    for c, count in wanted.items():
        if count < counts[c]:
            raise ValueError(
                "With over-sampling methods, the number of samples in a class should be greater"
                " or equal to the original number of samples."
                f" Originally, there is {counts[c]} samples and {count} samples are asked."
            )
    return {c: int(count - counts[c]) for c, count in wanted.items()}


def _by_ratio(ratio: float, counts: Counts, is_binary: bool) -> Counts:
    if ratio <= 0 or ratio > 1:
        raise ValueError(
            "When 'sampling_strategy' is a float, it should be in the range (0, 1]. "
            f"Got {ratio} instead."
        )
    if not is_binary:
        raise ValueError(
            '"sampling_strategy" can be a float only when the type of target is binary. '
            "For multi-class, use a dict."
        )
    largest = max(counts.values())
    majority = max(counts, key=counts.__getitem__)
    wanted = {c: int(largest * ratio - count) for c, count in counts.items() if c != majority}
    if any(count <= 0 for count in wanted.values()):
        raise ValueError(
            "The specified ratio required to remove samples from the minority class while trying"
            " to generate new samples. Please increase the ratio."
        )
    return wanted
