"""What a classifier over machines of two classes does once they are trained."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from mlqa_fast._parameters import ParametersOnce
from mlqa_fast._threadpool import n_threads
from mlqa_fast.svm._cost_report import CostReport, cost_report
from mlqa_fast.svm._linear import one_vs_one_coef
from mlqa_fast.svm._multiclass import AT_ONCE, BOOKS
from mlqa_fast.svm._plain import are_plain_points
from mlqa_fast.svm._predict import Packed, decide, native_of, predict, reading_of
from mlqa_fast.svm._probability import probability_available
from mlqa_fast.svm._problem import checked, points


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
        Number of machines asked for each sample: `n_classes` - 1 along the graph, more where both
        paths are explored; else all of them.
    claimed_by_several : int or None
        With 'ovr', the samples that more than one machine claims: the one with the largest value
        wins.
    claimed_by_none : int or None
        With 'ovr', the samples that no machine claims: `unclaimed`, or the class whose machine is
        nearest to it.
    training_samples : ndarray of shape (n_machines, 2) or None
        With 'ovr' and 'ecoc', the positive and the negative samples that each machine was trained
        on.

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
    claimed_by_several: int | None = None
    claimed_by_none: int | None = None
    training_samples: NDArray[np.int64] | None = None

    @property
    def machines_per_sample(self) -> float:
        """Mean of ``machines_asked``."""
        return float(np.mean(self.machines_asked))

    @property
    def imbalance(self) -> NDArray[np.float64] | None:
        """Samples of each machine's larger side for one of the smaller; None without counts."""
        if self.training_samples is None:
            return None
        return np.asarray(self.training_samples.max(axis=1) / self.training_samples.min(axis=1))


class KernelMachine(ParametersOnce):
    """Points, kernel values and packed machines of a fitted estimator."""

    kernel: str | Callable[[Any, Any], Any]
    degree: int
    coef0: float
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
                dtype=(np.float64, np.float32),
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
        return X

    def _points(self, X: Any) -> Any:
        """X as the extension takes it, validated."""
        return X if self._is_plain(X) else points(self._validate_for_predict(X))

    def _is_plain(self, X: Any) -> bool:
        """Whether validation would let X pass as it is."""
        state = vars(self)
        return (
            "_packed" in state
            and "feature_names_in_" not in state
            and not self._sparse
            and isinstance(self.kernel, str)
            and self.kernel != "precomputed"
            and are_plain_points(X, n_threads(self.n_jobs), np.float64, np.float32)
            and X.shape[1] == self.n_features_in_
        )

    @property
    def n_support_(self) -> NDArray[np.int32]:
        """Support vectors of each class; one number where there are no classes."""
        if not hasattr(self, "_n_support"):
            raise AttributeError("n_support_ is there after fit")
        count: NDArray[np.int32] = self._n_support
        return count

    def _pack(self) -> None:
        """Pack the machines, at the end of fit and after loading."""
        self._packed = Packed(self)

    def __getstate__(self) -> dict[str, Any]:
        """State without what is packed from it."""
        state = dict(super().__getstate__())
        state.pop("_packed", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """State, and the machines packed from it."""
        super().__setstate__(state)
        if "_intercept_" in vars(self):
            self._pack()


class MachineClassifier(ClassifierMixin, KernelMachine):  # type: ignore[misc]
    """Prediction, decision values and the attributes derived from the trained machines."""

    decision_function_shape: str
    break_ties: bool
    multi_class: str
    #: What was trained; models of earlier versions have one-vs-one machines.
    _method = "pairs"

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
            (``decision_function_shape='ovr'``) or, with ``multi_class`` 'ovo' and 'dag', one a
            machine ('ovo'). The class of the largest value is predicted, but for 'ovo' without
            `break_ties`, whose columns are votes with the confidences as a fraction. With 'dag'
            they are as well, and the largest is given to the class at the end of the path.

        Raises
        ------
        ValueError
            If there are no machines of every two classes for ``decision_function_shape='ovo'``.
        """
        X = self._points(X)
        return decide(native_of(self), X, n_threads(self.n_jobs), reading_of(self))

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
        if self.break_ties and self.decision_function_shape == "ovo":
            check_is_fitted(self)
            raise ValueError("break_ties must be False when decision_function_shape is 'ovo'")
        X = self._points(X)
        return predict(native_of(self), X, n_threads(self.n_jobs), reading_of(self))

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
        X = self._points(X)
        reading, n_jobs = reading_of(self), n_threads(self.n_jobs)
        if reading.method in BOOKS:
            return self._report_of_book(X, n_jobs)
        k = len(self.classes_)
        machines = k if reading.method in AT_ONCE else k * (k - 1) // 2
        if reading.graph:
            _, asked = native_of(self).walk(X, n_jobs, reading.order, reading.explore)
        else:
            asked = np.full(_count(X), machines, dtype=np.int64)
        return PredictionReport(self.multi_class, machines, asked)

    def _report_of_book(self, X: Any, n_jobs: int) -> PredictionReport:
        book = self.code_book_
        several = none = None
        if self.multi_class == "ovr":
            claims = (native_of(self).decisions(X, n_jobs) > 0).sum(axis=1)
            several, none = int(np.sum(claims > 1)), int(np.sum(claims == 0))
        sides = np.stack([(book == sign).T @ self._class_count for sign in (1, -1)], axis=1)
        asked = np.full(_count(X), book.shape[1], dtype=np.int64)
        return PredictionReport(self.multi_class, book.shape[1], asked, several, none, sides)

    def cost_report(self, delta: float = 0.05) -> CostReport:
        """What the machines cost to train and to ask, beside the textbook's formulas.

        Parameters
        ----------
        delta : float, default=0.05
            With ``multi_class='dag'``, the probability that the bound on its error is wrong.

        Returns
        -------
        CostReport
            A table of rows, with ``to_frame()``.

        Raises
        ------
        ValueError
            If the estimator was read from a file, or `delta` is no probability.
        """
        check_is_fitted(self)
        if not 0 < delta < 1:
            raise ValueError(f"delta must lie between 0 and 1, got {delta!r}")
        return cost_report(self, delta)

    def _pair_values(self, X: Any) -> NDArray[np.float64]:
        """Values of the machines of every two classes, positive for the first class of each."""
        return np.asarray(native_of(self).decisions(points(X), n_threads(self.n_jobs)))

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
        if self._method == "pairs":
            coef = one_vs_one_coef(self.dual_coef_, self._n_support, self.support_vectors_)
        else:
            coef = self.dual_coef_ @ self.support_vectors_
        (coef.data if sp.issparse(coef) else coef).flags.writeable = False
        return coef

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


def _count(X: Any) -> int:
    """Number of points, as the extension takes them."""
    return len(X[2]) - 1 if isinstance(X, tuple) else len(X)
