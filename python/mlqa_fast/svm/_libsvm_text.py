"""LIBSVM's text format for models, by its README and `svm_save_model`.

A header of keywords, one a line, then ``SV`` and a line for each support vector: its k - 1 dual
coefficients, then ``index:value`` with rising indices from 1; for a precomputed kernel
``0:number`` of the training point, from 1. Nothing is allocated by a number in the file: every
count has to agree with what stands there.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

SVM_TYPES = ("c_svc", "nu_svc", "one_class", "epsilon_svr", "nu_svr")
CLASSIFIERS = ("c_svc", "nu_svc")
KERNELS = {"polynomial": "poly"} | {k: k for k in ("linear", "rbf", "sigmoid", "precomputed")}
NEEDS = {
    "polynomial": ("degree", "gamma", "coef0"),
    "rbf": ("gamma",),
    "sigmoid": ("gamma", "coef0"),
}
LARGEST_INDEX = 2**31 - 2
WHOLE = re.compile(rb"[+-]?[0-9]{1,10}")
# No spellings of Python's own, as 1_000.
NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Model(NamedTuple):
    """What the format holds; coefficients and constants in LIBSVM's orientation."""

    svm_type: str
    kernel: str
    degree: int
    gamma: float
    coef0: float
    labels: NDArray[np.int64] | None
    n_support: NDArray[np.int32]
    dual_coef: NDArray[np.float64]
    rho: NDArray[np.float64]
    vectors: sp.csr_array


def written(model: Model) -> str:
    """The text of a model; numbers have the digits that give them back exactly."""
    name = next(theirs for theirs, ours in KERNELS.items() if ours == model.kernel)
    lines = [f"svm_type {model.svm_type}", f"kernel_type {name}"]
    lines += [f"{key} {_text(getattr(model, key))}" for key in NEEDS.get(name, ())]
    classes = 2 if model.labels is None else len(model.labels)
    lines += [f"nr_class {classes}", f"total_sv {model.vectors.shape[0]}"]
    lines.append("rho " + " ".join(map(_text, model.rho)))
    if model.labels is not None:
        lines.append("label " + " ".join(map(str, model.labels)))
        lines.append("nr_sv " + " ".join(map(str, model.n_support)))
    lines.append("SV")
    first = 0 if model.kernel == "precomputed" else 1
    x = model.vectors
    for i in range(x.shape[0]):
        row = slice(x.indptr[i], x.indptr[i + 1])
        stored = zip(x.indices[row].tolist(), x.data[row].tolist(), strict=True)
        pairs = [f"{j + first}:{_text(value)}" for j, value in stored if value != 0.0]
        lines.append(" ".join([*map(_text, model.dual_coef[:, i]), *pairs]))
    return "\n".join(lines) + "\n"


def _text(number: Any) -> str:
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


