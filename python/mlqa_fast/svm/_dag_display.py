"""A picture of the directed acyclic graph of machines."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._dag_order import checked_order, pair_margins
from mlqa_fast.svm._predict import native_of
from mlqa_fast.svm._problem import points

# Classes up to which nodes and edges can be told apart.
GRAPH_CLASSES = 12

# Classes up to which their names fit to the sides of a map.
NAMED_CLASSES = 40

# Decision values that are computed at a time.
BLOCK = 1 << 22


class DAGDisplay:
    """The graph of `dag_predict`: classes, margins, and the share of the samples on each edge.

    Made by `from_estimator`; `plot` draws it again. For up to 12 classes a graph: a node is the
    machine of the first and the last class on the list that is left, with its margin; the way down
    to the left strikes off the last class, that to the right the first. For more classes a map:
    the share of the samples that ask the machine of each two places on the list, or, without
    samples, the margins.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        Names of the classes.
    order : array-like of int of shape (n_classes,), default=None
        The list that samples start with; None for the classes by number.
    margins : array-like of shape (n_classes, n_classes), default=None
        Margins of the machines, as `pair_margins` gives them.
    passed : array-like of shape (n_classes, n_classes), default=None
        ``passed[i, j]`` for places i <= j on the list is the share of the samples whose list came
        to be that from i to j; ``passed[i, i]`` of those that end at the class at i.
    struck_last : array-like of shape (n_classes, n_classes), default=None
        The part of ``passed[i, j]`` for which the class at j was struck off.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn last.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    dag_order : Orders of the classes.

    Examples
    --------
    >>> from mlqa_fast.svm import DAGDisplay
    >>> display = DAGDisplay(["a", "b", "c"], order=[0, 2, 1])
    >>> display.order.tolist()
    [0, 2, 1]

    From a fitted estimator, where matplotlib is installed::

        DAGDisplay.from_estimator(SVC().fit(X, y), X)
    """

    ax_: Any
    figure_: Any

    def __init__(
        self,
        classes: Any,
        *,
        order: Any = None,
        margins: Any = None,
        passed: Any = None,
        struck_last: Any = None,
    ) -> None:
        self.classes = np.asarray(classes)
        k = len(self.classes)
        self.order = checked_order(np.arange(k) if order is None else order, k)
        self.margins = _matrix(margins, "margins", k)
        self.passed = _matrix(passed, "passed", k)
        self.struck_last = _matrix(struck_last, "struck_last", k)
        if (passed is None) != (struck_last is None):
            raise ValueError("passed and struck_last are given together, or neither")

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any = None, *, order: Any = None, ax: Any = None
    ) -> Self:
        """Draw the graph of a fitted classifier.

        Parameters
        ----------
        estimator : SVC or NuSVC
            A fitted classifier over one-vs-one machines.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Samples to send through the graph.
        order : array-like of int of shape (n_classes,), default=None
            The list that samples start with; None for that of the estimator.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        DAGDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator has no one-vs-one machines.
        ValueError
            If `order` is no permutation or X cannot be predicted.
        ImportError
            If matplotlib is not installed.
        """
        if not hasattr(estimator, "_points") or not hasattr(estimator, "multi_class"):
            raise TypeError(
                f"estimator must be a classifier over one-vs-one machines,"
                f" got {type(estimator).__name__}"
            )
        check_is_fitted(estimator)
        if getattr(estimator, "_method", "pairs") != "pairs":
            raise TypeError(
                "estimator must have one-vs-one machines,"
                f" got multi_class={estimator.multi_class!r}"
            )
        k = len(estimator.classes_)
        if order is None:
            order = getattr(estimator, "dag_order_", np.arange(k))
        order = checked_order(order, k)
        passed, struck_last = None, None
        if X is not None:
            passed, struck_last = _shares(estimator, X, order)
        display = cls(
            estimator.classes_,
            order=order,
            margins=_margins(estimator),
            passed=passed,
            struck_last=struck_last,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None, *, kind: str = "auto", cmap: Any = "viridis") -> Self:
        """Draw the graph.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        kind : {'auto', 'graph', 'map'}, default='auto'
            'auto' for the graph of up to 12 classes, and a map of more.
        cmap : str or matplotlib Colormap, default='viridis'
            Colours of the map.

        Returns
        -------
        self : DAGDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is nothing that the map could show.
        """
        if kind not in ("auto", "graph", "map"):
            raise ValueError(f"kind must be 'auto', 'graph' or 'map', got {kind!r}")
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError(
                "DAGDisplay.plot needs matplotlib: pip install 'mlqa-fast[plot]'"
            ) from error
        small = len(self.classes) <= GRAPH_CLASSES
        graph = kind == "graph" or (kind == "auto" and small)
        if not graph and self.passed is None and self.margins is None:
            raise ValueError("a map shows samples or margins: there are none")
        if ax is None:
            k = len(self.classes) if graph else 0
            size = max(6.4, 1.1 * k), max(4.8, 0.75 * k)
            ax = pyplot.subplots(figsize=size, layout="constrained")[1]
        self.ax_ = ax
        self.figure_ = self.ax_.figure
        if graph:
            self._plot_graph()
        else:
            self._plot_map(cmap)
        return self

    def _plot_graph(self) -> None:
        k = len(self.classes)
        for length in range(k - 1, -1, -1):
            for i in range(k - length):
                j = i + length
                x, y = i + j, length
                if length > 0:
                    self._plot_edge(i, j, (x - 1, y - 1), last=True)
                    self._plot_edge(i, j, (x + 1, y - 1), last=False)
                self.ax_.text(
                    x,
                    y,
                    self._text(i, j),
                    ha="center",
                    va="center",
                    zorder=3,
                    fontsize="small",
                    bbox={"boxstyle": "round", "facecolor": "white", "edgecolor": "0.4"},
                )
        self.ax_.set(xlim=(-1, 2 * k - 1), ylim=(-0.5, k - 0.5))
        self.ax_.set_axis_off()

    def _text(self, i: int, j: int) -> str:
        a, b = self.order[i], self.order[j]
        if i == j:
            text = f"{self.classes[a]}"
            return text if self.passed is None else f"{text}\n{self.passed[i, i]:.1%}"
        text = f"{self.classes[a]} | {self.classes[b]}"
        return text if self.margins is None else f"{text}\n{self.margins[a, b]:.3g}"

    def _plot_edge(self, i: int, j: int, end: tuple[int, int], *, last: bool) -> None:
        start, width, share = (i + j, j - i), 1.0, None
        if self.passed is not None and self.struck_last is not None:
            share = float(self.struck_last[i, j])
            share = share if last else float(self.passed[i, j]) - share
            width = 0.3 + 5 * share
        xs, ys = zip(start, end, strict=True)
        self.ax_.plot(xs, ys, color="0.3" if share is None or share > 0 else "0.85", lw=width)
        if share is not None and share > 0:
            self.ax_.annotate(
                f"{share:.0%}" if share >= 0.005 else "<1%",
                (sum(xs) / 2, sum(ys) / 2),
                ha="center",
                va="center",
                fontsize="x-small",
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"},
            )

    def _plot_map(self, cmap: Any) -> None:
        k = len(self.classes)
        values = self.passed
        label = "share of the samples that ask the machine"
        if values is None and self.margins is not None:
            values, label = self.margins[np.ix_(self.order, self.order)], "margin"
        shown = np.where(np.tri(k, dtype=bool), np.nan, np.asarray(values))
        image = self.ax_.imshow(shown, cmap=cmap, interpolation="nearest")
        self.figure_.colorbar(image, ax=self.ax_, label=label)
        self.ax_.set(xlabel="last class on the list", ylabel="first class on the list")
        if k <= NAMED_CLASSES:
            names = [str(c) for c in self.classes[self.order]]
            self.ax_.set_xticks(np.arange(k), names, rotation=90, fontsize="x-small")
            self.ax_.set_yticks(np.arange(k), names, fontsize="x-small")


def _matrix(values: Any, name: str, n_classes: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (n_classes, n_classes):
        raise ValueError(f"{name} must have shape {(n_classes, n_classes)}, got {values.shape}")
    return np.asarray(values)


def _margins(estimator: Any) -> NDArray[np.float64] | None:
    """Margins of the machines; None where kernel values of support vectors are not known."""
    if callable(estimator.kernel) or estimator.kernel == "precomputed":
        return None
    margins: NDArray[np.float64] = pair_margins(
        estimator.support_vectors_,
        estimator._dual_coef_,
        estimator._n_support,
        kernel=estimator.kernel,
        degree=estimator.degree,
        gamma=estimator._gamma,
        coef0=estimator.coef0,
    )
    return margins


def _shares(
    estimator: Any, X: Any, order: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the samples that come to each list, and of those that strike off its last class."""
    X = estimator._validate_for_predict(X)
    native, k, n = native_of(estimator), len(order), X.shape[0]
    number = np.zeros((k, k), dtype=np.intp)
    number[np.triu_indices(k, 1)] = np.arange(k * (k - 1) // 2)
    passed, struck_last = np.zeros((k, k)), np.zeros((k, k))
    step = max(1, BLOCK // (k * (k - 1) // 2))
    for block in range(0, n, step):
        decision = native.decisions(points(X[block : block + step]), n_threads(estimator.n_jobs))
        first, last = (np.full(len(decision), place) for place in (0, k - 1))
        for _ in range(k - 1):
            np.add.at(passed, (first, last), 1.0 / n)
            a, b = order[first], order[last]
            value = decision[np.arange(len(decision)), number[np.minimum(a, b), np.maximum(a, b)]]
            strikes_last = (value > 0) == (a < b)
            np.add.at(struck_last, (first[strikes_last], last[strikes_last]), 1.0 / n)
            first, last = first + ~strikes_last, last - strikes_last
        np.add.at(passed, (first, last), 1.0 / n)
    return passed, struck_last
