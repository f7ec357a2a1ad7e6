"""SMOTE: over-sampling by points on the segments between neighbours of a class."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from mlqa_fast._compat import Interval, StrOptions
from mlqa_fast._mlqa_fast_core import core as _memory
from mlqa_fast._mlqa_fast_core import over_sampling as _core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.over_sampling._assembly import check_size, labels_of, resample
from mlqa_fast.over_sampling._base import BaseOverSampler, Given
from mlqa_fast.over_sampling._carry import carried_along
from mlqa_fast.over_sampling._draws import NativeStream, Segments, Stream, draw, make_stream
from mlqa_fast.over_sampling._search import Indices, native_neighbors, nearest_rows
from mlqa_fast.over_sampling._strategy import rows_of_classes
from mlqa_fast.over_sampling._values import INTEGER_VALUES
from mlqa_fast.pairwise._knn import checked_rows

NOT_RESAMPLED = "This %(name)s instance has not resampled anything yet: call 'fit_resample' first."


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
    stream = make_stream(random_stream, random_state, 0, base, len(rows) * int(k_neighbors))
    new = _memory.empty([n_samples, rows.shape[1]], rows.dtype)
    if isinstance(stream, NativeStream) and n_samples >= len(rows):
        nearest = nearest_rows(rows, None, None, k_neighbors, jobs)
        segments = _core.draw_and_interpolate(
            rows, None, nearest, *stream, n_samples, new, 0, return_provenance, jobs
        )
    else:
        draws = draw(stream, base, len(rows), k_neighbors, n_samples)
        neighbor = native_neighbors(rows, None, k_neighbors, draws.base, draws.slot, jobs)
        segments = (draws.base, neighbor, draws.fraction)
        _core.interpolate(rows, *segments, new, n_jobs=jobs)
    return (new, *segments) if return_provenance else new


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
        Keep the ends and fractions of the segments, which :meth:`resample_like` needs.
    integer_values : {"truncate", "round", "float"}, default="truncate"
        What synthetic values of integer arrays, and of integer columns of tables, are: cut off
        towards zero as in imbalanced-learn, the nearest integer, or floats; with "float" the given
        values become floats as well. Booleans count as 0 and 1.

    Attributes
    ----------
    sampling_strategy_ : dict
        Number of rows added to each class, in the order of the synthetic rows.
    nn_k_ : object
        The neighbours object: a fitted clone of `k_neighbors` where that is an object, else a
        ``NearestNeighbors`` that says how many neighbours there are and is not fitted.
    n_features_in_ : int
        Number of features.
    n_samples_in_ : int
        Number of rows given to the last call of :meth:`fit_resample`.
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
        "integer_values": [StrOptions(set(INTEGER_VALUES))],
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
        integer_values: str = "truncate",
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state
        self.k_neighbors = k_neighbors
        self.n_jobs = n_jobs
        self.random_stream = random_stream
        self.base = base
        self.store_provenance = store_provenance
        self.integer_values = integer_values

    def _fit_resample(self, given: Given) -> tuple[Any, NDArray[Any]]:
        jobs = n_threads(self.n_jobs)
        y = given.target.y
        growing = {label: count for label, count in given.wanted.items() if count}
        rows = rows_of_classes(y, list(growing), [given.counts[label] for label in growing])
        if isinstance(self.k_neighbors, Integral):
            for of_class in rows:
                if len(of_class) <= int(self.k_neighbors):
                    given.confirm(False)  # what is wrong with the data comes first
                    check_enough(len(of_class), int(self.k_neighbors))
        counts = list(growing.values())
        check_size(given.X, sum(counts))
        new_X, segments = resample(self, given, rows, counts, jobs)
        self._keep_provenance(segments, len(y))
        return new_X, labels_of(y, growing)

    def _prepare(self) -> None:
        """The neighbours object, new for each call."""
        if isinstance(self.k_neighbors, Integral):
            self.nn_k_ = NearestNeighbors(n_neighbors=self.k_neighbors + 1)
        else:
            self.nn_k_ = clone(self.k_neighbors)

    def _stream(self, n_rows: int, ordinal: int) -> Stream:
        cells = n_rows * int(self.k_neighbors) if isinstance(self.k_neighbors, Integral) else 0
        return make_stream(self.random_stream, self.random_state, ordinal, self.base, cells)

    def _segments(
        self, X: Any, rows: Indices | None, stream: Stream, count: int, jobs: int
    ) -> Segments:
        """Segments of one class, whose rows of `X` are `rows` (None: all); ends are rows of `X`."""
        n_rows = X.shape[0] if rows is None else len(rows)
        if isinstance(self.k_neighbors, Integral):
            k = int(self.k_neighbors)
            base, slot, fraction = draw(stream, self.base, n_rows, k, count)
            neighbor = native_neighbors(X, rows, k, base, slot, jobs)
        else:
            of_class = X if rows is None else X[rows]
            found = self.nn_k_.fit(of_class).kneighbors(of_class, return_distance=False)[:, 1:]
            base, slot, fraction = draw(stream, self.base, n_rows, found.shape[1], count)
            neighbor = np.ascontiguousarray(found[base, slot], np.int64)
        return Segments(base, neighbor, fraction).within(rows)

    def _keep_provenance(self, segments: Segments | None, n_given: int) -> None:
        for name in Segments._fields:
            attribute = f"synthetic_{name}_"
            if segments is not None:
                setattr(self, attribute, getattr(segments, name))
            else:
                self.__dict__.pop(attribute, None)
        self.n_samples_in_ = n_given

    def resample_like(self, a: Any, how: str = "base") -> Any:
        """Carry something that there is for each row along: weights, groups, other columns.

        The values of the given rows are followed by those of the synthetic rows that the last call
        of :meth:`fit_resample` made. Needs ``store_provenance=True``.

        Parameters
        ----------
        a : {array-like, Series, dataframe, sparse matrix} of shape (n_samples, ...)
            What there is for each row that was given to :meth:`fit_resample`, in their order.
        how : {"base", "interpolate"}, default="base"
            A synthetic row has the value of the row from which it starts, or the value as far
            between those of both ends as the row itself is, for numbers only: floats, float32
            where `a` is.

        Returns
        -------
        {ndarray, Series, dataframe, sparse matrix, list} of shape (n_samples_new, ...)
            As `a`, with more rows; tables and series with a new index.

        Raises
        ------
        NotFittedError
            If :meth:`fit_resample` was not called.
        ValueError
            If the sampler did not store the provenance, `a` has another number of rows than was
            given, or `how` is neither of the two.
        TypeError
            If values that are no numbers are to be interpolated.

        Examples
        --------
        >>> import numpy as np
        >>> from mlqa_fast.over_sampling import SMOTE
        >>> X, y = np.arange(10.0)[:, None], np.array([0] * 3 + [1] * 7)
        >>> sampler = SMOTE(k_neighbors=1, random_state=0, store_provenance=True)
        >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
        >>> sampler.resample_like(np.array(["a", "b", "b"] + ["c"] * 7))[10:]
        array(['a', 'b', 'a', 'b'], dtype='<U1')
        >>> sampler.resample_like(10 * X[:, 0], how="interpolate")[10:].round(3)
        array([6.236, 6.156, 2.975, 9.433])
        """
        check_is_fitted(self, "n_samples_in_", msg=NOT_RESAMPLED)
        if not hasattr(self, "synthetic_base_"):
            raise ValueError(
                "resample_like needs to know where the synthetic rows come from: use "
                f"{type(self).__name__}(store_provenance=True) and call fit_resample again"
            )
        segments = Segments(
            self.synthetic_base_, self.synthetic_neighbor_, self.synthetic_fraction_
        )
        return carried_along(a, self.n_samples_in_, segments, how)
