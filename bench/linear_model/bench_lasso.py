"""LASSO paths and single fits: ours, scikit-learn, celer where it is installed, the definition.

Each implementation runs at the largest of a few tolerances at which the largest relative duality
gap over its path, computed here from its coefficients, is at most 1e-4: times are compared at
equal quality.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures

from mlqa_fast import reference
from mlqa_fast.linear_model import lasso_path

GAP = 1e-4
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7)


def diabetes(degree):
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(degree, include_bias=False).fit_transform(X / X.std(0))
    return np.asfortranarray((X - X.mean(0)) / X.std(0)), y - y.mean()


def gaussian(n, p, correlation=0.6, dtype=np.float64):
    """Neighbouring columns are correlated; 1 % of the features carry the signal."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w = np.where(rng.random(p) < max(0.01, 10 / p), rng.normal(size=p), 0.0)
    signal = X @ w
    y = signal + rng.normal(size=n) * signal.std() / 3
    X -= X.mean(0)
    return np.asfortranarray(X, dtype=dtype), (y - y.mean()).astype(dtype)


def sparse(n, p, density):
    rng = np.random.default_rng(0)
    X = sp.random(n, p, density, format="csc", random_state=rng)
    y = X[:, :100] @ rng.normal(size=100) + 0.1 * rng.normal(size=n)
    return X, y - y.mean()


CASES = {
    "diabetes": (lambda: diabetes(1), 1e-2, 20),
    "diabetes, degree 2": (lambda: diabetes(2), 1e-3, 100),
    "diabetes, degree 3": (lambda: diabetes(3), 1e-2, 100),
    "72 x 7129": (lambda: gaussian(72, 7129, 0.9), 1e-1, 20),
    "20000 x 50": (lambda: gaussian(20_000, 50), 1e-3, 100),
    "500 x 5000, one alpha": (lambda: gaussian(500, 5000), 1e-1, 1),
    "sparse 5000 x 20000": (lambda: sparse(5000, 20_000, 1e-3), 1e-1, 20),
    "500 x 20000": (lambda: gaussian(500, 20_000), 1e-2, 100),
    "500 x 20000, float32": (lambda: gaussian(500, 20_000, dtype=np.float32), 1e-2, 100),
    "200000 x 200": (lambda: gaussian(200_000, 200), 1e-3, 100),
    "2000 x 5000": (lambda: gaussian(2000, 5000), 1e-2, 100),
    "sparse 20000 x 200000": (lambda: sparse(20_000, 200_000, 1e-3), 1e-1, 100),
}
LARGE = list(CASES)[7:]
REFERENCE = {"diabetes"}  # the definition takes minutes on the others


def grid(X, y, eps, count):
    largest = np.max(np.abs(X.T @ y)) / len(y)
    return np.geomspace(largest, eps * largest, count) if count > 1 else np.array([eps * largest])


def relative_gap(X, y, alphas, coefs):
    """The largest duality gap of a path over ||y||^2 / (2n), in float64."""
    y = y.astype(np.float64)
    worst = 0.0
    for alpha, w in zip(alphas, np.asarray(coefs, np.float64).T, strict=True):
        support = np.flatnonzero(w)
        r = y - X[:, support].astype(np.float64) @ w[support]
        g = np.max(np.abs(X.T @ r))
        scale = min(1.0, len(y) * alpha / g)
        primal = r @ r / 2 + len(y) * alpha * np.abs(w).sum()
        worst = max(worst, primal - scale * (y @ r) + scale**2 * (r @ r) / 2)
    return worst / (y @ y / 2)


def solver(implementation, peer):
    if implementation == "mlqa_fast":
        return lambda X, y, alphas, tol: lasso_path(X, y, alphas=alphas, tol=tol, max_iter=10**5)
    if implementation == "scikit-learn":
        path = peer("sklearn.linear_model").lasso_path
        return lambda X, y, alphas, tol: path(X, y, alphas=alphas, tol=tol, max_iter=10**4)
    if implementation == "celer":
        path = peer("celer").celer_path
        return lambda X, y, alphas, tol: path(X, y, "lasso", alphas=alphas, tol=tol, max_iter=100)
    path = reference.linear_model.lasso_path
    return lambda X, y, alphas, tol: path(X, y, alphas=alphas, tol=tol)


@pytest.fixture(scope="module")
def data():
    """One problem at a time."""
    made = {}

    def load(case):
        if case not in made:
            made.clear()
            make, eps, count = CASES[case]
            X, y = make()
            made[case] = X, y, grid(X, y, eps, count)
        return made[case]

    return load


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn", "celer", "reference"])
@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=[pytest.mark.full] if c in LARGE else []) for c in CASES]
)
def bench_path(case, implementation, measure, peer, data):
    if implementation == "reference" and case not in REFERENCE:
        pytest.skip("the definition takes minutes")
    solve = solver(implementation, peer)
    X, y, alphas = data(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the gap is what counts
        for tol in TOLERANCES:
            gap = relative_gap(X, y, alphas, solve(X, y, alphas, tol)[1])
            if gap <= GAP:
                break
        measure(
            lambda: solve(X, y, alphas, tol),
            implementation=implementation,
            case=case,
            shape=X.shape,
            certificate=("relative duality gap", gap, GAP),
        )
