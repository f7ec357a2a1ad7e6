"""What every over-sampler shares: validation, targets, containers."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import get_config
from sklearn.base import OneToOneFeatureMixin
from sklearn.preprocessing import label_binarize
from sklearn.utils import (
    InputTags,
    Tags,
    TargetTags,
    check_array,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context
from mlqa_fast._parameters import ParametersOnce
from mlqa_fast.over_sampling._containers import restorer
from mlqa_fast.over_sampling._strategy import (
    STRINGS,
    Counts,
    count_classes,
    is_plain,
    over_sampling_counts,
)
from mlqa_fast.over_sampling._tables import view_of

TARGETS = (
    "binary",
    "multiclass",
    "multiclass-multioutput",
    "multilabel-indicator",
    "multilabel-sequences",
)


@dataclass(slots=True)
class SamplerInputTags(InputTags):  # type: ignore[misc]
    """scikit-learn's tags of the input, and whether tables are taken."""

    dataframe: bool = True


@dataclass(slots=True)
class SamplerTags:
    """Whether the sampler keeps ``sample_indices_``."""

    sample_indices: bool = False


@dataclass(slots=True)
class EstimatorTags(Tags):  # type: ignore[misc]
    """scikit-learn's tags, and those of samplers."""

    sampler_tags: SamplerTags | None = None
    input_tags: SamplerInputTags = field(default_factory=SamplerInputTags)


@dataclass(frozen=True)
class Target:
    """A target as samplers use it."""

    y: NDArray[Any]
    is_one_vs_all: bool
    is_binary: bool | None  # None: as the number of classes says

    def binary(self, counts: Counts) -> bool:
        """Whether there are two classes."""
        return len(counts) <= 2 if self.is_binary is None else self.is_binary


@dataclass(frozen=True)
class Given:
    """The data of a call.

    `X` is an array, the columns of a table, or a sparse matrix. `confirm(is_finite)` raises what is
    wrong with it, and otherwise writes to the sampler what fitting writes; where `X` are columns it
    returns the first row as scikit-learn would have converted it.
    """

    X: Any
    target: Target
    wanted: Counts
    restore: Callable[[Any], Any]
    confirm: Callable[[bool], Any]
    counts: Counts

    def columns_are_finite(self) -> bool:
        """Whether every column is; a sum is cheaper than to look at each value."""
        with np.errstate(over="ignore", invalid="ignore"):
            return all(
                np.isfinite(column.sum()) or bool(np.isfinite(column).all())
                for column in self.X
                if column.dtype.kind == "f"
            )


def checked_target(y: Any) -> Target:
    """Labels in one dimension; one-vs-all indicators become the index of their column."""
    with np.errstate(invalid="ignore"):  # labels that are NaN or infinite are refused below
        kind = type_of_target(y, input_name="y")
    if kind not in TARGETS:
        raise ValueError(
            f"Unknown label type: {kind}. Maybe you are trying to fit a classifier, which expects "
            "discrete classes on a regression target with continuous values."
        )
    if kind != "multilabel-indicator":
        return Target(column_or_1d(y), False, kind == "binary")
    indicator = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if np.any(indicator.sum(axis=1) > 1):
        raise ValueError(
            "Only binary, multiclass and binarized encoded multiclass targets are supported. "
            "Multilabel and multioutput targets are not supported."
        )
    return Target(indicator.argmax(axis=1), True, False)


def _simple_target(y: Any) -> Target | None:
    """Labels that pass scikit-learn's checks, without them where there is nothing to check."""
    if isinstance(getattr(y, "dtype", None), np.dtype) and hasattr(y, "array") and y.ndim == 1:
        y = np.asarray(y)  # of a Series
    if is_plain(y):
        return Target(y, False, None)
    target = checked_target(y)
    try:
        labels = check_array(target.y, ensure_2d=False, dtype=None, input_name="y")
    except ValueError:
        return None
    return Target(labels, target.is_one_vs_all, target.is_binary)


