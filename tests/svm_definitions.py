"""Kernels and certificates from their definitions, for the tests of this folder."""

from itertools import combinations

import numpy as np


def rbf(A, B, gamma):
    """exp(-gamma |a - b|^2), differences squared one by one."""
    return np.array([np.exp(-gamma * ((B - a) ** 2).sum(axis=1)) for a in A])


def matrix_of(X, kernel, degree=3, gamma=1.0, coef0=0.0):
    """The kernel matrix, from the formulas."""
    if kernel == "rbf":
        return rbf(X, X, gamma)
    G = X @ X.T
    if kernel == "linear":
        return G
    return (gamma * G + coef0) ** degree if kernel == "poly" else np.tanh(gamma * G + coef0)


def machine_certificates(svc, K, y, bound):
    """Violation, gap and objective of every machine from the fitted attributes alone.

    K is the kernel matrix of all training points and `bound` holds C_i; all in float64.
    """
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    sign_of_two = -1.0 if len(svc.classes_) == 2 else 1.0
    coef, intercept = sign_of_two * np.asarray(svc.dual_coef_), sign_of_two * svc.intercept_
    result = []
    for number, (a, b) in enumerate(combinations(range(len(svc.classes_)), 2)):
        rows = np.flatnonzero(np.isin(y, svc.classes_[[a, b]]) & (bound > 0))
        sign = np.where(y[rows] == svc.classes_[a], 1.0, -1.0)
        beta = np.zeros(len(y))
        for own, row in ((a, b - 1), (b, a)):
            part = slice(start[own], start[own + 1])
            beta[svc.support_[part]] = coef[row, part]
        beta, C = beta[rows], bound[rows]
        alpha = sign * beta
        assert np.all(alpha >= 0)
        assert np.all(alpha <= C)
        assert abs(beta.sum()) <= 1e-12 * max(1.0, np.abs(beta).sum())
        f = K[np.ix_(rows, rows)] @ beta
        descent = sign - f
        up = np.where(sign > 0, alpha < C, alpha > 0)
        low = np.where(sign > 0, alpha > 0, alpha < C)
        violation = descent[up].max() - descent[low].min()
        objective = alpha.sum() - beta @ f / 2
        hinge = np.maximum(0, 1 - sign * (f + intercept[number]))
        result.append((violation, beta @ f / 2 + C @ hinge - objective, objective))
    return np.array(result)
