"""LIBSVM's text models: written from fitted machines, and read back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mlqa_fast.svm._coefficients import dense
from mlqa_fast.svm._libsvm_text import Model, read, reordered, written
from mlqa_fast.svm._problem import numeric_gamma

# Dense support vectors may take this many times the bytes of the file they come from.
EXPANSION, SMALL = 64, 2**26


class LibsvmFormat:
    """``to_libsvm`` and ``from_libsvm``."""

    _svm_type: str

    def to_libsvm(self, path: str | os.PathLike[str]) -> None:
        """Write the machines as a text model that LIBSVM reads.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Raises
        ------
        ValueError
            If the kernel is a callable, a label is no whole number of 32 bits, or the machines are
            not one-vs-one: the format has no place for them.
        """
        check_is_fitted(self)
        Path(path).write_text(written(self._as_libsvm()), encoding="ascii", newline="\n")

    @classmethod
    def from_libsvm(
        cls, path: str | os.PathLike[str], *, n_features: int | None = None, sparse: bool = False
    ) -> Self:
        """Read a text model that LIBSVM or `to_libsvm` wrote.

        The file has no training parameters (C, nu, epsilon stay at their defaults), no indices of
        the support vectors (``support_`` holds -1, except for a precomputed kernel) and no
        certificates (they are NaN).

        Parameters
        ----------
        path : str or path-like
            File to read.
        n_features : int, default=None
            Number of features, or of training points for a precomputed kernel; None for the
            largest index in the file, which lacks trailing features that are zero everywhere.
        sparse : bool, default=False
            Keep the support vectors sparse, and take sparse points for prediction.

        Returns
        -------
        estimator : object
            A fitted estimator of this class.

        Raises
        ------
        ValueError
            If the file is damaged (the message names the line), holds another kind of machine, or
            has indices above `n_features`.
        """
        model = read(Path(path))
        if model.svm_type != cls._svm_type:
            raise ValueError(
                f"{path} holds a machine of type {model.svm_type};"
                f" {cls.__name__} reads {cls._svm_type}"
            )
        machine = cls(**_kernel_parameters(model))
        machine._take_libsvm(reordered(model), Path(path), n_features, sparse)
        return machine

    def _as_libsvm(self: Any) -> Model:
        if callable(self.kernel):
            raise ValueError("a callable kernel has no place in LIBSVM's format")
        if getattr(self, "_method", "pairs") != "pairs":
            raise ValueError(
                f"machines of multi_class={self._method!r} have no place in LIBSVM's format"
            )
        classes = getattr(self, "classes_", None)
        if self.kernel == "precomputed":
            n = len(self.support_)
            serial = self.support_.astype(np.float64) + 1.0  # numbers count from 1, at index 0
            vectors = sp.csr_array((serial, np.zeros(n, np.int32), np.arange(n + 1)), shape=(n, 1))
        else:
            vectors = sp.csr_array(self.support_vectors_)
        return Model(
            self._svm_type,
            self.kernel,
            int(self.degree),
            float(self._gamma),
            float(self.coef0),
            _whole_labels(classes),
            self._n_support,
            dense(self._dual_coef_),
            -self._intercept_,
            vectors,
        )

    def _take_libsvm(
        self: Any, model: Model, path: Path, n_features: int | None, sparse: bool
    ) -> None:
        vectors, precomputed = model.vectors, model.kernel == "precomputed"
        largest = int(vectors.data.max(initial=0)) if precomputed else vectors.shape[1]
        if n_features is None:
            n_features = max(largest, 1)
        if n_features < largest:
            raise ValueError(f"{path} has index {largest}, above n_features={n_features}")
        n = vectors.shape[0]
        self._sparse = bool(sparse) and not precomputed
        self.n_features_in_ = int(n_features)
        self.shape_fit_: tuple[int, ...] = (int(n_features) if precomputed else n, int(n_features))
        self._gamma = numeric_gamma(model.gamma, None)
        self.support_ = np.full(n, -1, dtype=np.int32)
        if precomputed:
            self.support_ = (vectors.data - 1).astype(np.int32)
            self.support_vectors_ = np.empty((0, 0))
        else:
            vectors.resize((n, n_features))
            self.support_vectors_ = vectors if self._sparse else _spread(vectors, path)
        self._n_support = model.n_support
        if model.labels is not None:
            self.classes_ = model.labels
            self.class_weight_ = np.ones(len(model.labels))
            self._calibrated = None
        coef = model.dual_coef
        self._set_coefficients(sp.csr_array(coef) if self._sparse else coef, -model.rho)
        self._pack()
        self.fit_status_ = 0
        self.n_iter_ = 0 if model.labels is None else np.zeros(len(model.rho), dtype=np.int32)
        self.kkt_violation_ = self.dual_gap_ = self.objective_ = float("nan")


def _kernel_parameters(model: Model) -> dict[str, Any]:
    return {
        "kernel": model.kernel,
        "degree": model.degree,
        "gamma": model.gamma,
        "coef0": model.coef0,
    }


def _whole_labels(classes: Any) -> NDArray[np.int64] | None:
    if classes is None:
        return None
    whole = classes.dtype.kind in "iub" or (
        classes.dtype.kind == "f" and np.array_equal(classes, np.round(classes))
    )
    if not whole or np.abs(classes.astype(np.float64)).max() >= 2**31:
        raise ValueError(
            "LIBSVM's format has labels that are whole numbers of 32 bits; got"
            f" {classes[:3].tolist()}: use LabelEncoder before fit"
        )
    return np.asarray(classes.astype(np.int64))


def _spread(vectors: sp.csr_array, path: Path) -> NDArray[np.float64]:
    n, d = vectors.shape
    if 8 * n * d > SMALL + EXPANSION * path.stat().st_size:
        raise ValueError(
            f"{n} dense support vectors of {d} features would take {8 * n * d:.3g} bytes;"
            " use sparse=True"
        )
    return np.asarray(vectors.toarray())