class BaseOverSampler(OneToOneFeatureMixin, ParametersOnce, metaclass=ABCMeta):  # type: ignore[misc]
    """Base class of over-samplers, which also work in the pipeline of imbalanced-learn.

    Subclasses define ``_fit_resample(given)``, which calls ``given.confirm`` before it writes
    anything to the sampler.
    """

    _estimator_type = "sampler"
    _sampling_type = "over-sampling"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "sampling_strategy": [
            Interval(Real, 0, 1, closed="right"),
            StrOptions(set(STRINGS)),
            Mapping,
            callable,
        ],
        "random_state": ["random_state"],
    }

    sampling_strategy: Any
    sampling_strategy_: dict[Any, int]

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, **params: Any) -> BaseOverSampler:
        """Check the data and find the number of rows that each class is to gain.

        Use :meth:`fit_resample` to resample.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Not used.

        Returns
        -------
        object
            The sampler itself.
        """
        self._validated(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Resample the data.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Not used.

        Returns
        -------
        X_resampled : {ndarray, dataframe, sparse matrix, list} of shape (n_samples_new, n_features)
            The given rows, then the new ones, in the kind of container that `X` is.
        y_resampled : array-like of shape (n_samples_new,)
            Labels, in the kind of container that `y` is.

        Raises
        ------
        ValueError
            If the data is not as the parameters ask.
        """
        given = self._glance(X, y) or self._look(X, y)
        restore_y = restorer(y)
        new_rows, new_y = self._fit_resample(given)
        if given.target.is_one_vs_all:
            new_y = label_binarize(new_y, classes=np.unique(given.target.y))
        return given.restore(new_rows), restore_y(new_y)

    def _look(self, X: Any, y: Any) -> Given:
        """The data after all of scikit-learn's checks."""
        restore = restorer(X)
        rows, target, wanted, counts = self._validated(X, y)
        return Given(rows, target, wanted, restore, lambda is_finite: None, counts)

    def _glance(self, X: Any, y: Any) -> Given | None:
        """The data where little has to be checked, which is most of the call on few rows.

        None where anything is unusual: all checks then say what. Whether the values are finite is
        seen on the way, and nothing is written to the sampler until then.
        """
        view = view_of(X)
        target = None if view is None else _simple_target(y)
        if view is None or target is None or view.shape[0] != len(target.y):
            return None
        counts = count_classes(target.y)
        try:
            wanted = over_sampling_counts(
                self.sampling_strategy, target.y, counts, target.binary(counts)
            )
        except ValueError:
            return None

        def confirm(is_finite: bool) -> Any:
            whole = not is_finite and not get_config()["assume_finite"]
            if whole or view.head is not None:
                rows = X if whole else view.head
                head = validate_data(self, X=rows, reset=True, accept_sparse=["csr", "csc"])
            else:
                head = view.values
                self.__dict__.pop("feature_names_in_", None)
                self.n_features_in_ = view.shape[1]
            self.sampling_strategy_ = wanted
            return head

        return Given(view.values, target, wanted, view.restore, confirm, counts)

    def _validated(self, X: Any, y: Any) -> tuple[Any, Target, Counts, Counts]:
        if is_plain(y):
            rows = validate_data(self, X=X, reset=True, accept_sparse=["csr", "csc"])
            check_consistent_length(rows, y)
            counts = count_classes(y)
            target = Target(y, False, None)
        else:
            target = checked_target(y)
            rows, labels = validate_data(
                self, X=X, y=target.y, reset=True, accept_sparse=["csr", "csc"]
            )
            counts = count_classes(labels)
            target = Target(labels, target.is_one_vs_all, target.is_binary)
        self.sampling_strategy_ = over_sampling_counts(
            self.sampling_strategy, target.y, counts, target.binary(counts)
        )
        return rows, target, self.sampling_strategy_, counts

    @abstractmethod
    def _fit_resample(self, given: Given) -> tuple[Any, NDArray[Any]]:
        """Return the given rows and labels followed by the new ones."""

    def __sklearn_tags__(self) -> EstimatorTags:
        return EstimatorTags(
            estimator_type="sampler",
            target_tags=TargetTags(required=True),
            input_tags=SamplerInputTags(sparse=True),
            sampler_tags=SamplerTags(),
        )
