"""Every way to make several classes from machines of two, side by side on real data.

    python bench/studies/multiclass.py FOLDER --output bench/studies/multiclass.json
    python bench/studies/multiclass_page.py

The second line puts the figures into docs/svm/multiclass.rst. FOLDER holds data sets as
``NAME.npz`` or ``svm_NAME.npz`` with ``X``, ``y`` and ``n_train``, the number of rows at the front
that are the published training part, or 0. scikit-learn's iris, wine and digits are added, and
clusters, a hundred overlapping Gaussian ones.

The protocol is that of C.-W. Hsu and C.-J. Lin, "A comparison of methods for multiclass support
vector machines", IEEE Trans. Neural Networks 13(2):415-425, 2002: an RBF kernel, features scaled to
[-1, 1], the published test part or else ten folds, and for their data sets the C and gamma of their
table II.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import pathlib
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.model_selection import StratifiedKFold

import mlqa_fast
from mlqa_fast._mlqa_fast_core import core
from mlqa_fast.svm import SVC


def clusters() -> tuple[np.ndarray, np.ndarray]:
    """A hundred classes, more than the real data sets have."""
    rng = np.random.default_rng(0)
    centers, y = rng.normal(size=(100, 32)), rng.integers(0, 100, 15_000)
    return centers[y] + rng.normal(scale=1.2, size=(len(y), 32)), y


# Data sets that need no file, and the training part where there is one.
LOADERS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "iris": functools.partial(load_iris, return_X_y=True),
    "wine": functools.partial(load_wine, return_X_y=True),
    "digits": functools.partial(load_digits, return_X_y=True),
    "clusters": clusters,
}
SPLIT = {"clusters": 10_000}

# Binary features stay as they are.
UNSCALED = {"dna"}

# Hsu and Lin, table II: the best log2(C) and log2(gamma) of each method, and its accuracy in %.
COLUMNS = ("ovo", "dag", "ovr", "crammer_singer")
HSU_LIN = {
    "iris": ((12, -9, 97.333), (12, -8, 96.667), (9, -3, 96.667), (10, -7, 97.333)),
    "wine": ((7, -10, 99.438), (6, -9, 98.876), (7, -6, 98.876), (1, -3, 98.876)),
    "glass": ((11, -2, 71.495), (12, -3, 73.832), (11, -2, 71.963), (4, 1, 71.963)),
    "vowel": ((4, 0, 99.053), (2, 2, 98.674), (4, 1, 98.485), (1, 3, 98.674)),
    "vehicle": ((9, -3, 86.643), (11, -5, 86.052), (11, -4, 87.47), (9, -4, 86.761)),
    "segment": ((6, 0, 97.403), (11, -3, 97.359), (7, 0, 97.532), (0, 3, 97.316)),
    "dna": ((3, -6, 95.447), (3, -6, 95.447), (2, -6, 95.784), (1, -6, 95.869)),
    "satimage": ((4, 0, 91.3), (4, 0, 91.25), (2, 1, 91.7), (2, 2, 92.35)),
    "letter": ((4, 2, 97.98), (4, 2, 97.98), (2, 2, 97.88), (3, 2, 97.68)),
    "shuttle": ((11, 3, 99.924), (11, 3, 99.924), (9, 4, 99.91), (12, 4, 99.938)),
}

# The parameters of each method, and in which column of the table its C and gamma are: output codes
# train machines of all classes as one against the rest does.
METHODS: dict[str, tuple[dict[str, Any], str]] = {
    "ovo": ({"multi_class": "ovo"}, "ovo"),
    "dag": ({"multi_class": "dag"}, "dag"),
    "ovr": ({"multi_class": "ovr"}, "ovr"),
    "ecoc, dense": ({"multi_class": "ecoc", "code_book": "dense_random"}, "ovr"),
    "ecoc, sparse": ({"multi_class": "ecoc", "code_book": "sparse_random"}, "ovr"),
    "crammer_singer": ({"multi_class": "crammer_singer"}, "crammer_singer"),
    "weston_watkins": ({"multi_class": "weston_watkins"}, "crammer_singer"),
}
ORDERS = ("listed", "separation", "accuracy")
RANDOM_ORDERS = 5
THRESHOLDS = (0.1, 0.25, 0.5, 1.0)

# Calls are repeated until this many seconds have passed, which a clock resolves.
LEAST = 0.02
Rows = Any


@dataclass(frozen=True)
class DataSet:
    """Points, labels, and which rows are trained on and tested."""

    name: str
    X: np.ndarray
    y: np.ndarray
    folds: list[tuple[Rows, Rows]]

    @property
    def tested(self) -> int:
        """Predictions in all folds."""
        return sum(len(self.y[test]) for _, test in self.folds)


def load(name: str, folder: pathlib.Path | None) -> DataSet:
    """A data set, scaled, with its folds."""
    if name in LOADERS:
        (X, y), n_train = LOADERS[name](), SPLIT.get(name, 0)
    else:
        with np.load(_files(folder)[name]) as file:
            X, y, n_train = file["X"].astype(np.float64), file["y"], int(file["n_train"])
    if name not in UNSCALED:
        seen = X[:n_train] if n_train else X
        low, high = seen.min(axis=0), seen.max(axis=0)
        X = (X - low) / np.where(high > low, high - low, 1.0) * 2 - 1
    if n_train:
        folds = [(slice(0, n_train), slice(n_train, len(y)))]
    else:
        folds = list(StratifiedKFold(10, shuffle=True, random_state=0).split(X, y))
    return DataSet(name, np.ascontiguousarray(X), y, folds)


def _files(folder: pathlib.Path | None) -> dict[str, pathlib.Path]:
    found = sorted(folder.glob("*.npz")) if folder is not None else []
    return {path.stem.removeprefix("svm_"): path for path in found}


def parameters(name: str, method: str) -> tuple[dict[str, Any], float | None]:
    """Of the SVC, and the published accuracy of this method with them."""
    given, column = METHODS[method]
    if name not in HSU_LIN:
        return {**given, "C": 10.0, "gamma": "scale"}, None
    row = HSU_LIN[name][COLUMNS.index(column)]
    published = row[2] / 100 if method == column else None
    return {**given, "C": 2.0 ** row[0], "gamma": 2.0 ** row[1]}, published


def timed(function: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What the function gives, and seconds a call: of the clock, of all threads together."""
    calls, wall, cpu = 0, time.perf_counter(), time.process_time()
    while calls == 0 or time.perf_counter() - wall < LEAST:
        result = function()
        calls += 1
    return result, ((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls)


def fit_all(data: DataSet, keywords: dict[str, Any]) -> list[SVC]:
    """A classifier for each fold."""
    return [SVC(random_state=0, **keywords).fit(data.X[a], data.y[a]) for a, _ in data.folds]


def predict_all(data: DataSet, fitted: list[SVC]) -> list[np.ndarray]:
    """Their labels."""
    return [svc.predict(data.X[b]) for svc, (_, b) in zip(fitted, data.folds, strict=True)]


def accuracy(data: DataSet, labels: list[np.ndarray]) -> float:
    """Share of the test points of all folds."""
    right = sum(
        int(np.sum(found == data.y[b])) for found, (_, b) in zip(labels, data.folds, strict=True)
    )
    return right / data.tested


def compare(data: DataSet, repeats: int, budget: float) -> dict[str, Any]:
    """All methods in turn, `repeats` times, or until one has taken `budget` seconds."""
    records: dict[str, Any] = {}
    times: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {}
    for repeat in range(repeats):
        for method in METHODS:
            taken = times.setdefault(method, [])
            if repeat and sum(fit[0] for fit, _ in taken) > budget:
                continue
            keywords, published = parameters(data.name, method)
            fitted, fit_time = timed(lambda keywords=keywords: fit_all(data, keywords))
            labels, predict_time = timed(lambda fitted=fitted: predict_all(data, fitted))
            taken.append((fit_time, predict_time))
            if not repeat:
                records[method] = {
                    "parameters": keywords,
                    "published": published,
                    "accuracy": accuracy(data, labels),
                    **counts(data, fitted),
                }
    for method, record in records.items():
        for place, (task, units) in enumerate(
            {"fit": len(data.folds), "predict": data.tested}.items()
        ):
            wall, cpu = (statistics.median(t[place][i] for t in times[method]) for i in (0, 1))
            record[task] = {"wall": wall / units, "cpu": cpu / units, "repeats": len(times[method])}
    return records


def counts(data: DataSet, fitted: list[SVC]) -> dict[str, Any]:
    """What was trained and what a prediction takes, as means over folds, and the certificates."""
    rows: dict[str, list[float]] = {}
    for svc, (train, test) in zip(fitted, data.folds, strict=True):
        report, vectors = svc.prediction_report(data.X[test]), len(svc.support_)
        row: dict[str, float] = {
            "machines": report.machines,
            "samples_per_machine": len(data.y[train]),
            "machines_asked": report.machines_per_sample,
            "support_vectors": vectors,
            "kernel_values": vectors,
        }
        if report.training_samples is not None:
            row["samples_per_machine"] = float(report.training_samples.sum(axis=1).mean())
            row["imbalance"] = float(np.mean(report.imbalance))
        elif svc.multi_class in {"ovo", "dag"}:
            row["samples_per_machine"] *= 2 / len(svc.classes_)
        else:
            row["machines"] = 1  # k functions of one problem
        if svc.multi_class == "ovr":
            row["claimed_by_several"] = report.claimed_by_several / len(data.y[test])
            row["claimed_by_none"] = report.claimed_by_none / len(data.y[test])
        for key, value in row.items():
            rows.setdefault(key, []).append(value)
    certificates = {
        "kkt_violation": max(svc.kkt_violation_ for svc in fitted),
        "dual_gap_share": max(svc.dual_gap_ / svc.objective_ for svc in fitted),
    }
    return {key: statistics.fmean(values) for key, values in rows.items()} | certificates


def walk(
    values: np.ndarray, codes: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Follow the graph through the decision values of all machines.

    Returns the class of each point, the machine that it asks at each depth, and for each depth
    whether its true class has been struck off by then.
    """
    n, k = len(values), len(order)
    rows, place = np.arange(n), np.argsort(order)[codes]
    first, last = np.zeros(n, dtype=int), np.full(n, k - 1)
    asked, struck = np.empty((k - 1, n), dtype=int), np.empty((k - 1, n), dtype=bool)
    for depth in range(k - 1):
        a, b = order[first], order[last]
        low, high = np.minimum(a, b), np.maximum(a, b)
        asked[depth] = low * k - low * (low + 1) // 2 + high - low - 1
        keeps_first = (values[rows, asked[depth]] > 0) == (a < b)
        first, last = first + ~keeps_first, last - keeps_first
        struck[depth] = (place < first) | (place > last)
    return order[first], asked, struck


def vectors_of_machines(svc: SVC) -> np.ndarray:
    """Which support vectors each machine of two classes has, a row a machine."""
    coef, start = svc.dual_coef_, np.concatenate([[0], np.cumsum(svc.n_support_)])
    k = len(svc.n_support_)
    has = np.zeros((k * (k - 1) // 2, coef.shape[1]), dtype=bool)
    for row, (a, b) in enumerate(itertools.combinations(range(k), 2)):
        of_a, of_b = slice(start[a], start[a + 1]), slice(start[b], start[b + 1])
        has[row, of_a] = coef[b - 1, of_a] != 0
        has[row, of_b] = coef[a, of_b] != 0
    return has


def follow(data: DataSet, fitted: list[SVC], orders: list[np.ndarray]) -> dict[str, Any]:
    """What an order does: accuracy, values needed on a path, true classes struck off by depth."""
    k, wrong, needed, labels = len(orders[0]), 0.0, 0, []
    for svc, order, (_, test) in zip(fitted, orders, data.folds, strict=True):
        svc.set_params(multi_class="dag", dag_order=order, decision_function_shape="ovo")
        values = svc.decision_function(data.X[test])
        found, asked, struck = walk(values, np.searchsorted(svc.classes_, data.y[test]), order)
        labels.append(svc.predict(data.X[test]))
        if not np.array_equal(svc.classes_[found], labels[-1]):
            raise RuntimeError(f"{data.name}: the graph in NumPy and SVC.predict differ")
        wrong = wrong + struck.sum(axis=1)
        has = vectors_of_machines(svc)
        paths, times = np.unique(asked, axis=1, return_counts=True)
        needed += sum(
            int(c * has[path].any(axis=0).sum()) for path, c in zip(paths.T, times, strict=True)
        )
    return {
        "accuracy": accuracy(data, labels),
        "machines_asked": k - 1,
        "kernel_values_needed": needed / data.tested,
        "struck_off": (wrong / data.tested).tolist(),
    }


def explore(data: DataSet, fitted: list[SVC], threshold: float) -> dict[str, Any]:
    """What following both paths below a threshold does."""
    for svc in fitted:
        svc.set_params(multi_class="dag", dag_order="listed", dag_explore=threshold)
    labels, (_, cpu) = timed(lambda: predict_all(data, fitted))
    asked = sum(
        int(svc.prediction_report(data.X[b]).machines_asked.sum())
        for svc, (_, b) in zip(fitted, data.folds, strict=True)
    )
    return {
        "threshold": threshold,
        "accuracy": accuracy(data, labels),
        "machines_asked": asked / data.tested,
        "predict_cpu": cpu / data.tested,
    }


def graph(data: DataSet) -> dict[str, Any]:
    """The order of the graph's list, and exploring, on the same machines."""
    keywords = parameters(data.name, "dag")[0]
    fitted = fit_all(data, keywords)
    k = len(fitted[0].classes_)
    found: dict[str, Any] = {}
    for name in ORDERS:
        alike, (_, cpu) = timed(lambda name=name: fit_all(data, keywords | {"dag_order": name}))
        found[name] = follow(data, fitted, [svc.dag_order_ for svc in alike])
        found[name]["fit_cpu"] = cpu / len(data.folds)
    at_random = [
        {"seed": seed}
        | follow(data, fitted, [np.random.default_rng(seed).permutation(k)] * len(fitted))
        for seed in range(RANDOM_ORDERS)
    ]
    explored = [explore(data, fitted, threshold) for threshold in (0.0, *THRESHOLDS)]
    for svc in fitted:
        svc.set_params(multi_class="ovo")
    return {
        "parameters": keywords,
        "accuracy_of_vote": accuracy(data, predict_all(data, fitted)),
        "orders": found,
        "random_orders": at_random,
        "explore": explored,
    }


def study(data: DataSet, repeats: int, budget: float) -> dict[str, Any]:
    """The record of a data set."""
    return {
        "train": len(data.y[data.folds[0][0]]),
        "test": data.tested,
        "folds": len(data.folds),
        "features": data.X.shape[1],
        "classes": len(np.unique(data.y)),
        "methods": compare(data, repeats, budget),
        "graph": graph(data),
    }


def machine() -> dict[str, Any]:
    """The processor, and how busy it is."""
    name, info = platform.processor(), pathlib.Path("/proc/cpuinfo")
    if info.exists():
        lines = (line.partition(":") for line in info.read_text(encoding="utf-8").splitlines())
        name = next((value.strip() for key, _, value in lines if key[:10] == "model name"), name)
    return {
        "processor": name or platform.machine(),
        "cores": os.cpu_count(),
        "threads": core.get_num_threads(),
        "instruction_set": mlqa_fast.get_isa(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def rounded(value: Any) -> Any:
    """The record with six digits, enough for a figure and few enough to read."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def written(record: dict[str, Any]) -> str:
    """As JSON, with a line for each list of numbers."""
    text = json.dumps(rounded(record), indent=1) + "\n"
    return re.sub(r"\[[-\d.,e\s]+\]", lambda found: " ".join(found[0].split()), text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--data", nargs="+", metavar="NAME", help="only these data sets")
    parser.add_argument("--repeats", type=int, default=5, help="default: 5")
    parser.add_argument("--budget", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--output", type=pathlib.Path, metavar="JSON", required=True)
    options = parser.parse_args(arguments)
    known = [*LOADERS, *_files(options.folder)]
    if unknown := set(options.data or ()) - set(known):
        parser.error(f"no data set {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    names = options.data or known
    record: dict[str, Any] = {
        "command": f"python bench/studies/multiclass.py {'FOLDER ' if options.folder else ''}"
        f"--data {' '.join(names)} --repeats {options.repeats} --budget {options.budget:g}",
        "machine": machine(),
        "versions": {"mlqa_fast": mlqa_fast.__version__, "python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "scikit-learn")},
        "data": {},
    }
    compare(load("iris", None), 1, 0.0)  # the first calls of everything
    for name in names:
        start = time.perf_counter()
        record["data"][name] = study(load(name, options.folder), options.repeats, options.budget)
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
    options.output.write_text(written(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
