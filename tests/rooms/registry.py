"""What a room says about itself, so that every harness can test it.

A room plugs in by a ``Room`` in ``tests/rooms/<area>.py``; its public functions and estimators by
an ``Entry`` each. Both lists, ``ROOMS`` and ``ENTRIES``, are found by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Room:
    """A kernel with its driver.

    ``name`` is ``area/room``; further cases of the same room add words in parentheses.

    ``inputs(rng)`` makes the arguments of a small problem (at most some 20 ms of work) that is
    still cut into several chunks; ``run(n_jobs, **inputs)`` returns arrays (see ``arrays_of``).
    The harnesses run it with every instruction set, any number of threads, and inputs at other
    addresses.

    ``long_inputs()`` and ``long_run(**long_inputs)`` are a call of at least 3 s with two threads,
    which the harness stops; estimators among the inputs must come out as they went in.

    ``isa_tolerance``: how far floating-point results of two instruction sets may be apart,
    relative to the largest magnitude of the array: one number, or one for each name of a dtype.
    Results of other types must be identical.
    """

    name: str
    inputs: Callable[[np.random.Generator], dict[str, Any]]
    run: Callable[..., Any]
    isa_tolerance: float | Mapping[str, float] = 0.0
    long_inputs: Callable[[], dict[str, Any]] = dict
    long_run: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Entry:
    """A public function, or the fit of an estimator, with arguments that are right.

    ``name`` is the public name below ``mlqa_fast``, as ``linear_model.lasso_path``; a second entry
    of the same name adds words to it.

    ``arguments(rng)`` holds a float64 matrix under the name ``data`` (some 60 rows, 4 columns,
    values of order 1) and, where there is one, the labels or values under the name ``target``.
    ``call(**arguments)`` returns what is to be compared (see ``arrays_of``).

    Every kind of input in ``test_bad_inputs.KINDS`` is put in the place of the data or target, and
    is then either "refused" (an error that names what is wrong, before any work) or the "same" (it
    works, and the answer is that of a plain float64 array within ``tolerance``). ``outcomes``
    overrides the outcome of a kind by its name: "refused", "same", or "inapplicable".
    ``bad_arguments`` adds rows of the entry's own: arguments to replace, and a regular expression
    that the error's message must match.
    """

    name: str
    call: Callable[..., Any]
    arguments: Callable[[np.random.Generator], dict[str, Any]]
    data: str = "X"
    target: str | None = None
    sparse: bool = False
    outcomes: Mapping[str, str] = field(default_factory=dict)
    bad_arguments: tuple[tuple[dict[str, Any], str], ...] = ()
    tolerance: float = 1e-9

    def __str__(self) -> str:
        return self.name


def arrays_of(result: Any) -> list[np.ndarray]:
    """Arrays of a result: of tuples, dicts, dataclasses, tables, sparse matrices, estimators."""
    if result is None:
        return []
    if isinstance(result, np.ndarray):
        return [result]
    if isinstance(result, (bool, int, float, complex, str, np.generic)):
        return [np.asarray(result)]
    if isinstance(result, Mapping):
        return [array for key in result for array in arrays_of(result[key])]
    if isinstance(result, (tuple, list)):
        return [array for part in result for array in arrays_of(part)]
    if hasattr(result, "toarray"):
        return [result.toarray()]
    if hasattr(result, "to_numpy"):
        return [np.asarray(result.to_numpy())]
    public = {name: value for name, value in vars(result).items() if not name.startswith("_")}
    if hasattr(result, "get_params"):
        public = {name: value for name, value in public.items() if name.endswith("_")}
    return arrays_of(public)


def shifted(value: Any, offset: int) -> Any:
    """A copy of an array (or those in a container) `offset` bytes past an alignment of 64.

    The copy has the layout of the original: Fortran order, and axes in any order, are kept.
    """
    if isinstance(value, dict):
        return {name: shifted(part, offset) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(shifted(part, offset) for part in value)
    if hasattr(value, "indptr"):
        moved = value.copy()
        moved.data = shifted(value.data, offset)
        return moved
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        return value
    room = np.empty(value.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    axes = np.argsort([-abs(stride) for stride in value.strides], kind="stable")
    flat = room[start : start + value.nbytes].view(value.dtype)
    copy = flat.reshape(tuple(value.shape[a] for a in axes)).transpose(np.argsort(axes))
    copy[...] = value
    return copy
