"""Every public entry refuses what it cannot use, in words, before any work; the rest works."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.utils import check_X_y

from mlqa_fast._mlqa_fast_core import core
from rooms import ENTRIES, Entry, arrays_of, shifted


@dataclass(frozen=True)
class Kind:
    """One kind of input, made from the right one: refused, or the same as a plain array."""

    name: str
    make: Callable[[np.ndarray], Any]
    refused: str = ""  # what the message must match; empty: it works
    target: bool = False
    sparse: bool = False  # refused only by entries that take no sparse matrices
    layout: bool = False  # numbers where others would not be: for the sanitizers as well


def with_value(value, dtype=None):
    def make(x):
        spoiled = x.astype(dtype or x.dtype)
        spoiled[(x.shape[0] // 2,) + (1,) * (x.ndim - 1)] = value
        return spoiled

    return make


def read_only(x):
    copy = x.copy()
    copy.flags.writeable = False
    return copy


def rows_far_apart(x):
    """Rows one MiB apart, on memory that is mapped and never touched."""
    wide = np.empty((x.shape[0], 2**17))
    wide[:, : x.shape[1]] = x
    return wide[:, : x.shape[1]]


def memory_mapped(x):
    with tempfile.TemporaryFile() as file:
        file.write(x.tobytes())
        file.flush()
        return np.memmap(file, x.dtype, "r", shape=x.shape)


class SubArray(np.ndarray):
    """A subclass that changes nothing."""


def polars_frame(x):
    import polars  # here, because its threads do not live under ThreadSanitizer

    return polars.DataFrame(x, schema=[f"c{j}" for j in range(x.shape[1])])


class ArrayLike:
    """Not an array, but says how to become one."""

    def __init__(self, x):
        self.x = x

    def __array__(self, dtype=None, copy=None):
        return np.array(self.x, dtype)


def sparse_with(**parts):
    """CSR whose index arrays were replaced behind SciPy's back."""

    def make(x):
        matrix = sp.csr_matrix(x)
        for name, change in parts.items():
            setattr(matrix, name, change(getattr(matrix, name)))
        return matrix

    return make


def changed(position, value):
    def change(array):
        copy = array.copy()
        copy[position] = value
        return copy

    return change


def integers(dtype):
    return lambda x: np.round(8 * x).astype(dtype)


SHAPE = r"dim|[0-9]-?D|shape"
EMPTY = r"(?i)\b0 (sample|feature)|empty|at least|more than|minimum|zero"
NO_NUMBERS = r"(?i)string|convert|numeric|number|dtype"

