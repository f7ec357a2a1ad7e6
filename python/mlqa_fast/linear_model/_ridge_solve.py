"""Ridge regression by matrix factors: ``min ||t - A w||^2 + alpha sum_j f_j w_j^2``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, lsqr
from sklearn.exceptions import ConvergenceWarning

from mlqa_fast.linear_model._problem import NOT_FINITE
from mlqa_fast.linear_model._ridge_design import Array, RidgeDesign

SINGULAR_DUAL = "Singular matrix in solving dual problem. Using least-squares solution instead."
LSQR_LIMIT = "The lsqr solver did not converge. Try increasing max_iter or tol."

# Order of the smaller Gram matrix of a sparse X from which it is not made.
LARGEST_SPARSE_GRAM = 4096

# One over the condition of a Gram matrix above which a solution needs no refinement.
WELL_CONDITIONED = 1e-3

EPS = float(np.finfo(np.float64).eps)

# LSQR's own limit, as scikit-learn keeps it.
LSQR_OUT_OF_ITERATIONS = 7


class RidgeFit(NamedTuple):
    """Solutions (n_features, n_targets), who found them, and in how many iterations."""

    coefs: Array
    solver: str
    n_iter: list[int] | None = None


class RidgeSolver(NamedTuple):
    """How standard problems, ``min ||t - A u||^2 + alpha ||u||^2``, are solved."""

    name: str
    tol: float
    max_iter: int | None

    def standard(self, design: RidgeDesign, targets: Array, alpha: float) -> RidgeFit:
        """By Cholesky's factor of the smaller Gram matrix, or as the name or the data demand.

        T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd edition,
        2009, equation 3.44, and section 18.3.5 for more features than samples.
        """
        is_sparse = sparse.issparse(design.X)
        if self.name == "svd":
            return _by_svd(design, targets, alpha)
        if self.name == "lsqr" or (is_sparse and min(design.n, design.p) > LARGEST_SPARSE_GRAM):
            return _by_lsqr(design, targets, alpha, self.tol, self.max_iter)
        dual = design.p > design.n
        coefs = (_dual if dual else _primal)(design, targets, alpha)
        if coefs is not None:
            return RidgeFit(coefs, "cholesky")
        if dual:
            warnings.warn(SINGULAR_DUAL, stacklevel=6)
        if is_sparse:
            return _by_lsqr(design, targets, alpha, EPS, self.max_iter)
        return _by_svd(design, targets, alpha)

    def each_alpha(self, design: RidgeDesign, targets: Array, alphas: Array) -> RidgeFit:
        """Targets with the same alpha together."""
        coefs, n_iter = np.zeros((design.p, targets.shape[1])), [0] * targets.shape[1]
        name, counted = self.name, False
        for alpha in np.unique(alphas) if design.p else ():
            places = np.flatnonzero(alphas == alpha)
            part = self.standard(design, targets[:, places], float(alpha))
            coefs[:, places], name = part.coefs, part.solver
            for place, count in zip(places, part.n_iter or (), strict=False):
                n_iter[place], counted = count, True
        return RidgeFit(coefs, name, n_iter if counted else None)

    def solve(self, design: RidgeDesign, targets: Array, alphas: Array, factors: Array) -> RidgeFit:
        """Of features with factors: those of 0 are projected away, and fitted to what remains.

        The Frisch-Waugh-Lovell theorem; the others are standard after ``u_j = sqrt(f_j) w_j``.
        """
        free, penalised = factors == 0, (factors > 0) & np.isfinite(factors)
        if np.all(factors == 1):
            return self.each_alpha(design, targets, alphas)
        Z = design.restricted(free, np.ones(np.sum(free)), None).dense()
        scales = 1 / np.sqrt(factors[penalised])
        standard = design.restricted(penalised, scales, linalg.orth(Z) if Z.size else None)
        fit = self.each_alpha(standard, standard.project(targets), alphas)
        coefs = np.zeros((design.p, targets.shape[1]))
        coefs[penalised] = scales[:, None] * fit.coefs
        if Z.size:
            coefs[free] = linalg.lstsq(Z, targets - design.times(coefs))[0]
        return fit._replace(coefs=coefs)


def _primal(design: RidgeDesign, targets: Array, alpha: float) -> Array | None:
    """``(A'A + alpha I) u = A't``, refined if need be; None where the matrix is singular."""
    matrix = design.gram()
    matrix.flat[:: design.p + 1] += alpha
    solve, condition = _factored(matrix)
    if solve is None:
        return None
    coefs = solve(design.transposed_times(targets))
    if condition > WELL_CONDITIONED:
        return coefs
    residuals = targets - design.times(coefs)
    return coefs + solve(design.transposed_times(residuals) - alpha * coefs)


def _dual(design: RidgeDesign, targets: Array, alpha: float) -> Array | None:
    """``(A A' + alpha I) c = t`` and ``u = A'c``; None where the matrix is singular.

    What a large condition costs c is along directions that A' makes short: u needs no refinement.
    """
    matrix = design.outer_gram()
    matrix.flat[:: design.n + 1] += alpha
    solve, _ = _factored(matrix)
    return None if solve is None else design.transposed_times(solve(targets))


def _factored(matrix: Array) -> tuple[Callable[[Array], Array] | None, float]:
    """Solver of a positive definite matrix, None if it is singular to rounding; 1 / condition."""
    if not np.all(np.isfinite(matrix)):
        raise ValueError(NOT_FINITE)
    norm = np.linalg.norm(matrix, 1)
    lower, failed = linalg.lapack.dpotrf(matrix, lower=1)
    if failed:
        return None, 0.0
    condition, _ = linalg.lapack.dpocon(lower, norm, uplo="L")
    if condition < EPS * len(matrix):
        return None, condition
    return lambda right: linalg.cho_solve((lower, True), right), condition


def _by_svd(design: RidgeDesign, targets: Array, alpha: float) -> RidgeFit:
    """From the singular values; with alpha = 0 the least squares solution of least norm."""
    left, values, right = linalg.svd(design.dense(), full_matrices=False)
    cutoff = EPS * max(design.n, design.p) * np.max(values, initial=0.0)
    kept = values > (0.0 if alpha > 0 else cutoff)
    shrunk = values[kept] / (values[kept] ** 2 + alpha)
    coefs = right[kept].T @ (shrunk[:, None] * (left[:, kept].T @ targets))
    return RidgeFit(coefs, "svd")


def _by_lsqr(
    design: RidgeDesign, targets: Array, alpha: float, tol: float, max_iter: int | None
) -> RidgeFit:
    """C. Paige, M. Saunders, "LSQR", ACM Transactions on Mathematical Software 8(1), 1982."""
    operator = LinearOperator(
        (design.n, design.p),
        matvec=lambda u: design.times(u.reshape(-1, 1))[:, 0],
        rmatvec=lambda r: design.transposed_times(r.reshape(-1, 1))[:, 0],
        dtype=np.float64,
    )
    coefs, n_iter = np.empty((design.p, targets.shape[1])), []
    for k, target in enumerate(targets.T):
        found = lsqr(operator, target, np.sqrt(alpha), atol=tol, btol=tol, iter_lim=max_iter)
        coefs[:, k] = found[0]
        n_iter.append(int(found[2]))
        if found[1] == LSQR_OUT_OF_ITERATIONS:
            warnings.warn(LSQR_LIMIT, ConvergenceWarning, stacklevel=6)
    return RidgeFit(coefs, "lsqr", n_iter)
