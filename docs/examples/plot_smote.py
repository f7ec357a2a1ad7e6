"""
Where synthetic rows come from
==============================

SMOTE puts each synthetic row between a row of the minority and one of its nearest neighbours. With
``store_provenance=True`` the sampler tells which.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from mlqa_fast.over_sampling import SMOTE

X, y = load_iris(return_X_y=True)
X, y = X[:, :2], y
rare = np.flatnonzero(y == 2)[:12]
keep = np.r_[np.flatnonzero(y != 2), rare]
X, y = X[keep], y[keep]

sampler = SMOTE(k_neighbors=3, random_state=0, store_provenance=True)
X_new, y_new = sampler.fit_resample(X, y)

# %%
# Grey lines lead from the row a synthetic one starts at to the neighbour it lies towards.

synthetic = X_new[len(X) :]
figure, axes = plt.subplots(layout="constrained")
for start, end in zip(sampler.synthetic_base_, sampler.synthetic_neighbor_, strict=True):
    axes.plot(*X[[start, end]].T, color="lightgrey", linewidth=1, zorder=0)
axes.scatter(*X[y == 2].T, label="minority")
axes.scatter(*synthetic.T, s=8, label="synthetic")
axes.set(xlabel="sepal length", ylabel="sepal width")
axes.legend()
plt.show()
