"""What every over-sampler shares: validation, targets, containers."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.preprocessing import label_binarize
from sklearn.utils import (
    InputTags,
    Tags,
    TargetTags,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import validate_data

from mlqa_fast._compat import Interval, StrOptions, _fit_context
from mlqa_fast.over_sampling._containers import restorer
from mlqa_fast.over_sampling._strategy import STRINGS, count_classes, over_sampling_counts

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
    is_binary: bool


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


class BaseOverSampler(OneToOneFeatureMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]
    """Base class of over-samplers, which also work in the pipeline of imbalanced-learn.

    Subclasses define ``_fit_resample(X, y)`` on a validated array or sparse matrix and labels.
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
        restore_X, restore_y = restorer(X), restorer(y)
        rows, target = self._validated(X, y)
        new_rows, new_y = self._fit_resample(rows, target.y)
        if target.is_one_vs_all:
            new_y = label_binarize(new_y, classes=np.unique(target.y))
        return restore_X(new_rows), restore_y(new_y)

    def _validated(self, X: Any, y: Any) -> tuple[Any, Target]:
        if type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iub":
            # Labels that need no further look, which is most of the call where there are few rows.
            rows = validate_data(self, X=X, reset=True, accept_sparse=["csr", "csc"])
            check_consistent_length(rows, y)
            counts = count_classes(y)
            target = Target(y, False, len(counts) <= 2)
        else:
            target = checked_target(y)
            rows, labels = validate_data(
                self, X=X, y=target.y, reset=True, accept_sparse=["csr", "csc"]
            )
            counts = count_classes(labels)
            target = Target(labels, target.is_one_vs_all, target.is_binary)
        self.sampling_strategy_ = over_sampling_counts(
            self.sampling_strategy, target.y, counts, target.is_binary
        )
        return rows, target

    @abstractmethod
    def _fit_resample(self, X: Any, y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
        """Return the given rows and labels followed by the new ones."""

    def __sklearn_tags__(self) -> EstimatorTags:
        return EstimatorTags(
            estimator_type="sampler",
            target_tags=TargetTags(required=True),
            input_tags=SamplerInputTags(sparse=True),
            sampler_tags=SamplerTags(),
        )
