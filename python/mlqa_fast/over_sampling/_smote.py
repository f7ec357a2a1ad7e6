"""SMOTE: over-sampling by points on the segments between neighbours of a class."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import HasMethods

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast._mlqa_fast_core import core as _memory
from mlqa_fast._mlqa_fast_core import over_sampling as _core
from mlqa_fast._mlqa_fast_core import pairwise as _pairwise
from mlqa_fast._threadpool import n_threads
from mlqa_fast.over_sampling._base import BaseOverSampler
from mlqa_fast.over_sampling._draws import draw, make_stream
from mlqa_fast.pairwise._knn import checked_rows

Indices = NDArray[np.int64]

# Sparse rows with at least this share of entries are spread out for the search: products of dense
# rows are faster then, and take at most so many times the room of the entries.
LEAST_DENSITY = 1 / 8


class Segments(NamedTuple):
    """Rows at both ends of each segment, and how far the new row is from the first."""

    base: Indices
    neighbor: Indices
    fraction: NDArray[np.float64]


def check_enough(n_rows: int, n_neighbors: int) -> None:
    """Refuse a class that has no more rows than neighbours are wanted."""
    if n_neighbors >= n_rows:
        raise ValueError(
            f"Expected n_neighbors <= n_samples_fit, but n_neighbors = {n_neighbors + 1}, "
            f"n_samples_fit = {n_rows}, n_samples = {n_rows}"
        )


def smote(
    X: ArrayLike,
    n_samples: int,
    *,
    k_neighbors: int = 5,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    random_stream: str | None = None,
    base: str = "random",
    return_provenance: bool = False,
) -> Any:
    r"""Synthetic rows of one class.

    Each new row is :math:`x_i + \lambda (x_j - x_i)`, where :math:`x_j` is one of the exact nearest
    neighbours of :math:`x_i` and :math:`\lambda` is uniform in [0, 1).

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Rows of the class; float32 stays float32, everything else becomes float64.
    n_samples : int
        Number of new rows.
    k_neighbors : int, default=5
        Number of neighbours of a row.
    random_state : int, RandomState instance or None, default=None
        Source of the draws.
    n_jobs : int, default=None
        Number of threads; None: what the pool allows, -1: all. The result is the same for any
        number.
    random_stream : {"numpy", "philox"}, default=None
        "numpy" (None stands for it): draws from a ``RandomState`` in imbalanced-learn's order.
        "philox": counter-based, a draw depends on the seed and its number alone.
    base : {"random", "each"}, default="random"
        Draw the row and its neighbour of each new row at random, or take each row of `X` equally
        often, with its neighbours without replacement.
    return_provenance : bool, default=False
        Return the ends and fractions of the segments as well.

    Returns
    -------
    X_new : ndarray of shape (n_samples, n_features)
        The new rows.
    base_index : ndarray of shape (n_samples,), int64
        With `return_provenance`: row of `X` from which each new row starts.
    neighbor_index : ndarray of shape (n_samples,), int64
        With `return_provenance`: row of `X` towards which it lies.
    fraction : ndarray of shape (n_samples,), float64
        With `return_provenance`: :math:`\lambda`.

    Raises
    ------
    ValueError
        If `X` has no more than `k_neighbors` rows, holds NaN or infinity, or an argument is not
        one of those listed.

    See Also
    --------
    SMOTE : The sampler for whole data sets with several classes.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: Synthetic Minority
       Over-sampling Technique", Journal of Artificial Intelligence Research 16, 321-357, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.over_sampling import smote
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> smote(X, 2, k_neighbors=1, random_state=0)
    array([[0.84426575, 0.84426575],
           [0.14205438, 0.14205438]])
    """
    rows = checked_rows(X, "X")
    for name, value, least in (("n_samples", n_samples, 0), ("k_neighbors", k_neighbors, 1)):
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if random_stream not in (None, "numpy", "philox"):
        raise ValueError(f"random_stream must be None, 'numpy' or 'philox', got {random_stream!r}")
    if base not in ("random", "each"):
        raise ValueError(f"base must be 'random' or 'each', got {base!r}")
    check_enough(len(rows), k_neighbors)
    jobs = n_threads(n_jobs)
    draws = draw(
        make_stream(random_stream, random_state, 0), base, len(rows), k_neighbors, n_samples
    )
    neighbor = native_neighbors(rows, None, k_neighbors, draws.base, draws.slot, jobs)
    new = _memory.empty([n_samples, rows.shape[1]], rows.dtype)
    _core.interpolate(rows, draws.base, neighbor, draws.fraction, new, n_jobs=jobs)
    return (new, draws.base, neighbor, draws.fraction) if return_provenance else new


def native_neighbors(
    X: Any, rows: Indices | None, k: int, base: Indices, slot: Indices, jobs: int
) -> Indices:
    """The neighbour in place `slot` of each base row, both counted within `rows` of `X`.

    Only rows that were drawn are looked up where that is less work.
    """
    n_rows = X.shape[0] if rows is None else len(rows)
    if len(base) >= n_rows:
        return np.asarray(_nearest(X, rows, None, k, jobs)[base, slot])
    drawn, place = np.unique(base, return_inverse=True)
    return np.asarray(_nearest(X, rows, drawn, k, jobs)[place, slot])


def _nearest(X: Any, rows: Indices | None, queries: Indices | None, k: int, jobs: int) -> Indices:
    """The nearest rows of the queries; sparse rows are spread out where that takes little room."""
    if not sparse.issparse(X):
        return _pairwise.knn_within(X, k, rows, queries, n_jobs=jobs)[1]
    of_class = X[rows]
    if of_class.nnz >= LEAST_DENSITY * of_class.shape[0] * of_class.shape[1]:
        return _pairwise.knn_within(of_class.toarray(), k, None, queries, n_jobs=jobs)[1]
    if queries is None:
        queries = np.arange(of_class.shape[0])
    parts = (of_class.data, of_class.indices, of_class.indptr)
    return _pairwise.knn_sparse(*parts, of_class.shape[1], queries, k, n_jobs=jobs)


class SMOTE(BaseOverSampler):
    """Over-sampling by synthetic rows between minority rows and their nearest neighbours.

    With the same `random_state` the result is that of imbalanced-learn's ``SMOTE`` up to rounding,
    wherever neighbours are unique. It differs where rows have duplicates: a row leaves out itself
    by its index, whatever the order in which equally near rows come, so that its duplicates are
    its neighbours and itself never is. Neighbours are exact (:func:`mlqa_fast.pairwise.knn`), and
    the result is the same for any number of threads.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows classes are to have.

        - float: desired ratio of the minority class to the majority class, for binary targets;
        - str: the classes that are brought to the size of the largest: ``"minority"``,
          ``"not minority"``, ``"not majority"``, ``"all"``, or ``"auto"``, which is
          ``"not majority"``;
        - dict: desired number of rows of each class;
        - callable: from `y` to such a dict.
    random_state : int, RandomState instance or None, default=None
        Source of the draws.
    k_neighbors : int or object, default=5
        Number of neighbours, or an object with ``fit``, ``kneighbors`` and ``kneighbors_graph``
        that finds them, whose first neighbour of a row is taken to be the row itself.
    n_jobs : int, default=None
        Number of threads; None: what the pool allows, -1: all.
    random_stream : {"numpy", "philox"}, default=None
        "numpy" (None stands for it): draws from a ``RandomState`` in imbalanced-learn's order.
        "philox": counter-based, a draw depends on the seed, the class and its number alone.
    base : {"random", "each"}, default="random"
        Draw the row and its neighbour of each synthetic row at random, or take each row of the
        class equally often, with its neighbours without replacement.
    store_provenance : bool, default=False
        Keep the ends and fractions of the segments.

    Attributes
    ----------
    sampling_strategy_ : dict
        Number of rows added to each class, in the order of the synthetic rows.
    nn_k_ : object
        The neighbours object: a fitted clone of `k_neighbors` where that is an object, else a
        ``NearestNeighbors`` that says how many neighbours there are and is not fitted.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where `X` has names that are all strings.
    synthetic_base_ : ndarray of shape (n_synthetic,), int64
        With `store_provenance`: row of `X` from which each synthetic row starts.
    synthetic_neighbor_ : ndarray of shape (n_synthetic,), int64
        With `store_provenance`: row of `X` towards which it lies.
    synthetic_fraction_ : ndarray of shape (n_synthetic,), float64
        With `store_provenance`: how far, from 0 to 1.

    See Also
    --------
    smote : The function behind it, for one class.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: Synthetic Minority
       Over-sampling Technique", Journal of Artificial Intelligence Research 16, 321-357, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from mlqa_fast.over_sampling import SMOTE
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> np.bincount(y)
    array([212, 357])
    >>> X_resampled, y_resampled = SMOTE(random_state=0).fit_resample(X, y)
    >>> np.bincount(y_resampled)
    array([357, 357])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseOverSampler._parameter_constraints,
        "k_neighbors": [
            Interval(Integral, 1, None, closed="left"),
            HasMethods(["kneighbors", "kneighbors_graph"]),
        ],
        "n_jobs": [Integral, None],
        "random_stream": [StrOptions({"numpy", "philox"}), None],
        "base": [StrOptions({"random", "each"})],
        "store_provenance": ["boolean"],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        k_neighbors: Any = 5,
        n_jobs: int | None = None,
        random_stream: str | None = None,
        base: str = "random",
        store_provenance: bool = False,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state
        self.k_neighbors = k_neighbors
        self.n_jobs = n_jobs
        self.random_stream = random_stream
        self.base = base
        self.store_provenance = store_provenance

    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        jobs = n_threads(self.n_jobs)
        if isinstance(self.k_neighbors, Integral):
            self.nn_k_ = NearestNeighbors(n_neighbors=self.k_neighbors + 1)
        else:
            self.nn_k_ = clone(self.k_neighbors)
        growing = {label: count for label, count in self.sampling_strategy_.items() if count}
        rows = [np.flatnonzero(y == label) for label in growing]
        if isinstance(self.k_neighbors, Integral):
            for of_class in rows:
                check_enough(len(of_class), int(self.k_neighbors))
        resample = _resample_sparse if sparse.issparse(X) else _resample_dense
        new_X, segments = resample(self, X, rows, list(growing.values()), jobs)
        labels = [np.full(count, label, dtype=y.dtype) for label, count in growing.items()]
        self._keep_provenance(segments)
        return new_X, np.concatenate([y, *labels])

    def _segments(self, X: Any, rows: Indices, count: int, ordinal: int, jobs: int) -> Segments:
        """Segments of one class, whose rows of `X` are `rows`; ends are rows of `X`."""
        stream = make_stream(self.random_stream, self.random_state, ordinal)
        if isinstance(self.k_neighbors, Integral):
            k = int(self.k_neighbors)
            base, slot, fraction = draw(stream, self.base, len(rows), k, count)
            neighbor = native_neighbors(X, rows, k, base, slot, jobs)
        else:
            of_class = X[rows]
            found = self.nn_k_.fit(of_class).kneighbors(of_class, return_distance=False)[:, 1:]
            base, slot, fraction = draw(stream, self.base, len(rows), found.shape[1], count)
            neighbor = found[base, slot]
        return Segments(rows[base], rows[neighbor], fraction)

    def _all_segments(self, X: Any, rows: list[Indices], counts: list[int], jobs: int) -> Segments:
        parts = [
            self._segments(X, of_class, count, ordinal, jobs)
            for ordinal, (of_class, count) in enumerate(zip(rows, counts, strict=True))
        ]
        if len(parts) == 1:
            return parts[0]
        none = Segments(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return Segments(*(np.concatenate(ends) for ends in zip(none, *parts, strict=True)))

    def _keep_provenance(self, segments: Segments) -> None:
        for name, values in segments._asdict().items():
            attribute = f"synthetic_{name}_"
            if self.store_provenance:
                setattr(self, attribute, values)
            elif hasattr(self, attribute):
                delattr(self, attribute)


def _resample_dense(
    sampler: SMOTE, X: NDArray[Any], rows: list[Indices], counts: list[int], jobs: int
) -> tuple[NDArray[Any], Segments]:
    total = sum(counts)
    if X.dtype in (np.float32, np.float64):
        out = _core.copy_rows(X, total, n_jobs=jobs)
        segments = sampler._all_segments(out[: len(X)], rows, counts, jobs)
        _core.interpolate(out, *segments, out, len(X), n_jobs=jobs)
        return out, segments
    # Other types: points in float64, then truncated; the given rows stay exactly what they are.
    floating = np.ascontiguousarray(X, np.float64)
    segments = sampler._all_segments(floating, rows, counts, jobs)
    points = _memory.empty([total, X.shape[1]], np.dtype(np.float64))
    _core.interpolate(floating, *segments, points, n_jobs=jobs)
    return np.concatenate([X, points.astype(X.dtype)]), segments


def _resample_sparse(
    sampler: SMOTE, X: Any, rows: list[Indices], counts: list[int], jobs: int
) -> tuple[Any, Segments]:
    # A matrix of its own: asking X whether it is in canonical order would leave a mark on it.
    own = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    own.check_format(full_check=True)
    csr = own.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    values = csr.data
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    floating = type(csr)((values, csr.indices, csr.indptr), shape=csr.shape)
    segments = sampler._all_segments(floating, rows, counts, jobs)
    parts = _core.sparse_resample(
        values, csr.indices, csr.indptr, csr.shape[1], *segments, n_jobs=jobs
    )
    shape = (csr.shape[0] + len(segments.base), csr.shape[1])
    data, indices, indptr = parts
    if data.dtype != X.dtype:
        data = data.astype(X.dtype)
    new = type(csr)((data, indices, indptr), shape=shape)
    return new.asformat(X.format), segments
