"""Ridge: ours and scikit-learn's, dense and sparse, more samples or more features.

The certificate is the duality gap over ||y||^2 of the coefficients as they are returned, computed
here; scikit-learn's iterative solver for sparse data runs at the tolerance that reaches it.
"""

import numpy as np
import pytest
import scipy.sparse as sp

from mlqa_fast.linear_model import Ridge

GAP = 1e-8


def gaussian(n, p, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + 1
    return X.astype(dtype), X[:, :10] @ rng.normal(size=10) + rng.normal(size=n)


def sparse(n, p, density):
    rng = np.random.default_rng(0)
    X = sp.random(n, p, density, format="csr", random_state=rng)
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def relative_gap(model, X, y):
    """sum_j (x_j'r - alpha w_j)^2 / alpha over ||y||^2, of centred data."""
    w = model.coef_.astype(np.float64)
    r = y - X @ w
    r, total = r - r.mean(), np.sum((y - y.mean()) ** 2)
    g = X.T @ r - model.alpha * w
    return np.sum(g**2) / model.alpha / total


CASES = {
    "20000 x 200": lambda: gaussian(20_000, 200),
    "200 x 20000": lambda: gaussian(200, 20_000),
    "20000 x 200, float32": lambda: gaussian(20_000, 200, np.float32),
    "sparse 20000 x 1000": lambda: sparse(20_000, 1000, 0.01),
    "2000 x 2000": lambda: gaussian(2000, 2000),
}


@pytest.mark.parametrize("implementation", ["mlqa_fast", "scikit-learn"])
@pytest.mark.parametrize("case", CASES)
def bench_ridge(case, implementation, measure, peer):
    estimator = Ridge
    if implementation != "mlqa_fast":
        estimator = peer("sklearn.linear_model").Ridge
    X, y = CASES[case]()
    measure(
        lambda: estimator(tol=1e-8).fit(X, y),
        implementation=implementation,
        case=case,
        shape=X.shape,
        certificate=lambda model: ("relative duality gap", relative_gap(model, X, y), GAP),
    )
