"""
Batch normalisation with a large mean
=====================================

Normalisation subtracts nearly equal numbers when the mean is large. The kernel's error stays at
float32's rounding; the textbook formula in float32 does not.
"""

import matplotlib.pyplot as plt
import numpy as np

from mlqa_fast.nn.functional import batch_norm

rng = np.random.default_rng(0)
means = 10.0 ** np.arange(0, 5)
ours, textbook = [], []
for mean in means:
    x = rng.normal(mean, 1e-2, size=(4096, 8)).astype(np.float32)
    exact = x - x.mean(axis=0, dtype=np.float64)
    exact /= np.sqrt(exact.var(axis=0) + 1e-5)
    y = batch_norm(x, None, None, training=True)
    variance = (x * x).mean(axis=0) - x.mean(axis=0) ** 2
    plain = (x - x.mean(axis=0)) / np.sqrt(np.maximum(variance, 0) + np.float32(1e-5))
    scale = np.abs(exact).max()
    ours.append(np.abs(y - exact).max() / scale)
    textbook.append(np.abs(plain - exact).max() / scale)

figure, axes = plt.subplots(layout="constrained")
axes.loglog(means, textbook, "o-", label="textbook formula in float32")
axes.loglog(means, ours, "o-", label="mlqa_fast")
axes.set(xlabel="mean (standard deviation 0.01)", ylabel="largest error / largest value")
axes.legend()
plt.show()
