"""The LASSO path on correlated monomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mlqa_fast import reference
from mlqa_fast._main_job.certificates import lasso_gap
from mlqa_fast._main_job.job import Certificate, Job, peer
from mlqa_fast.linear_model import lasso_path


def jobs() -> list[Job]:
    """100 alphas down to a thousandth of the first, on monomials of degree at most three."""
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(3, include_bias=False).fit_transform(StandardScaler().fit_transform(X))
    X = StandardScaler().fit_transform(X)
    y = y - y.mean()

    def difference(ours: Any, theirs: Any) -> str:
        apart = np.abs(X @ (ours[1] - theirs[1])).max() / np.abs(y).max()
        return f"fits {apart:.1e} apart"

    peers = {}
    if (sklearn := peer("sklearn.linear_model")) is not None:
        peers["scikit-learn"] = lambda: sklearn.lasso_path(X, y)
    return [
        Job(
            name="LASSO path, 100 alphas",
            data=f"diabetes, monomials, {X.shape[0]} x {X.shape[1]}",
            ours=lambda: lasso_path(X, y),
            peers=peers,
            certificate=Certificate(
                "duality gap / ||y||^2", lambda _, answer: lasso_gap(X, y, answer[0], answer[1])
            ),
            agreement=difference,
            reference=lambda: reference.linear_model.lasso_path(X, y),
        )
    ]