class Reader:
    """Lines of a file with their numbers, for the messages."""

    def __init__(self, path: Path) -> None:
        self.path, self.number = path, 0
        self.lines = self._lines()

    def _lines(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            for line in file:
                self.number += 1
                yield line

    def refuse(self, why: str) -> ValueError:
        """The error for the line at hand."""
        return ValueError(f"{self.path}, line {self.number}: {why}")

    def whole(self, token: bytes, least: int, largest: int = LARGEST_INDEX) -> int:
        """A whole number within limits."""
        if not WHOLE.fullmatch(token) or not least <= int(token) <= largest:
            raise self.refuse(
                f"expected a whole number from {least} to {largest}, got {_cut(token)}"
            )
        return int(token)

    def real(self, token: bytes) -> float:
        """A finite number."""
        if len(token) > 400 or not NUMBER.fullmatch(token) or not math.isfinite(float(token)):
            raise self.refuse(f"expected a number, got {_cut(token)}")
        return float(token)


def read(path: Path) -> Model:
    """The model in a file; ValueError, with the line, where it is damaged."""
    reader = Reader(path)
    header = _header(reader)
    classifier = header["svm_type"] in CLASSIFIERS
    n = header["total_sv"]
    columns = header["nr_class"] - 1 if classifier else 1
    coef, vectors = _support_vectors(reader, n, columns, header["kernel_type"] == "precomputed")
    return Model(
        header["svm_type"],
        KERNELS[header["kernel_type"]],
        header.get("degree", 3),
        header.get("gamma", 0.0),
        header.get("coef0", 0.0),
        np.array(header["label"], dtype=np.int64) if classifier else None,
        np.array(header["nr_sv"] if classifier else [n], dtype=np.int32),
        coef,
        np.array(header["rho"], dtype=np.float64),
        vectors,
    )


def _header(reader: Reader) -> dict[str, Any]:
    """The keywords up to SV, each once, their counts in agreement."""
    header: dict[str, Any] = {}
    for line in reader.lines:
        keyword, *tokens = line.split()[:1], *line.split()[1:]
        key = b"".join(keyword).decode("ascii", "replace")
        if key == "SV" and not tokens:
            _check_counts(reader, header)
            return header
        if key not in FIELDS:
            raise reader.refuse(f"unknown keyword {_cut(key.encode())}")
        if key in header:
            raise reader.refuse(f"{key} appears twice")
        header[key] = FIELDS[key](reader, tokens)
    raise reader.refuse("the file ends before SV")


def _one(parse: Callable[[Reader, bytes], Any]) -> Callable[[Reader, list[bytes]], Any]:
    def field(reader: Reader, tokens: list[bytes]) -> Any:
        if len(tokens) != 1:
            raise reader.refuse(f"expected one value, got {len(tokens)}")
        return parse(reader, tokens[0])

    return field


def _choice(names: Any) -> Callable[[Reader, bytes], str]:
    def parse(reader: Reader, token: bytes) -> str:
        name = token.decode("ascii", "replace")
        if name not in names:
            raise reader.refuse(f"expected one of {', '.join(names)}, got {_cut(token)}")
        return name

    return parse


def _many(parse: Callable[[Reader, bytes], Any]) -> Callable[[Reader, list[bytes]], list[Any]]:
    return lambda reader, tokens: [parse(reader, token) for token in tokens]


FIELDS: dict[str, Callable[[Reader, list[bytes]], Any]] = {
    "svm_type": _one(_choice(SVM_TYPES)),
    "kernel_type": _one(_choice(tuple(KERNELS))),
    "degree": _one(lambda reader, token: reader.whole(token, 0)),
    "gamma": _one(Reader.real),
    "coef0": _one(Reader.real),
    "nr_class": _one(lambda reader, token: reader.whole(token, 2)),
    "total_sv": _one(lambda reader, token: reader.whole(token, 0)),
    "rho": _many(Reader.real),
    "label": _many(lambda reader, token: reader.whole(token, -(2**31), 2**31 - 1)),
    "nr_sv": _many(lambda reader, token: reader.whole(token, 0)),
    "probA": _many(Reader.real),
    "probB": _many(Reader.real),
    "prob_density_marks": _many(Reader.real),
}


def _check_counts(reader: Reader, header: dict[str, Any]) -> None:
    classifier = header.get("svm_type") in CLASSIFIERS
    needed = ["svm_type", "kernel_type", "nr_class", "total_sv", "rho"]
    needed += ["label", "nr_sv"] if classifier else []
    needed += NEEDS.get(header.get("kernel_type", ""), ())
    for key in needed:
        if key not in header:
            raise reader.refuse(f"{key} is missing before SV")
    k = header["nr_class"]
    if not classifier and k != 2:
        raise reader.refuse(f"{header['svm_type']} has nr_class 2, not {k}")
    if header.get("gamma", 0.0) < 0:
        raise reader.refuse("gamma must not be negative")
    for key, count in (("rho", k * (k - 1) // 2), ("label", k), ("nr_sv", k)):
        if key in needed and len(header[key]) != count:
            raise reader.refuse(f"{key} has {len(header[key])} values for {k} classes")
    if classifier and len(set(header["label"])) < k:
        raise reader.refuse("two classes have the same label")
    if classifier and sum(header["nr_sv"]) != header["total_sv"]:
        raise reader.refuse(f"nr_sv adds up to {sum(header['nr_sv'])}, not {header['total_sv']}")


def _support_vectors(
    reader: Reader, n: int, columns: int, precomputed: bool
) -> tuple[NDArray[np.float64], sp.csr_array]:
    coef, data, indices, ends = array("d"), array("d"), array("i"), array("q", [0])
    for line in reader.lines:
        tokens = line.split()
        if len(ends) > n:
            if tokens:
                raise reader.refuse(f"more than total_sv = {n} support vectors")
            continue
        if len(tokens) < columns:
            raise reader.refuse(f"expected {columns} dual coefficients, got {len(tokens)} values")
        coef.extend(reader.real(token) for token in tokens[:columns])
        before = -1
        for token in tokens[columns:]:
            index, colon, value = token.partition(b":")
            if not colon:
                raise reader.refuse(f"expected index:value, got {_cut(token)}")
            at = reader.whole(index, 0 if precomputed else 1, 0 if precomputed else LARGEST_INDEX)
            if at <= before:
                raise reader.refuse(f"index {at} does not follow {before}")
            number = reader.whole(value, 1) if precomputed else reader.real(value)
            data.append(number)
            indices.append(at if precomputed else at - 1)
            before = at
        if precomputed and before < 0:
            raise reader.refuse("expected 0:number of a training point")
        ends.append(len(data))
    if len(ends) - 1 < n:
        reader.number += 1
        raise reader.refuse(f"the file ends after {len(ends) - 1} of {n} support vectors")
    used = np.array(indices, dtype=np.int32)
    shape = (n, int(used.max(initial=-1)) + 1)
    parts = (
        np.array(data),
        used,
        np.array(ends, dtype=np.int32 if len(data) < 2**31 else np.int64),
    )
    return np.array(coef).reshape(n, columns).T.copy(), sp.csr_array(parts, shape=shape)


def reordered(model: Model) -> Model:
    """The same machines with rising labels: LIBSVM has them in the order of their appearance."""
    if model.labels is None or (np.diff(model.labels) > 0).all():
        return model
    order = np.argsort(model.labels)
    k = len(order)
    start = np.concatenate([[0], np.cumsum(model.n_support)])
    rows = np.concatenate([np.arange(start[c], start[c + 1]) for c in order])
    owner = np.repeat(np.arange(k), model.n_support[order])
    coef, rho = np.empty_like(model.dual_coef), []
    for a in range(k):
        for b in range(a + 1, k):
            p, q = order[a], order[b]
            sign = 1.0 if p < q else -1.0
            low, high = min(p, q), max(p, q)
            rho.append(sign * model.rho[low * k - low * (low + 1) // 2 + high - low - 1])
            of_a, of_b = owner == a, owner == b
            coef[b - 1, of_a] = sign * model.dual_coef[q - 1 if p < q else q, rows[of_a]]
            coef[a, of_b] = sign * model.dual_coef[p if p < q else p - 1, rows[of_b]]
    return model._replace(
        labels=model.labels[order],
        n_support=model.n_support[order],
        dual_coef=coef,
        rho=np.array(rho),
        vectors=model.vectors[rows],
    )


def _cut(token: bytes) -> str:
    """A token as a message shows it."""
    return repr(token[:40].decode("ascii", "replace"))
