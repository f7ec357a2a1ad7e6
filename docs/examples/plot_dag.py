"""
One-vs-one and the DAG
======================

One fit serves two rules of prediction: the vote of all k (k - 1) / 2 machines, and the directed
acyclic graph that asks k - 1 of them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from mlqa_fast.svm import SVC

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
model = SVC(C=10).fit(X_train, y_train)

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