KINDS = [
    # what no entry can use
    Kind("nan", with_value(np.nan), "NaN"),
    Kind("+inf", with_value(np.inf), "(?i)inf"),
    Kind("-inf", with_value(-np.inf), "(?i)inf"),
    Kind("nan in float32", with_value(np.nan, np.float32), "NaN"),
    Kind("no rows", lambda x: x[:0], EMPTY),
    Kind("no columns", lambda x: x[:, :0], EMPTY),
    Kind("0-d", lambda x: x[0, 0], SHAPE),
    Kind("1-d", lambda x: x[:, 0], SHAPE),
    Kind("3-d", lambda x: x[:, :, None], SHAPE),
    Kind("complex", lambda x: x + 1j, "(?i)complex"),
    Kind("strings", lambda x: np.full(x.shape, "a"), NO_NUMBERS),
    Kind("objects that are no numbers", lambda x: np.full(x.shape, "a", object), NO_NUMBERS),
    Kind("None", lambda x: None, r"None|scalar|(?i:expected)"),
    Kind("a string", lambda x: "X", r"(?i)string|convert|scalar|expected"),
    Kind("a dict", lambda x: {"a": 1.0}, r"dict|(?i:expected)"),
    Kind("a ragged list", lambda x: [[1.0], *x[1:].tolist()], r"(?i)inhomogeneous|ragged|sequence"),
    Kind("a table with strings", lambda x: pd.DataFrame(x).assign(s="a"), NO_NUMBERS),
    Kind("a table with missing values", lambda x: pd.DataFrame(with_value(np.nan)(x)), "NaN"),
    # sparse matrices
    Kind("csr", sp.csr_matrix, "(?i)sparse", sparse=True, layout=True),
    Kind("csc", sp.csc_matrix, "(?i)sparse", sparse=True, layout=True),
    Kind("coo", sp.coo_matrix, "(?i)sparse", sparse=True),
    Kind("lil", sp.lil_matrix, "(?i)sparse", sparse=True),
    Kind("csr array", sp.csr_array, "(?i)sparse", sparse=True),
    Kind(
        "csr, unsorted",
        lambda x: sp.csc_matrix(x).tocsr()[:, ::-1].tocsr()[:, ::-1],
        "(?i)sparse",
        sparse=True,
        layout=True,
    ),
    Kind("csr with nan", lambda x: sp.csr_matrix(with_value(np.nan)(x)), "NaN|(?i:sparse)"),
    Kind(
        "csr, column too large", sparse_with(indices=changed(5, 10**6)), r"(?i)sparse|ind(ex|ices)"
    ),
    Kind("csr, column negative", sparse_with(indices=changed(5, -7)), r"(?i)sparse|ind(ex|ices)"),
    Kind(
        "csr, row pointer too large",
        sparse_with(indptr=changed(9, 10**6)),
        r"(?i)sparse|indptr|pointer",
    ),
    Kind(
        "csr, row pointer negative",
        sparse_with(indptr=changed(9, -7)),
        r"(?i)sparse|indptr|pointer",
    ),
    Kind(
        "csr, row pointers short",
        sparse_with(indptr=lambda p: p[:-3]),
        r"(?i)sparse|indptr|pointer",
    ),
    # what every entry takes as it is
    Kind("read-only", read_only, layout=True),
    Kind("Fortran order", np.asfortranarray, layout=True),
    Kind("negative strides", lambda x: x[::-1, ::-1].copy()[::-1, ::-1], layout=True),
    Kind(
        "every other row and column", lambda x: x.repeat(2, 0).repeat(2, 1)[::2, ::2], layout=True
    ),
    Kind("rows far apart", rows_far_apart, layout=True),
    Kind("one row, broadcast", lambda x: np.broadcast_to(x[:1] + 1, x.shape), layout=True),
    Kind("misaligned by a byte", lambda x: shifted(x, 1), layout=True),
    Kind("misaligned by four bytes", lambda x: shifted(x, 4), layout=True),
    Kind("big-endian", lambda x: x.astype(">f8")),
    Kind("memory map", memory_mapped, layout=True),
    Kind("float16", lambda x: x.astype(np.float16)),
    Kind("long double", lambda x: x.astype(np.longdouble)),
    Kind("int8", integers(np.int8)),
    Kind("int64", integers(np.int64)),
    Kind("uint32", lambda x: np.abs(integers(np.int64)(x)).astype(np.uint32)),
    Kind("bool", lambda x: x > 0),
    Kind("subnormal numbers", lambda x: np.where(np.abs(x) < 0.3, 5e-324, x)),
    Kind("objects that are numbers", lambda x: x.astype(object)),
    Kind("lists", lambda x: x.tolist()),
    Kind("tuples", lambda x: tuple(map(tuple, x.tolist()))),
    Kind("array subclass", lambda x: x.view(SubArray)),
    Kind("array-like", ArrayLike),
    Kind("masked array", np.ma.masked_array),
    Kind("pandas", pd.DataFrame),
    Kind("pandas, nullable", lambda x: pd.DataFrame(x).astype("Float64")),
    Kind("polars", polars_frame),
    # the target
    Kind(
        "target too short", lambda y: y[:-1], r"(?i)inconsistent|length|samples|shape", target=True
    ),
    Kind(
        "target too long",
        lambda y: np.append(y, y[:1]),
        r"(?i)inconsistent|length|samples|shape",
        target=True,
    ),
    Kind("target empty", lambda y: y[:0], r"(?i)inconsistent|empty|samples|shape", target=True),
    Kind("target None", lambda y: None, r"(?i)none|requires y|scalar|expected", target=True),
    Kind("target 3-d", lambda y: y[:, None, None], r"(?i)1d|dimension|dim|shape", target=True),
    Kind("target with nan", lambda y: with_value(np.nan, float)(y), "NaN", target=True),
    Kind("target with inf", lambda y: with_value(np.inf, float)(y), "(?i)inf", target=True),
    Kind("target complex", lambda y: y + 1j, "(?i)complex|unknown label|label type", target=True),
    Kind("one class", lambda y: np.zeros_like(y), r"(?i)class", target=True),
    Kind(
        "target of reals",
        lambda y: y + 0.5 * np.arange(len(y)),
        "(?i)label|classif|class",
        target=True,
    ),
    Kind("target read-only", read_only, target=True),
    Kind("target strided", lambda y: y.repeat(2)[::2], target=True, layout=True),
    Kind("target backwards", lambda y: y[::-1].copy()[::-1], target=True, layout=True),
    Kind("target big-endian", lambda y: y.astype(y.dtype.newbyteorder(">")), target=True),
    Kind("target list", lambda y: y.tolist(), target=True),
    Kind("target objects", lambda y: y.astype(object), target=True),
    Kind("target pandas", pd.Series, target=True),
]


