"""What one line of the table is made of."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

OURS = "mlqa_fast"
PEERS = {"scikit-learn": "sklearn", "imbalanced-learn": "imblearn", "PyTorch": "torch"}
DISTRIBUTIONS = {
    "scikit-learn": "scikit-learn",
    "imbalanced-learn": "imbalanced-learn",
    "PyTorch": "torch",
}


def peer(module: str) -> Any | None:
    """A peer's module, or None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


@dataclass(frozen=True)
class Certificate:
    """How good an answer is, computed alike for every implementation; smaller is better.

    `of` takes the implementation's name and its answer.
    """

    name: str
    of: Callable[[str, Any], float]


@dataclass(frozen=True)
class Job:
    """One task, its implementations, and how their answers are judged.

    Each implementation is a function without arguments; `agreement` puts our answer beside a
    peer's in a few words. `reference` is the readable definition, run once. `remark` is a fact
    about our answer that the table shows with the agreement.
    """

    name: str
    data: str
    ours: Callable[[], Any]
    peers: Mapping[str, Callable[[], Any]]
    certificate: Certificate
    agreement: Callable[[Any, Any], str]
    reference: Callable[[], Any] | None = None
    remark: str = ""
