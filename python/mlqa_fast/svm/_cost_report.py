"""What a classifier's machines cost to train and to ask, beside the textbook's formulas."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlqa_fast.svm._code_book import row_separation
from mlqa_fast.svm._coefficients import dense, numbers
from mlqa_fast.svm._multiclass import AT_ONCE, BOOKS

# Decision values that are held at a time.
BLOCK = 1 << 22


class Row(NamedTuple):
    """A quantity as it was measured, and the formula that textbooks give for it."""

    quantity: str
    measured: float
    formula: str = ""
    textbook: float | None = None


@dataclass(frozen=True)
class MarginBound:
    """The bound of Platt, Cristianini and Shawe-Taylor (theorem 1) on the error along the graph.

    With probability ``1 - delta`` over training sets of m samples that no node misclassifies, the
    error is below ``130 R**2 / m * (D * log(4 e m) * log(4 m) + log(2 (2 m)**K / delta))``, where
    R is the radius of a ball that holds the samples, K the number of nodes, and D the sum of
    ``1 / margin**2`` over the nodes.

    Attributes
    ----------
    errors, nodes_with_errors : int
        Training samples that the machine of a node puts on the wrong side, and the nodes that have
        any: unless there are none the bound does not apply.
    radius : float
        R, about the origin of the kernel's space.
    nodes : int
        K.
    sum_of_inverse_margins : float
        D.
    samples : int
        m.
    delta : float
        The probability that the bound is wrong.
    value : float or None
        The bound; None where it does not apply.

    Examples
    --------
    >>> from mlqa_fast.svm import SVC
    >>> svc = SVC(kernel="linear", C=1e4).fit([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1])
    >>> print(svc.cost_report().bound)
    None
    """

    errors: int
    nodes_with_errors: int
    radius: float
    nodes: int
    sum_of_inverse_margins: float
    samples: int
    delta: float
    value: float | None

    def __str__(self) -> str:
        """The bound in words."""
        if self.value is None:
            return f"does not apply: {self.errors} errors at {self.nodes_with_errors} nodes"
        if self.value >= 1:
            return f"vacuous: at most {self.value:.3g}"
        return f"at most {self.value:.3g}, with probability {1 - self.delta:g}"


@dataclass(frozen=True)
class CostReport:
    """What the machines of a fitted classifier cost; ``print`` shows it as a table.

    Attributes
    ----------
    multi_class : str
        How the machines are combined.
    rows : tuple of Row
        ``quantity``, ``measured``, ``formula``, ``textbook``: for k classes, n training samples and
        s support vectors. A formula counts what is done without anything shared; a number measured
        below it is a saving.
    samples_per_machine : ndarray of shape (n_machines,)
        Training samples of each machine.
    bound : MarginBound or None
        With ``multi_class='dag'``; None for kernel values that were given, and for a kernel other
        than 'rbf' if fit had another ``multi_class``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlqa_fast.svm import SVC
    >>> report = SVC(multi_class="dag").fit(*load_iris(return_X_y=True)).cost_report()
    >>> report["machines trained"], report["machines asked"]
    (3.0, 2.0)
    """

    multi_class: str
    rows: tuple[Row, ...]
    samples_per_machine: NDArray[np.int64]
    bound: MarginBound | None = None

    def __getitem__(self, quantity: str) -> float:
        """The measured value of a quantity."""
        for row in self.rows:
            if row.quantity == quantity:
                return row.measured
        raise KeyError(quantity)

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame, by quantity.

        Returns
        -------
        pandas.DataFrame
            Columns ``measured``, ``formula``, ``textbook``.
        """
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(Row._fields)).set_index("quantity")

    def __str__(self) -> str:
        """A table."""
        lines = [f"multi_class={self.multi_class!r}"]
        for row in self.rows:
            book = "" if row.textbook is None else f"{row.formula} = {row.textbook:,.6g}"
            lines.append(f"{row.quantity:<28}{row.measured:>16,.6g}   {book}".rstrip())
        if self.bound is not None:
            lines.append(f"{'error along the graph':<28}{self.bound!s:>16}")
        return "\n".join(lines)


