"""What fitted linear models have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast.linear_model._coef_table import coef_table


class LinearRegressor(RegressorMixin, MultiOutputMixin, BaseEstimator):  # type: ignore[misc]
    """Predictions from ``coef_`` and ``intercept_``, and views of the coefficients."""

    coef_: NDArray[Any]
    intercept_: Any

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict with the linear model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            ``X @ coef_.T + intercept_``.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        predictions: NDArray[Any] = X @ self.coef_.T + self.intercept_
        return predictions

    def coef_table(self, *, intercept: bool = False) -> NDArray[np.void]:
        """Coefficients that are not zero, by name and falling magnitude.

        Parameters
        ----------
        intercept : bool, default=False
            Whether the intercept is the first row, as feature ``"(Intercept)"`` of index -1, with
            a share of NaN.

        Returns
        -------
        ndarray of shape (n_rows,)
            A structured array, of which ``pandas.DataFrame(table)`` makes a table. Its fields:
            "feature" (str: the name seen during fit, or "x0", "x1", ...), "index" (intp: the
            column of `X`), "coefficient" (in the precision of ``coef_``) and "share" (float64:
            that of the sum of all magnitudes). With several targets the first field is "target"
            (intp), and the rows of one target follow those of another.

        Examples
        --------
        >>> from mlqa_fast.linear_model import Lasso
        >>> model = Lasso(alpha=0.1).fit([[0, 0, 3], [1, 1, 0], [2, 0, 0]], [0, 1, 2])
        >>> for row in model.coef_table():
        ...     print(row["feature"], row["coefficient"].round(2), row["share"].round(2))
        x0 0.7 0.87
        x2 -0.1 0.13
        """
        check_is_fitted(self)
        coef = np.atleast_2d(self.coef_)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{j}" for j in range(coef.shape[1])])
        intercepts = np.broadcast_to(self.intercept_, len(coef)) if intercept else None
        return coef_table(coef, names, intercepts)

    @property
    def active_set_(self) -> NDArray[np.intp]:
        """Increasing indices of the features with a coefficient other than zero, of any target."""
        return np.flatnonzero(np.any(np.atleast_2d(self.coef_) != 0, axis=0))

    @property
    def sparse_coef_(self) -> Any:
        """Coefficients as a sparse matrix of shape (n_targets, n_features)."""
        arrays = get_config().get("sparse_interface") == "sparray"  # scikit-learn 1.9 and later
        return (sparse.csr_array if arrays else sparse.csr_matrix)(np.atleast_2d(self.coef_))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
