"""Probabilities by calibration, for the deprecated ``probability=True``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV


def probability_available(svc: Any) -> bool:
    """AttributeError unless ``probability=True``."""
    if svc.probability == "deprecated" or not svc.probability:
        raise AttributeError("predict_proba is not available when probability=False")
    return True


def calibrate(svc: Any, X: Any, y: Any, sample_weight: ArrayLike | None) -> CalibratedClassifierCV:
    """``CalibratedClassifierCV(SVC(), ensemble=False)``, with fewer folds for small classes.

    A class with one sample cannot be left out: then the sigmoid is fitted on the training points.
    """
    plain = clone(svc).set_params(probability="deprecated", warm_start=False)
    smallest = int(np.unique(y, return_counts=True)[1].min())
    if smallest >= 2:
        return CalibratedClassifierCV(plain, cv=min(5, smallest), ensemble=False).fit(
            X, y, sample_weight
        )
    from sklearn.frozen import FrozenEstimator

    plain.fit(X, y, sample_weight)
    everything = np.arange(len(y))
    frozen = CalibratedClassifierCV(
        FrozenEstimator(plain), cv=[(everything, everything)], ensemble=False
    )
    return frozen.fit(X, y, sample_weight)
