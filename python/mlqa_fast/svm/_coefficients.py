"""Dual coefficients of many machines, of which many are 0."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# Matrices of more numbers are kept packed: 32 MB.
MOST_DENSE = 2**22


class PackedCoefficients(NamedTuple):
    """A matrix as a bit for each place and the numbers that are not 0, row by row.

    A number and its place take 8 bytes and some bits, where a CSR matrix takes 12 bytes: of 20
    points a class nearly three of four coefficients are not 0.
    """

    present: NDArray[np.uint8]
    values: NDArray[np.float64]
    n_columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        return len(self.present), self.n_columns

    def toarray(self) -> NDArray[np.float64]:
        """The matrix, with its zeros."""
        matrix = np.zeros(self.shape)
        bits = np.unpackbits(self.present, axis=1, count=self.n_columns, bitorder="little")
        matrix[bits.view(bool)] = self.values
        return matrix


def given_by_extension(given: Any, n_columns: int) -> NDArray[np.float64] | PackedCoefficients:
    """A matrix, or the parts of a packed one."""
    if isinstance(given, tuple):
        present, values = given
        return PackedCoefficients(present, values, n_columns)
    return np.asarray(given)


def numbers(coefficients: NDArray[np.float64] | PackedCoefficients) -> NDArray[np.float64]:
    """Those of a matrix that are stored."""
    if isinstance(coefficients, PackedCoefficients):
        return coefficients.values
    return coefficients


def dense(coefficients: Any) -> NDArray[np.float64]:
    """Coefficients in any form as a matrix."""
    if isinstance(coefficients, PackedCoefficients) or sp.issparse(coefficients):
        return np.asarray(coefficients.toarray())
    return np.asarray(coefficients)


class MadeDense:
    """`dual_coef_` where an estimator keeps packed coefficients and no matrix of its own."""

    def __get__(self, estimator: Any, owner: Any = None) -> Any:
        """A new matrix at each look."""
        if estimator is None:
            return self
        packed = vars(estimator).get("_dual_coef_")
        if not isinstance(packed, PackedCoefficients):
            raise AttributeError("dual_coef_ is there after fit")
        return packed.toarray()
