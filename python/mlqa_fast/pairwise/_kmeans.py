"""K-means: Lloyd's iteration with exact assignments."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state

from mlqa_fast._compat import Interval, StrOptions, validate_params
from mlqa_fast._mlqa_fast_core import pairwise as _core
from mlqa_fast._threadpool import n_threads
from mlqa_fast.pairwise._knn import Rows, checked_rows

Weights = NDArray[np.float64] | None
Start = tuple[Any, NDArray[np.int32] | None]  # of the type of the rows


def checked_weights(sample_weight: ArrayLike | None, n_samples: int) -> Weights:
    """One finite weight a row, none negative, not all zero."""
    if sample_weight is None:
        return None
    weight: NDArray[np.float64] = check_array(
        sample_weight, dtype=np.float64, order="C", ensure_2d=False, input_name="sample_weight"
    )
    if weight.ndim == 0:
        weight = np.full(n_samples, float(weight))
    if weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}!")
    if (weight < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def checked_centers(centers: Any, X: Rows, n_clusters: int) -> Rows:
    """Initial centres of the right shape, in the type of the rows."""
    given: Rows = check_array(centers, dtype=X.dtype, order="C", input_name="init")
    for axis, expected, what in (
        (0, n_clusters, f"number of clusters {n_clusters}"),
        (1, X.shape[1], f"number of features of the data {X.shape[1]}"),
    ):
        if given.shape[axis] != expected:
            raise ValueError(
                f"The shape of the initial centers {given.shape} does not match the {what}."
            )
    return given


def probabilities(weight: Weights, n_samples: int) -> NDArray[np.float64]:
    """Weights that add up to 1."""
    share = np.ones(n_samples) if weight is None else weight
    normalised: NDArray[np.float64] = share / share.sum()
    return normalised


def seeded(
    X: Any, n_clusters: int, weight: Weights, random_state: np.random.RandomState, jobs: int
) -> Start:
    """The k-means++ seeds; all draws are made first, in scikit-learn's order."""
    n_samples = len(X)
    first = random_state.choice(n_samples, p=probabilities(weight, n_samples))
    trials = 2 + int(np.log(n_clusters))
    draws = random_state.uniform(size=(n_clusters - 1, trials))
    seeds, guess = _core.kmeans_seeds(X, weight, int(first), draws, jobs)
    return X[seeds], guess


def starts(
    X: Rows,
    n_clusters: int,
    weight: Weights,
    init: Any,
    random_state: np.random.RandomState,
    jobs: int,
) -> Iterator[Start]:
    """Centres to start from, and labels near to theirs, again and again."""
    while True:
        if isinstance(init, str) and init == "k-means++":
            yield seeded(X, n_clusters, weight, random_state, jobs)
        elif isinstance(init, str):
            p = probabilities(weight, len(X))
            yield X[random_state.choice(len(X), size=n_clusters, replace=False, p=p)], None
        elif callable(init):
            centers = init(X, n_clusters, random_state=random_state)
            yield checked_centers(centers, X, n_clusters), None
        else:
            yield init, None


def same_clustering(
    label: NDArray[np.int32], other: NDArray[np.int32], n_clusters: int
) -> np.bool_ | bool:
    """Whether rows of one cluster are always of one cluster in the other labelling as well."""
    partner = np.full(n_clusters, -1, np.int32)
    partner[label] = other
    return bool((partner[label] == other).all())


def number_of_runs(n_init: int | str, init: Any) -> int:
    """What 'auto' stands for; several runs from the same centres would be in vain."""
    given = not isinstance(init, str) and not callable(init)
    if n_init == "auto":
        return 1 if given or (isinstance(init, str) and init == "k-means++") else 10
    if given and n_init != 1:
        warnings.warn(
            "Explicit initial center position passed: performing only one init in kmeans "
            f"instead of n_init={n_init}.",
            RuntimeWarning,
            stacklevel=4,
        )
        return 1
    return int(n_init)


