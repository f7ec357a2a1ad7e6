"""The matrix of a ridge problem: centred, weighted, scaled, without its unpenalised directions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]

# Elements of a block that is centred at a time, and of a float32 X that is centred at once.
BLOCK = 1 << 21
HELD = 1 << 25


class RidgeDesign:
    r"""``A = (I - Q Q') diag(sqrt s) (X - 1 m') diag(d)``, in float64.

    Weights s, their means m (or 0), scales d of the columns, and an orthonormal basis Q of
    directions that are projected away (or None). A dense X is centred once, where it has to
    be; a large one in float32 block by block, a sparse one by what the means add to a product.
    """

    def __init__(self, X: Any, weights: Array | None, *, center: bool) -> None:
        self.X = X
        self.n, self.p = X.shape
        self.roots = np.ones(self.n) if weights is None else np.sqrt(weights)
        self.center, self.plain = center, weights is None and not center
        self.means = np.zeros(self.p)
        self.scales = np.ones(self.p)
        self.basis: Array | None = None
        if center:
            self.means = self._means()
        if sparse.issparse(X):
            self.X = sparse.csr_array(X).astype(np.float64).multiply(self.roots[:, None]).tocsr()
        elif not self.plain and (X.dtype == np.float64 or X.size <= HELD):
            self.X, self.plain = self.part(slice(None), slice(None)), True

    def _means(self) -> Array:
        """Of the columns; exact for constant ones, so that they are centred to zeros."""
        weights = self.roots**2 / np.sum(self.roots**2)
        if sparse.issparse(self.X):
            return np.asarray(self.X.T.astype(np.float64) @ weights)
        means = np.zeros(self.p)
        for rows in self._rows():
            means += weights[rows] @ self.X[rows].astype(np.float64, copy=False)
        level = np.flatnonzero(self.X[0] == self.X[-1])
        level = level[np.all(self.X[:, level] == self.X[0, level], axis=0)]
        means[level] = self.X[0, level]
        return means

    def restricted(self, columns: NDArray[Any], scales: Array, basis: Array | None) -> RidgeDesign:
        """Some of the columns, scaled, without the directions of a basis."""
        other = copy.copy(self)
        other.X = self.X if np.all(columns) else self.X[:, np.flatnonzero(columns)]
        other.p, other.means = other.X.shape[1], self.means[columns]
        other.scales, other.basis = scales, basis
        return other

    def part(self, rows: slice, columns: slice) -> Array:
        """A block of a dense X, not projected."""
        block = np.asarray(self.X[rows, columns], dtype=np.float64)
        if not self.plain:
            block = block - self.means[columns]
            block *= self.roots[rows, None]
        return block if np.all(self.scales == 1) else block * self.scales[columns]

    def _rows(self) -> Iterator[slice]:
        """Blocks of rows: one where it is no copy."""
        as_it_is = self.X.dtype == np.float64
        step = self.n if as_it_is else max(1, BLOCK // self.p)
        for start in range(0, self.n, step):
            yield slice(start, min(start + step, self.n))

    def row_blocks(self) -> Iterator[tuple[slice, Array]]:
        """All of A in blocks of rows."""
        for rows in self._rows():
            yield rows, self.part(rows, slice(None))

    def project(self, R: Array) -> Array:
        """``(I - Q Q') R``."""
        return R if self.basis is None else R - self.basis @ (self.basis.T @ R)

    def times(self, W: Array) -> Array:
        """A W."""
        if sparse.issparse(self.X):
            scaled = self.scales[:, None] * W
            product = self.X @ scaled - np.outer(self.roots, self.means @ scaled)
        else:
            product = np.empty((self.n, W.shape[1]))
            for rows, block in self.row_blocks():
                product[rows] = block @ W
        return self.project(product)

    def transposed_times(self, R: Array) -> Array:
        """A' R."""
        return self._correlations(self.project(R))

    def _correlations(self, R: Array) -> Array:
        if sparse.issparse(self.X):
            product = self.X.T @ R - np.outer(self.means, self.roots @ R)
            return np.asarray(self.scales[:, None] * product)
        product = np.zeros((self.p, R.shape[1]))
        for rows, block in self.row_blocks():
            product += block.T @ R[rows]
        return product

    def gram(self) -> Array:
        """A' A."""
        gram: Array
        if sparse.issparse(self.X):
            total = np.sum(self.roots**2)
            gram = (self.X.T @ self.X).toarray() - total * np.outer(self.means, self.means)
            gram *= np.outer(self.scales, self.scales)
        else:
            gram = np.zeros((self.p, self.p))
            for _, block in self.row_blocks():
                gram += block.T @ block
        if self.basis is not None:
            shared = self._correlations(self.basis)
            gram -= shared @ shared.T
        return gram

    def outer_gram(self) -> Array:
        """A A'."""
        gram: Array
        if sparse.issparse(self.X):
            scaled = self.X.multiply(self.scales[None, :]).tocsr()
            means = self.means * self.scales
            gram = (scaled @ scaled.T).toarray()
            cross = np.outer(scaled @ means, self.roots)
            gram += means @ means * np.outer(self.roots, self.roots) - cross - cross.T
        else:
            gram = np.zeros((self.n, self.n))
            step = self.p if self.plain else max(1, BLOCK // self.n)
            for start in range(0, self.p, step):
                block = self.part(slice(None), slice(start, start + step))
                gram += block @ block.T
        return self.project(self.project(gram).T)

    def dense(self) -> Array:
        """All of A."""
        if sparse.issparse(self.X):
            centred = self.X.toarray() - np.outer(self.roots, self.means)
            return self.project(centred * self.scales)
        return self.project(self.part(slice(None), slice(None)))

    def column_norms(self) -> Array:
        """Of A without the projection; of a sparse X not centred either, as products see it."""
        if sparse.issparse(self.X):
            squares = self.X.power(2).T @ np.ones(self.n)
            return np.asarray(np.sqrt(squares) * self.scales)
        squares = np.zeros(self.p)
        for _, block in self.row_blocks():
            squares += np.einsum("ij,ij->j", block, block)
        return np.sqrt(squares)
