"""Problems for the tests of the LASSO, and the certificate computed anew."""

import warnings

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.fixes import parse_version

from mlqa_fast import reference

UPDATES = ["gram", "covariance", "residual"]


def peer_path(X, y, n_alphas):
    """scikit-learn's path, which before 1.9 had an argument of its own for the number of alphas."""
    is_new = parse_version(sklearn.__version__) >= parse_version("1.9")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of y = 0, before 1.9
        return sklearn.linear_model.lasso_path(
            X, y, **{"alphas" if is_new else "n_alphas": n_alphas}
        )


def problem(n, p, seed=0, shift=1.0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shift
    w = np.where(rng.random(p) < 0.3, rng.normal(size=p), 0.0)
    return X, X @ w + noise * rng.normal(size=n) + 2.0


def standardised(degree):
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(degree, include_bias=False).fit_transform(X / X.std(0))
    return (X - X.mean(0)) / X.std(0), y - y.mean()


def gap_of(
    X,
    y,
    coef,
    alpha,
    *,
    l1_ratio=1.0,
    weights=None,
    penalty_factor=None,
    positive=False,
    bounds=(-np.inf, np.inf),
    fit_intercept=True,
):
    """The duality gap in extended precision, from the data as given."""
    X = np.asarray(X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    y, w = np.asarray(y).astype(np.longdouble), np.asarray(coef).astype(np.longdouble)
    n = len(y)
    s = np.ones(n) if weights is None else np.asarray(weights).astype(np.longdouble)
    s = s * (n / np.sum(s))
    if fit_intercept:
        X, y = X - s @ X / n, y - s @ y / n
    X, y = X * np.sqrt(s)[:, None], y * np.sqrt(s)
    factor = np.broadcast_to(1.0 if penalty_factor is None else penalty_factor, w.shape)
    used = np.isfinite(factor)
    assert not np.any(w[~used])
    penalty = n * np.longdouble(alpha) * factor[used]
    bounds = [np.broadcast_to(bound, w.shape)[used] for bound in bounds]
    gap = reference.linear_model.duality_gap(
        X[:, used],
        y,
        w[used],
        penalty * l1_ratio,
        positive,
        ridge=penalty * (1 - np.longdouble(l1_ratio)),
        bounds=bounds,
    )
    return float(gap / n)


def energy(y):
    """The scale of gaps, ||y||^2 / (2n) of the centred target."""
    return np.mean((y - np.mean(y)) ** 2) / 2