def cost_report(svc: Any, delta: float = 0.05) -> CostReport:
    """The report of a fitted classifier."""
    if not hasattr(svc, "_work"):
        raise ValueError(
            f"this {type(svc).__name__} was read from a file, which does not say what training cost"
        )
    kernel_rows, kernel_values, seconds = svc._work
    k, n, s = len(svc.classes_), int(svc._class_count.sum()), len(svc.support_)
    samples = _samples_per_machine(svc)
    machines, asked = len(samples), len(samples)
    machines_formula, asked_formula = _formulas(svc.multi_class if k > 2 else "ovo", k, machines)
    if svc.multi_class == "dag":
        asked = k - 1
    coef = svc._dual_coef_
    stored = float(coef.nnz if hasattr(coef, "nnz") else np.count_nonzero(numbers(coef)))
    rows: tuple[Row, ...] = (
        Row("machines trained", float(machines), machines_formula, float(machines)),
        Row("samples per machine", float(samples.mean())),
        Row("kernel rows computed", float(kernel_rows)),
        Row(
            "kernel values computed",
            float(kernel_values),
            "squared samples of the machines",
            float(n) ** 2 if svc._method in AT_ONCE else float(np.sum(samples.astype(float) ** 2)),
        ),
        Row("seconds", float(seconds)),
        Row("support vectors", float(s), "at most n", float(n)),
        Row(
            "coefficients that are not 0",
            stored,
            "rows of dual_coef_ times s",
            float(coef.shape[0]) * s,
        ),
        Row("megabytes of the model", _bytes(svc) / 1e6),
        Row("machines asked", float(asked), asked_formula, float(asked)),
        Row(
            "kernel values per prediction",
            float(s),
            "support vectors of the machines asked",
            stored * asked / machines,
        ),
    )
    if svc._method in BOOKS:
        rows += (Row("least distance of two codes", row_separation(svc.code_book_)),)
    bound = margin_bound(svc, delta) if svc.multi_class == "dag" and k > 2 else None
    return CostReport(svc.multi_class, rows, samples, bound)


def _formulas(multi_class: str, k: int, machines: int) -> tuple[str, str]:
    pairs = "k (k - 1) / 2"
    if multi_class in AT_ONCE:
        return "k, trained as one", "k"
    if multi_class in BOOKS:
        name = "k" if multi_class == "ovr" else "columns of the book"
        return name, name
    return pairs, "k - 1" if multi_class == "dag" else pairs


def _samples_per_machine(svc: Any) -> NDArray[np.int64]:
    count = svc._class_count
    if svc._method in AT_ONCE:
        return np.full(len(count), count.sum(), dtype=np.int64)
    if svc._method in BOOKS:
        return np.asarray(np.abs(svc.code_book_).T.astype(np.int64) @ count)
    low, high = np.triu_indices(len(count), 1)
    return np.asarray(count[low] + count[high])


def _bytes(svc: Any) -> float:
    """Of the support vectors, their indices, the coefficients and the constants."""
    total = 0
    for part in (svc.support_vectors_, svc._dual_coef_):
        if hasattr(part, "indptr"):
            total += part.data.nbytes + part.indices.nbytes + part.indptr.nbytes
        elif hasattr(part, "present"):
            total += part.present.nbytes + part.values.nbytes
        else:
            total += part.nbytes
    return float(total + svc.support_.nbytes + svc._intercept_.nbytes)


def margin_bound(svc: Any, delta: float) -> MarginBound | None:
    """The bound of a graph from its machines and their support vectors.

    A sample that is no support vector of a machine lies on its right side, at 1 or beyond but for
    `tol`. So the errors and the margins of all training samples are those of the support vectors.
    """
    vectors = svc.support_vectors_
    largest = 1.0 if svc.kernel == "rbf" else getattr(svc, "_largest_diagonal", None)
    if largest is None:
        return None
    k = len(svc.classes_)
    low, high = np.triu_indices(k, 1)
    owner = np.repeat(np.arange(k), svc._n_support)
    coef = dense(svc._dual_coef_)
    norm, least = np.zeros(len(low)), np.full(len(low), 1.0 - svc.tol)
    errors = np.zeros(len(low), dtype=np.int64)
    step = max(1, BLOCK // len(low))
    for first in range(0, len(owner), step):
        part = slice(first, min(first + step, len(owner)))
        value = svc._pair_values(vectors[part])
        mine = owner[part]
        of_low, of_high = mine[:, None] == low, mine[:, None] == high
        sign = of_low.astype(np.int8) - of_high.astype(np.int8)
        margin = np.where(sign != 0, sign * value, np.inf)
        least = np.minimum(least, margin.min(axis=0, initial=np.inf))
        errors += (margin <= 0).sum(axis=0)
        rows = np.where(of_low, high - 1, low)
        beta = np.where(sign != 0, coef[rows, np.arange(len(owner))[part, None]], 0.0)
        norm += (beta * (value - svc._intercept_)).sum(axis=0)
    m = int(svc._class_count.sum())
    radius = float(np.sqrt(max(largest, 0.0)))
    nodes_with_errors = int(np.count_nonzero(errors))
    if nodes_with_errors:
        total, value_of = float("nan"), None
    else:
        total = float(np.sum(np.maximum(norm, 0.0) / least**2))
        spread = total * log(4 * np.e * m) * log(4 * m)
        value_of = 130 * radius**2 / m * (spread + log(2 / delta) + len(low) * log(2 * m))
    return MarginBound(
        int(errors.sum()), nodes_with_errors, radius, len(low), total, m, delta, value_of
    )


def largest_diagonal(svc: Any, X: Any) -> float:
    """The largest k(x, x) of training points."""
    if svc.kernel == "rbf":
        return 1.0
    squares = X.multiply(X) if hasattr(X, "indptr") else X**2
    square = np.asarray(squares.sum(axis=1)).ravel()
    if svc.kernel == "linear":
        return float(square.max())
    inner = svc._gamma * square + svc.coef0
    return float(np.max(inner**svc.degree if svc.kernel == "poly" else np.tanh(inner)))
