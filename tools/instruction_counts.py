"""Count the instructions of a dozen small calls under valgrind, and compare with the file.

    python tools/instruction_counts.py           # write tools/instruction_counts.json
    python tools/instruction_counts.py --check   # exit with 1 if a call takes 3 % more than there

Counts do not depend on what else the machine does. They are taken with the x86-64-v3 kernels, which
valgrind knows, and one thread; they belong to one compiler, which the file names.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

HERE = pathlib.Path(__file__).resolve()
COUNTS = HERE.with_suffix(".json")
ALLOWED = 1.03
MARKER = "getppid"  # a function of the C library that nothing here calls otherwise; it ends a part


def calls() -> dict[str, Callable[[], Any]]:
    """The calls that are counted, each some million instructions."""
    import numpy as np
    import scipy.sparse as sp

    from mlqa_fast._mlqa_fast_core import core
    from mlqa_fast.linear_model import lasso_cd, lasso_path
    from mlqa_fast.nn.functional import batch_norm, batch_norm_backward, batch_norm_forward
    from mlqa_fast.over_sampling import smote
    from mlqa_fast.svm import SVC, svm_smo

    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 20))
    wide = rng.standard_normal((100, 400))
    target = wide[:, :5].sum(axis=1) + 0.1 * rng.standard_normal(100)
    sparse = sp.random(400, 500, density=0.02, format="csc", random_state=0)
    sparse_target = np.asarray(sparse[:, :5].sum(axis=1)).ravel()
    y = np.sign(X[:, 0] + X[:, 1] ** 2 - 0.5)
    labels = rng.integers(6, size=300)
    centres = X + 2 * labels[:, None] * (np.arange(20) % 6 == labels[:, None])
    vote = SVC().fit(centres, labels)
    graph = SVC(multi_class="dag").fit(centres, labels)
    rows = rng.standard_normal((8192, 64)).astype(np.float32)
    images = rng.standard_normal((32, 16, 32, 32)).astype(np.float32)
    context = batch_norm_forward(images, None, None, training=True)[1]
    return {
        "vmath exp float64, 100000": lambda: core.vector_function("exp", np.ones(100_000)),
        "smote 300 x 20": lambda: smote(X, 1000, random_state=0, n_jobs=1),
        "smote 300 x 20 float32": lambda: smote(
            X.astype(np.float32), 1000, random_state=0, n_jobs=1
        ),
        "lasso_cd 100 x 400": lambda: lasso_cd(wide, target, 0.05),
        "lasso_path 100 x 400": lambda: lasso_path(wide, target, eps=0.05),
        "lasso_cd sparse 400 x 500": lambda: lasso_cd(sparse, sparse_target, 1e-4),
        "svm_smo rbf 300 x 20": lambda: svm_smo(X, y, n_jobs=1),
        "svm_smo linear 300 x 20": lambda: svm_smo(X, y, kernel="linear", n_jobs=1),
        "SVC.predict one-vs-one, 6 classes": lambda: vote.predict(centres),
        "SVC.predict DAG, 6 classes": lambda: graph.predict(centres),
        "batch_norm 8192 x 64": lambda: batch_norm(rows, None, None, training=True),
        "batch_norm 32 x 16 x 32 x 32": lambda: batch_norm(images, None, None, training=True),
        "batch_norm_backward 32 x 16 x 32 x 32": lambda: batch_norm_backward(images, context),
    }


def child() -> None:
    """Run every call, once to warm up and once between two markers."""
    import gc

    named = calls()
    gc.disable()
    for name, call in named.items():
        call()
        os.getppid()  # valgrind writes what came before
        call()
        os.getppid()
        print(name, flush=True)


def count() -> dict[str, int]:
    """Instructions of each call."""
    environment = os.environ | {
        "MLQA_FAST_ISA": "x86-64-v3",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "counts")
        command = ["valgrind", "--tool=callgrind", f"--dump-before={MARKER}"]
        command += [f"--callgrind-out-file={out}", "--combine-dumps=no", "--trace-children=no"]
        done = subprocess.run(
            [*command, sys.executable, str(HERE), "--child"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        names = done.stdout.splitlines()
        # Part 1 is all before the first marker; then the parts alternate: call, preparation.
        parts = {int(path.suffix[1:]): path for path in out.parent.glob("counts.*")}
        return {name: _total(parts[2 * i + 2]) for i, name in enumerate(names)}


def _total(part: pathlib.Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", part.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no total in {part}")
    return int(found[1])


def compare(old: dict[str, int], new: dict[str, int]) -> list[str]:
    """One line for each call, and whether it is worse; prints them all."""
    worse = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            worse.append(f"{name}: only in {'the run' if name in new else 'the file'}")
            continue
        ratio = new[name] / old[name]
        print(f"{name:<40}{old[name]:>14}{new[name]:>14}{ratio:>8.3f}")
        if ratio > ALLOWED:
            worse.append(f"{name}: {100 * (ratio - 1):.1f} % more instructions")
    return worse


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return 0
    from mlqa_fast._mlqa_fast_core import core

    new = {"compiler": core.compiler, "instructions": count()}
    if not options.check:
        COUNTS.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
        return 0
    old = json.loads(COUNTS.read_text(encoding="utf-8"))
    if old["compiler"] != new["compiler"]:
        print(f"not compared: the file is of {old['compiler']}, this build of {new['compiler']}")
        return 0
    worse = compare(old["instructions"], new["instructions"])
    print(*worse, sep="\n")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
