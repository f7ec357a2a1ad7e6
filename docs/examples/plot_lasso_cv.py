"""
A path, its cross-validation, and the adaptive LASSO
====================================================

Which alpha, and which features: the path of the coefficients with the error of cross-validation
below it, and what weights from first estimates change.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

from mlqa_fast.linear_model import AdaptiveLasso, LassoCV, LassoPathDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True)
model = LassoCV(alpha_rule="1se").fit(X, y)
LassoPathDisplay.from_estimator(model, X, y)
plt.show()

# %%
# The features that it chose, by magnitude.

for row in model.coef_table():
    print(f"{row['feature']:>4} {row['coefficient']:8.1f} {row['share']:6.1%}")

# %%
# First estimates by ridge regression make weak features dear and strong ones cheap; the weights
# serve every fold.

weights = AdaptiveLasso(initial="ridge").fit(X, y).penalty_factor_
adaptive = LassoCV(alpha_rule="1se", penalty_factor=weights).fit(X, y)
LassoPathDisplay.from_estimator(adaptive, X, y)
print(f"{len(model.active_set_)} features before, {len(adaptive.active_set_)} with weights")
plt.show()