@validate_params(  # type: ignore[untyped-decorator]
    {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random"}), callable, "array-like"],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def kmeans(
    X: ArrayLike,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    init: str | ArrayLike | Callable[..., Any] = "k-means++",
    n_init: int | str = "auto",
    max_iter: int = 300,
    tol: float = 1e-4,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> tuple[Rows, NDArray[np.int32], float, int]:
    """K-means clustering by Lloyd's iteration, with exact assignments.

    Each row goes to the nearest centre under the squared distance that
    :func:`mlqa_fast.pairwise.knn` defines to the last bit, of equally near ones to the lowest; each
    centre becomes the weighted mean of its rows. Both are repeated until no label changes, or until
    the squared moves of the centres add up to at most `tol` times the mean variance of the
    features. Labels are those of the centres returned. A row is compared only with those centres
    that bounds by the triangle inequality leave in question.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows to cluster; float32 stays float32, everything else becomes float64.
    n_clusters : int
        Number of clusters.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row, not negative; None: all 1. Seeds are drawn with it as well.
    init : {'k-means++', 'random'}, callable or array-like, default='k-means++'
        Where to start: at rows drawn with probabilities that grow with the squared distance to
        those drawn before (the best of ``2 + int(log(n_clusters))`` trials each), at any rows, at
        what ``init(X, n_clusters, random_state=random_state)`` returns, or at the centres given, an
        array of shape (n_clusters, n_features).
    n_init : int or 'auto', default='auto'
        Number of runs, of which the one with the lowest inertia counts. 'auto' is 10 for 'random'
        and callables, else 1.
    max_iter : int, default=300
        Most iterations of a run.
    tol : float, default=1e-4
        Moves of the centres to stop at, relative to the mean variance of the features.
    random_state : int, RandomState instance or None, default=None
        Draws the initial centres, in the order of :func:`sklearn.cluster.k_means`: the same seeds
        come out, apart from rounding.
    n_jobs : int, default=None
        Number of threads; None: what the pool allows, -1: all. The result is the same, to the last
        bit, for any number.

    Returns
    -------
    centroid : ndarray of shape (n_clusters, n_features), float32 or float64
        Centres.
    label : ndarray of shape (n_samples,), int32
        The nearest centre of each row.
    inertia : float
        Sum of the weighted squared distances of the rows to their centres, in float64.
    n_iter : int
        Number of iterations of the run that counts.

    Raises
    ------
    ValueError
        If `X`, `sample_weight` or the initial centres hold NaN or infinity or have the wrong shape,
        there are fewer rows than clusters, or weights are negative or all zero.
    InvalidParameterError
        If another argument is of the wrong type or out of its range (a ValueError and a TypeError).

    Warns
    -----
    ConvergenceWarning
        If fewer than `n_clusters` clusters have rows, as with fewer distinct rows than clusters.
    RuntimeWarning
        If `n_init` is above 1 and `init` is an array.

    See Also
    --------
    mlqa_fast.pairwise.knn : Exact nearest neighbours.

    Notes
    -----
    A cluster that loses all of its rows takes over the row farthest from its centre, as in
    scikit-learn; of several such clusters the lowest takes the farthest. No warning is given where
    `max_iter` comes first: `n_iter` equals it.

    References
    ----------
    .. [1] S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information
       Theory 28, 1982.
    .. [2] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA
       2007.
    .. [3] Y. Ding, Y. Zhao, X. Shen, M. Musuvathi and T. Mytkowicz, "Yinyang k-means: a drop-in
       replacement of the classic k-means with consistent speedup", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from mlqa_fast.pairwise import kmeans
    >>> X = np.array([[1.0, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> centroid, label, inertia, n_iter = kmeans(X, 2, random_state=0)
    >>> centroid
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> label
    array([1, 1, 1, 0, 0, 0], dtype=int32)
    >>> inertia
    16.0
    """
    rows: Any = checked_rows(X, "X")
    if len(rows) < n_clusters:
        raise ValueError(f"n_samples={len(rows)} should be >= n_clusters={n_clusters}.")
    weight = checked_weights(sample_weight, len(rows))
    jobs = n_threads(n_jobs)
    if not isinstance(init, str) and not callable(init):
        init = checked_centers(init, rows, n_clusters)
    runs = number_of_runs(n_init, init)
    generator = check_random_state(random_state)
    start = starts(rows, n_clusters, weight, init, generator, jobs)
    best: tuple[Rows, NDArray[np.int32], float, int] | None = None
    for centers, guess in (next(start) for _ in range(runs)):
        run = _core.kmeans_lloyd(rows, weight, centers, guess, float(tol), int(max_iter), jobs)
        if best is None or (run[2] < best[2] and not same_clustering(run[1], best[1], n_clusters)):
            best = run
    assert best is not None
    distinct = len(np.unique(best[1])) if n_clusters > 1 else 1
    if distinct < n_clusters:
        warnings.warn(
            f"Number of distinct clusters ({distinct}) found smaller than n_clusters "
            f"({n_clusters}). Possibly due to duplicate points in X.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return best
