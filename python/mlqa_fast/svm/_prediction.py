"""What a classifier over one-vs-one machines does once they are trained."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast.svm._dag import Pieces, vote, walk
from mlqa_fast.svm._linear import one_vs_one_coef
from mlqa_fast.svm._probability import probability_available
from mlqa_fast.svm._problem import checked, kernel_tuple, points, starts


@dataclass(frozen=True)
class PredictionReport:
    """What a prediction asked for.

    Attributes
    ----------
    multi_class : {'ovo', 'dag'}
        How the machines are combined.
    machines : int
        Number of machines that there are.
    machines_asked : ndarray of shape (n_samples,)
        Number of machines asked for each sample: all of them for the vote, `n_classes` - 1 along
        the graph.

    Examples
    --------
    >>> from mlqa_fast.svm import SVC
    >>> svc = SVC(multi_class="dag").fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 3])
    >>> report = svc.prediction_report([[0.5], [2.5]])
    >>> report.machines, report.machines_per_sample
    (6, 3.0)
    """

    multi_class: str
    machines: int
    machines_asked: NDArray[np.int64]

    @property
    def machines_per_sample(self) -> float:
        """Mean of ``machines_asked``."""
        return float(np.mean(self.machines_asked))


class MachineClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Prediction, decision values and the attributes derived from the trained machines."""

    kernel: str | Callable[[Any, Any], Any]
    degree: int
    coef0: float
    decision_function_shape: str
    break_ties: bool
    multi_class: str
    n_jobs: int | None

    def _kernel_matrix(self, X: Any) -> Any:
        """X, or the values of a callable kernel with the training points."""
        if not callable(self.kernel):
            return X
        values = self.kernel(X, self._fit_points)
        if sp.issparse(values):
            values = values.toarray()
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2:
            raise ValueError(f"the kernel must return a matrix, got {values.ndim} dimensions")
        return values

    def _validate_for_predict(self, X: Any) -> Any:
        check_is_fitted(self)
        if not callable(self.kernel):
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=np.float64,
                accept_large_sparse=False,
                reset=False,
            )
            X = checked(X)
        if self._sparse and not sp.issparse(X):
            X = sp.csr_array(X)
        if sp.issparse(X) and not self._sparse and not callable(self.kernel):
            raise ValueError(
                f"cannot use sparse input in {type(self).__name__!r} trained on dense data"
            )
        X = self._kernel_matrix(X)
        if callable(self.kernel):
            X = check_array(X, dtype=np.float64)
        expected = self.shape_fit_[0]
        if (callable(self.kernel) or self.kernel == "precomputed") and X.shape[1] != expected:
            raise ValueError(
                f"X.shape[1] = {X.shape[1]} should be equal to {expected}, "
                "the number of samples at training time"
            )
        vectors = self.support_vectors_
        if not self._sparse and vectors.size > 0 and self.n_support_.sum() != vectors.shape[0]:
            raise ValueError(f"The internal representation of {type(self).__name__} was altered")
        return X

    def _pieces(self) -> Pieces:
        kernel = "precomputed" if callable(self.kernel) else self.kernel
        dual_coef = self._dual_coef_.toarray() if self._sparse else self._dual_coef_
        return Pieces(
            points(self.support_vectors_),
            kernel_tuple(kernel, self.degree, self._gamma, self.coef0),
            self.support_.astype(np.int64),
            starts(self._n_support),
            dual_coef,
            self._intercept_,
        )

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            Points, or with ``kernel='precomputed'`` their kernel values with the training points.

        Returns
        -------
        ndarray
            Two classes: shape (n_samples,), positive for ``classes_[1]``. More: one column a class
            (``decision_function_shape='ovr'``) or one a machine ('ovo').
        """
        _, decision = vote(self._validate_for_predict(X), self._pieces(), self.n_jobs, True)
        k = len(self.classes_)
        if k == 2:
            return -decision.ravel()
        if self.decision_function_shape == "ovo":
            return decision
        return _one_vs_rest(decision, k)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict classes, by ``multi_class``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            Points, or with ``kernel='precomputed'`` their kernel values with the training points.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        check_is_fitted(self)
        if self.break_ties and self.decision_function_shape == "ovo":
            raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")
        if self.multi_class == "dag":
            label, _ = walk(self._validate_for_predict(X), self._pieces(), self.n_jobs)
        elif self.break_ties and len(self.classes_) > 2:
            label = np.argmax(self.decision_function(X), axis=1)
        else:
            label, _ = vote(self._validate_for_predict(X), self._pieces(), self.n_jobs, False)
        return np.asarray(self.classes_.take(label))

    def prediction_report(self, X: Any) -> PredictionReport:
        """How many machines a prediction asks for each point.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            As for predict.

        Returns
        -------
        PredictionReport
            ``multi_class``, ``machines``, ``machines_asked``.
        """
        X = self._validate_for_predict(X)
        k = len(self.classes_)
        machines = k * (k - 1) // 2
        if self.multi_class == "dag":
            _, asked = walk(X, self._pieces(), self.n_jobs)
        else:
            asked = np.full(X.shape[0], machines, dtype=np.int64)
        return PredictionReport(self.multi_class, machines, asked)

    @available_if(probability_available)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, with ``probability=True``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            As for predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        if self._calibrated is None:
            raise NotFittedError(
                "predict_proba is not available when fitted with probability=False"
            )
        return np.asarray(self._calibrated.predict_proba(X))

    @available_if(probability_available)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithms of predict_proba.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, n_fitted)
            As for predict.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return np.asarray(np.log(self.predict_proba(X)))

    @property
    def coef_(self) -> Any:
        """Weights of the features, for a linear kernel."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        coef = one_vs_one_coef(self.dual_coef_, self._n_support, self.support_vectors_)
        (coef.data if sp.issparse(coef) else coef).flags.writeable = False
        return coef

    @property
    def n_support_(self) -> NDArray[np.int32]:
        """Support vectors of each class."""
        count: NDArray[np.int32] = self._n_support
        return count

    @property
    def probA_(self) -> NDArray[np.float64]:
        """Empty: the calibration behind ``probability=True`` keeps its own parameters."""
        return self._deprecated_parameter("probA_")

    @property
    def probB_(self) -> NDArray[np.float64]:
        """Empty: the calibration behind ``probability=True`` keeps its own parameters."""
        return self._deprecated_parameter("probB_")

    def _deprecated_parameter(self, name: str) -> NDArray[np.float64]:
        check_is_fitted(self)
        warnings.warn(
            f"Attribute `{name}` was deprecated in version 1.9 and will be removed in 1.11 as the"
            " `probability=True` option for SVC and NuSVC was deprecated and will be removed in"
            " 1.11.",
            FutureWarning,
            stacklevel=3,
        )
        return np.empty(0)


def _one_vs_rest(decision: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Votes of the classes, and the sum of their confidences squeezed into (-1/3, 1/3)."""
    votes = np.zeros((len(decision), n_classes))
    confidence = np.zeros_like(votes)
    machine = 0
    for a in range(n_classes):
        for b in range(a + 1, n_classes):
            value = decision[:, machine]
            confidence[:, a] += value
            confidence[:, b] -= value
            votes[:, a] += value >= 0
            votes[:, b] += value < 0
            machine += 1
    return np.asarray(votes + confidence / (3 * (np.abs(confidence) + 1)))
