"""LassoCV and ElasticNetCV: ours and scikit-learn's, five folds, a hundred alphas.

The certificate is the relative duality gap of the fit on all data at the chosen alpha, computed
here from its coefficients.
"""

import warnings

import numpy as np
import pytest

from mlqa_fast.linear_model import ElasticNetCV, LassoCV

GAP = 2e-4  # tol = 1e-4 of ||y||^2 / n


def gaussian(n, p):
    """Neighbouring columns are correlated; a tenth of at most 200 features carries the signal."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = 0.6 * X[:, j - 1] + 0.8 * X[:, j]
    w = np.where(rng.random(p) < min(0.1, 20 / p), rng.normal(size=p), 0.0)
    signal = X @ w
    return X, signal + rng.normal(size=n) * signal.std() / 3


def relative_gap(model, X, y):
    """The duality gap of the chosen model over ||y||^2 / (2n)."""
    X, y = X - X.mean(0), y - y.mean()
    w, n, l1_ratio = model.coef_, len(y), getattr(model, "l1_ratio_", 1.0)
    lam, ridge = n * model.alpha_ * l1_ratio, n * model.alpha_ * (1 - l1_ratio)
    r = y - X @ w
    scale = min(1.0, lam / np.max(np.abs(X.T @ r - ridge * w)))
    squares = r @ r + ridge * w @ w
    gap = squares / 2 + lam * np.abs(w).sum() - scale * (y @ r) + scale**2 * squares / 2
    return gap / (y @ y / 2)


CASES = {
    "LassoCV 72 x 2000": (LassoCV, {}, lambda: gaussian(72, 2000)),
    "LassoCV 5000 x 50": (LassoCV, {}, lambda: gaussian(5000, 50)),
    "ElasticNetCV 200 x 300": (ElasticNetCV, {"l1_ratio": 0.5}, lambda: gaussian(200, 300)),
    "LassoCV 200000 x 200": (LassoCV, {}, lambda: gaussian(200_000, 200)),
}
LARGE = ["LassoCV 200000 x 200"]


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn"])
@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=[pytest.mark.full] if c in LARGE else []) for c in CASES]
)
def bench_cross_validation(case, implementation, measure, peer):
    estimator, options, make = CASES[case]
    if implementation != "mlqa_fast":
        estimator = getattr(peer("sklearn.linear_model"), estimator.__name__)
    X, y = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: the gap is what counts
        measure(
            lambda: estimator(alphas=100, **options).fit(X, y),
            implementation=implementation,
            case=case,
            shape=X.shape,
            certificate=lambda model: ("relative duality gap", relative_gap(model, X, y), GAP),
        )
