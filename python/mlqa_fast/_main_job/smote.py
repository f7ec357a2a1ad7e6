"""SMOTE: one digit against the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from mlqa_fast import reference
from mlqa_fast._main_job.certificates import rows_off_segments
from mlqa_fast._main_job.job import Certificate, Job, peer
from mlqa_fast.over_sampling import SMOTE


def jobs() -> list[Job]:
    """Over-sample the digit 8 until there are as many of it as of the rest."""
    X, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(int)
    n, k = len(X), 5

    def equal_rows(ours: Any, theirs: Any) -> str:
        same = np.isclose(ours[0][n:], theirs[0][n:], rtol=1e-12, atol=1e-12).all(axis=1)
        return f"{100 * same.mean():.4g} % of rows equal"

    peers = {}
    if (imblearn := peer("imblearn.over_sampling")) is not None:
        peers["imbalanced-learn"] = lambda: imblearn.SMOTE(random_state=0).fit_resample(X, y)
    return [
        Job(
            name="SMOTE",
            data=f"digits, 8 against the rest, {n} x {X.shape[1]}",
            ours=lambda: SMOTE(random_state=0).fit_resample(X, y),
            peers=peers,
            certificate=Certificate(
                "rows off true segments",
                lambda _, answer: rows_off_segments(X[y == 1], answer[0][n:], k),
            ),
            agreement=equal_rows,
            reference=lambda: reference.over_sampling.smote(
                X[y == 1], int(np.sum(y == 0) - np.sum(y == 1)), random_state=0
            ),
        )
    ]
