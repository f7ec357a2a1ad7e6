"""
One-vs-one and the DAG
======================

One fit serves two rules of prediction: the vote of all k (k - 1) / 2 machines, and the directed
acyclic graph that asks k - 1 of them, from any list of the classes.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split

from mlqa_fast.svm import SVC, DAGDisplay, dag_order, dag_predict, pair_margins

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
model = SVC(C=10, gamma=0.1).fit(X_train, y_train)

# %%
# Machines asked, and accuracy, by rule. Switching needs no second fit.

machines, accuracies = [], []
for rule in ("ovo", "dag"):
    model.set_params(multi_class=rule)
    machines.append(model.prediction_report(X_test).machines_per_sample)
    accuracies.append(model.score(X_test, y_test))

figure, axes = plt.subplots(layout="constrained")
bars = axes.bar(["one-vs-one", "DAG"], machines)
axes.bar_label(bars, [f"accuracy {accuracy:.3f}" for accuracy in accuracies])
axes.set_ylabel("machines asked for a point")
plt.show()

# %%
# The graph. Each node is the machine of the two classes that it names, above its margin; the way to
# the left strikes off the second of them, that to the right the first. Edges show the share of the
# test samples.

DAGDisplay.from_estimator(model, X_test)
plt.show()

# %%
# The same machines from a list that has the classes with the widest margins at its ends, so that
# the surest machines are asked first.

fitted = (model.support_vectors_, model.dual_coef_)
margins = pair_margins(*fitted, model.n_support_, gamma=model.gamma)
order = dag_order(margins)
DAGDisplay.from_estimator(model, X_test, order=order)
plt.show()

# %%
# What order and exploring change: both ways are followed where a machine is not sure.

for name, route in {
    "listed": {},
    "by margin": {"order": order},
    "by margin, explored": {"order": order, "explore": 0.1},
}.items():
    label, asked = dag_predict(
        X_test, *fitted, model.intercept_, model.n_support_, gamma=model.gamma, **route
    )
    accuracy = np.mean(model.classes_[label] == y_test)
    print(f"{name}: accuracy {accuracy:.4f}, {asked.mean():.2f} machines a sample")

# %%
# Decision regions of both rules, through scikit-learn's display: they differ only where no class
# wins against all others.

X, y = load_iris(return_X_y=True)
pair = SVC(C=10).fit(X[:, :2], y)
figure, both = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for axes, rule in zip(both, ("ovo", "dag"), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        pair.set_params(multi_class=rule), X[:, :2], response_method="predict", ax=axes, alpha=0.5
    )
    axes.scatter(*X[:, :2].T, c=y, edgecolor="k", s=15)
    axes.set_title(rule)
plt.show()