def outcome_of(kind: Kind, entry: Entry) -> tuple[str, str]:
    """ "refused" and its message, "same", or "inapplicable"."""
    refused = bool(kind.refused) and not (kind.sparse and entry.sparse)
    outcome, _, message = entry.outcomes.get(kind.name, "refused" if refused else "same").partition(
        ": "
    )
    return outcome, message or kind.refused or "."


def cases():
    for entry in [*ENTRIES, MODEL]:
        unknown = entry.outcomes.keys() - {kind.name for kind in KINDS}
        assert not unknown, f"{entry} speaks of unknown kinds {unknown}"
        for kind in KINDS:
            if kind.target and entry.target is None:
                continue
            outcome = outcome_of(kind, entry)[0]
            if outcome == "inapplicable":
                continue
            # What is refused calls nothing native.
            marks = pytest.mark.sanitize if outcome == "same" and kind.layout else ()
            yield pytest.param(entry, kind, id=f"{entry}-{kind.name}", marks=marks)


def model(X, y):
    """What scikit-learn's own checks refuse and take: shows that the table is fair."""
    X, y = check_X_y(X, y, dtype=np.float64)
    if len(set(y)) < 2:
        raise ValueError("needs samples of at least 2 classes")
    return X.sum(axis=0), y


MODEL = Entry(
    "model",
    model,
    lambda rng: {"X": rng.normal(size=(60, 4)), "y": np.arange(60) % 2},
    target="y",
    outcomes={"target of reals": "same"},
)


def assert_refused(entry, arguments, message):
    before, calls = joblib.hash(arguments), core.native_calls()
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        entry.call(**arguments)
    assert len(str(caught.value)) > 10
    assert core.native_calls() == calls, "work was begun before the refusal"
    assert joblib.hash(arguments) == before, "inputs were changed"


def assert_same(entry, arguments, plain):
    before = joblib.hash(arguments)
    got = arrays_of(entry.call(**arguments))
    assert joblib.hash(arguments) == before, "inputs were changed"
    want = arrays_of(entry.call(**plain))
    assert len(got) == len(want) > 0
    for mine, expected in zip(got, want, strict=True):
        assert mine.shape == expected.shape
        if not np.issubdtype(expected.dtype, np.floating):
            np.testing.assert_array_equal(mine, expected)
            continue
        scale = np.max(np.abs(expected), initial=0, where=np.isfinite(expected))
        np.testing.assert_allclose(
            mine.astype(float), expected, rtol=0, atol=entry.tolerance * scale, equal_nan=True
        )


@pytest.mark.parametrize(("entry", "kind"), list(cases()))
def test_kind(entry, kind):
    arguments = entry.arguments(np.random.default_rng(5))
    place = entry.target if kind.target else entry.data
    right = arguments[place]
    made = kind.make(right)
    outcome, message = outcome_of(kind, entry)
    if outcome == "refused":
        assert_refused(entry, arguments | {place: made}, message)
        return
    assert outcome == "same"
    plain = made.toarray() if sp.issparse(made) else np.asarray(made)
    dtype = np.float64 if not kind.target else plain.dtype.newbyteorder("=")
    plain = np.array(plain, right.dtype if plain.dtype.hasobject else dtype, order="C")
    assert_same(entry, arguments | {place: made}, arguments | {place: plain})


@pytest.mark.parametrize(
    ("entry", "change", "message"),
    [
        pytest.param(entry, *row, id=f"{entry}-{row[0]!r:.60}")
        for entry in ENTRIES
        for row in entry.bad_arguments
    ],
)
def test_bad_argument(entry, change, message):
    assert_refused(entry, entry.arguments(np.random.default_rng(5)) | change, message)


def test_there_are_enough_kinds():
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 30
    assert all(re.compile(kind.refused) for kind in KINDS)
