"""The duality gap of ridge regression."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from mlqa_fast.linear_model._ridge_design import Array, RidgeDesign

UNIT = 2.0**-53


def ridge_gaps(
    design: RidgeDesign, targets: Array, coefs: Array, alphas: Array, factors: Array
) -> Array:
    r"""Upper bounds of :math:`\|t - A w\|^2 + \alpha \sum_j f_j w_j^2` over its minimum.

    With the residual r less its projection on the columns without a penalty, u, a dual point is

    .. math:: D(u) = 2 t'u - u'u - \sum_j \frac{(x_j'u)^2}{\alpha f_j},

    and the gap is :math:`\|r - u\|^2 + \sum_j (x_j'u - \alpha f_j w_j)^2 / (\alpha f_j)`, in
    which nothing cancels. What rounding may hide is added: `error` bounds that of each gradient,
    from gamma_n of the norms. With alpha = 0 it is :math:`\|A'r\|^2`, and no bound.
    """
    gamma = 1.01 * UNIT * (design.n + design.p + 10)
    norms = (1 + gamma) * design.column_norms()
    residuals = targets - design.times(coefs)
    sizes = np.linalg.norm(residuals, axis=0)
    reach = norms @ np.abs(coefs) + np.linalg.norm(targets, axis=0)
    free, penalised = factors == 0, (factors > 0) & np.isfinite(factors)
    shift = np.zeros(len(sizes))  # what rounded means leave to the intercept
    if design.center:
        shift = np.abs(design.roots @ residuals) / np.linalg.norm(design.roots)
    slip, lost = shift + gamma * reach, np.zeros(len(sizes))
    if np.any(free):
        basis = linalg.orth(design.restricted(free, np.ones(np.sum(free)), None).dense())
        away = basis @ (basis.T @ residuals)
        residuals, slip = residuals - away, slip + np.linalg.norm(away, axis=0)
        lost = 2 * gamma * reach * (norms[free] @ np.abs(coefs[free]))
    products = design.transposed_times(residuals)
    gaps = np.sum(products[np.isfinite(factors)] ** 2, axis=0)
    for k in np.flatnonzero(alphas > 0):
        weights = alphas[k] * factors[penalised]
        pulls = weights * coefs[penalised, k]
        error = norms[penalised] * (gamma * (sizes[k] + reach[k]) + shift[k])
        away = np.abs(products[penalised, k] - pulls) + error + 4 * UNIT * np.abs(pulls)
        gaps[k] = slip[k] ** 2 + lost[k] + np.sum(away**2 / weights)
    return np.asarray((1 + gamma) * gaps)
