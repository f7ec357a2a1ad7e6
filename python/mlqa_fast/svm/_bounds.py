"""The least C at which a machine with the l1 penalty has a weight that is not zero."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from mlqa_fast._compat import Interval, StrOptions, validate_params
from mlqa_fast.svm._linear_problem import rows_of


@validate_params(  # type: ignore[untyped-decorator]
    {
        "loss": [StrOptions({"squared_hinge", "log"})],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def l1_min_c(
    X: Any,
    y: ArrayLike,
    *,
    loss: str = "squared_hinge",
    fit_intercept: bool = True,
    intercept_scaling: float = 1.0,
) -> float:
    """Return the largest C for which all weights are zero under the l1 penalty.

    At zero weights the loss has the slope ``-2 C sum_i y_i x_ij`` (squared hinge) or
    ``-C / 2 sum_i y_i x_ij`` (logistic) in feature j, and a weight stays zero while the slope is at
    most 1. Valid without class and sample weights.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Labels.
    loss : {'squared_hinge', 'log'}, default='squared_hinge'
        Loss of `LinearSVC`, or of logistic regression.
    fit_intercept : bool, default=True
        Whether a constant feature is added to the rows.
    intercept_scaling : float, default=1.0
        The constant.

    Returns
    -------
    l1_min_c : float
        The model is not empty for larger C.

    Raises
    ------
    ValueError
        If X or y cannot be used, or all weights are zero for every C.

    Examples
    --------
    >>> from mlqa_fast.svm import l1_min_c
    >>> l1_min_c([[-1.0], [3.0]], [0, 1])
    0.125
    """
    X = rows_of(
        check_array(
            X,
            accept_sparse="csr",
            accept_large_sparse=False,
            dtype=[np.float64, np.float32],
            input_name="X",
        )
    )
    if y is None:
        raise ValueError("l1_min_c requires y to be passed, but the target y is None")
    labels = column_or_1d(y)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    check_consistent_length(X, labels)
    binarizer = LabelBinarizer(neg_label=-1)
    signs = binarizer.fit_transform(labels).T
    if len(binarizer.classes_) < 2:
        raise ValueError(
            "l1_min_c needs samples of at least 2 classes in the data, but the data contains only"
            f" one class: {binarizer.classes_[0]!r}"
        )
    steepest = np.abs(safe_sparse_dot(signs, X, dense_output=True)).max()
    if fit_intercept:
        steepest = max(steepest, np.abs(signs.sum(axis=1)).max() * intercept_scaling)
    if steepest == 0.0:
        raise ValueError(
            "Ill-posed l1_min_c calculation: l1 will always select zero coefficients for this data"
        )
    return float((0.5 if loss == "squared_hinge" else 2.0) / steepest)
