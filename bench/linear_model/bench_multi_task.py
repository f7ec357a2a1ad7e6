"""Multi-task LASSO paths: ours, scikit-learn's and celer's, at the loosest tolerance that does.

The certificate is the largest relative duality gap over the path, computed here.
"""

import warnings

import numpy as np
import pytest

from mlqa_fast import reference
from mlqa_fast.linear_model import lasso_path

GAP = 2.1e-4  # tol = 1e-4 of ||Y||^2
TOLERANCES = [1e-4, 3e-5, 1e-5, 1e-6, 1e-7, 1e-8]


def gaussian(n, p, targets, correlation=0.6):
    """Neighbouring columns are correlated; twenty features carry the signal of all targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    W = np.zeros((targets, p))
    W[:, rng.choice(p, 20, replace=False)] = rng.normal(size=(targets, 20))
    Y = X @ W.T
    Y += 0.3 * Y.std() * rng.normal(size=Y.shape)
    return np.asfortranarray(X - X.mean(0)), np.asfortranarray(Y - Y.mean(0))


CASES = {  # data, smallest alpha over the largest, number of alphas
    "100 x 500, 5 targets": (lambda: gaussian(100, 500, 5), 3e-2, 50),
    "300 x 2000, 20 targets": (lambda: gaussian(300, 2000, 20), 1e-1, 30),
    "72 x 7129, 3 targets": (lambda: gaussian(72, 7129, 3), 1e-1, 20),
    "100 x 300, 5 targets, correlated": (lambda: gaussian(100, 300, 5, 0.99), 1e-2, 30),
    "20000 x 100, 10 targets": (lambda: gaussian(20_000, 100, 10), 1e-2, 50),
    "300 x 8000, 40 targets": (lambda: gaussian(300, 8000, 40), 1e-1, 20),
}
LARGE = list(CASES)[4:]


def relative_gap(X, Y, alphas, coefs):
    n, energy = len(Y), np.sum(Y**2) / 2
    gaps = [
        reference.linear_model.multi_task_gap(X, Y, coefs[..., k].T, n * alpha) / energy
        for k, alpha in enumerate(alphas)
    ]
    return max(gaps)


def solver(implementation, peer):
    if implementation == "mlqa_fast":
        return lambda X, Y, alphas, tol: lasso_path(X, Y, alphas=alphas, tol=tol, max_iter=10**5)
    if implementation == "scikit-learn":
        path = peer("sklearn.linear_model").lasso_path
        return lambda X, Y, alphas, tol: path(X, Y, alphas=alphas, tol=tol, max_iter=10**4)
    path = peer("celer.homotopy").mtl_path
    return lambda X, Y, alphas, tol: path(X, Y, alphas=alphas, tol=tol, max_iter=200)


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "celer"])
@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=[pytest.mark.full] if c in LARGE else []) for c in CASES]
)
def bench_path(case, implementation, measure, peer):
    make, eps, count = CASES[case]
    X, Y = make()
    largest = np.max(np.linalg.norm(X.T @ Y, axis=1)) / len(Y)
    alphas = np.geomspace(largest, eps * largest, count)
    solve = solver(implementation, peer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the gap is what counts
        for tol in TOLERANCES:
            gap = relative_gap(X, Y, alphas, np.asarray(solve(X, Y, alphas, tol)[1]))
            if gap <= GAP:
                break
        measure(
            lambda: solve(X, Y, alphas, tol),
            implementation=implementation,
            case=case,
            shape=X.shape,
            certificate=("relative duality gap", gap, GAP),
        )
