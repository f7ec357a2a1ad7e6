"""
A LASSO path and its certificate
================================

Coefficients of a path over the penalty, on the diabetes data with products of features, and the
duality gap of every point of it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mlqa_fast.linear_model import lasso_path

X, y = load_diabetes(return_X_y=True)
X = PolynomialFeatures(2, include_bias=False).fit_transform(X)
X = StandardScaler().fit_transform(X)
y = y - y.mean()

alphas, coefficients, gaps = lasso_path(X, y, eps=1e-2)

# %%
# Features enter one after another as the penalty falls.

figure, (above, below) = plt.subplots(2, sharex=True, layout="constrained")
above.semilogx(alphas, coefficients.T, linewidth=1)
above.invert_xaxis()
above.set_ylabel("coefficients")
below.loglog(alphas, gaps / (y @ y / len(y)), ".")
below.set(xlabel="alpha", ylabel="duality gap / mean of y squared")
plt.show()
