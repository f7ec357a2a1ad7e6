"""
Weights of classes and samples against imbalance
================================================

A machine that counts every error alike gives a rare class up. Weights of the classes move the
border back; weights of samples say which points may be wrong at what price.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import train_test_split

from mlqa_fast.svm import SVC

X, y = make_classification(
    n_samples=1500,
    n_features=2,
    n_informative=2,
    n_redundant=0,
    n_clusters_per_class=1,
    weights=[0.94, 0.06],
    class_sep=0.6,
    flip_y=0.0,
    random_state=3,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Three machines: no weights; weights inverse to the frequency of the classes; and beside these more
# for rare points far from the common ones, as if missing them were the costliest.

distance = np.linalg.norm(X_train - X_train[y_train == 0].mean(axis=0), axis=1)
price = np.where(y_train == 1, 8.0 * (1 + distance), 1.0)
machines = {
    "no weights": SVC().fit(X_train, y_train),
    "class_weight='balanced'": SVC(class_weight="balanced").fit(X_train, y_train),
    "sample_weight": SVC().fit(X_train, y_train, sample_weight=price),
}
for name, machine in machines.items():
    label = machine.predict(X_test)
    print(
        f"{name:24s} rare points found: {recall_score(y_test, label):.2f}, "
        f"balanced accuracy: {balanced_accuracy_score(y_test, label):.2f}, "
        f"violation: {machine.kkt_violation_:.1e}"
    )

# %%
# The borders.

figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained", sharey=True)
for axes, (name, machine) in zip(panels, machines.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        machine, X, response_method="predict", alpha=0.3, ax=axes, cmap="coolwarm"
    )
    axes.scatter(*X_test.T, c=y_test, s=10, cmap="coolwarm")
    axes.set(title=name)
plt.show()
