"""Kinds of rows on which a search for neighbours may go wrong: n rows of d features each."""

import numpy as np


def plain(rng, n, d):
    return rng.normal(size=(n, d))


def far_from_zero(rng, n, d):
    return rng.normal(size=(n, d)) + 1e6


def duplicates(rng, n, d):
    X = rng.normal(size=(n, d))
    return X[rng.integers(max(2, n // 4), size=n)]


def integers(rng, n, d):
    return rng.integers(-3, 4, size=(n, d)).astype(float)


def constant_columns(rng, n, d):
    X = rng.normal(size=(n, d))
    X[:, ::2] = 1e8
    return X


def mixed_scales_of_rows(rng, n, d):
    return rng.normal(size=(n, d)) * 10.0 ** rng.integers(-15, 15, size=(n, 1))


def mixed_scales_of_columns(rng, n, d):
    return rng.normal(size=(n, d)) * 10.0 ** rng.integers(-8, 8, size=d)


def nearly_equal(rng, n, d):
    """Far fewer than a float32's digits tell the distances apart."""
    X = rng.normal(size=(n, d))
    return X[:1] + 1e-7 * X


def identical(rng, n, d):
    return np.full((n, d), 0.1)


def huge(rng, n, d):
    return rng.normal(size=(n, d)) * 1e300


def tiny(rng, n, d):
    return rng.normal(size=(n, d)) * 1e-300


def large(rng, n, d):
    return rng.normal(size=(n, d)) * 1e60


def small(rng, n, d):
    return rng.normal(size=(n, d)) * 1e-60


def subnormal(rng, n, d):
    return rng.integers(-5, 6, size=(n, d)) * 5e-324


def outlier(rng, n, d):
    X = rng.normal(size=(n, d))
    X[n // 2] = 1e12
    return X


KINDS = [
    plain,
    far_from_zero,
    duplicates,
    integers,
    constant_columns,
    mixed_scales_of_rows,
    mixed_scales_of_columns,
    nearly_equal,
    identical,
    huge,
    tiny,
    large,
    small,
    subnormal,
    outlier,
]


def shifted_lattice(rng, n, d):
    return rng.integers(0, 4, size=(n, d)) + 2.0 ** rng.integers(0, 53)


def neighbouring(rng, n, d):
    """A few units in the last place apart."""
    X = np.repeat(rng.normal(size=(1, d)), n, axis=0)
    for _ in range(3):
        X = np.where(rng.random((n, d)) < 0.5, np.nextafter(X, np.inf), X)
    return X


def clusters(rng, n, d):
    centres = rng.normal(size=(3, d)) * 10.0 ** rng.integers(-3, 4)
    return centres[rng.integers(3, size=n)] + 1e-6 * rng.normal(size=(n, d))


def repeated(rng, n, d):
    return rng.normal(size=(4, d))[rng.integers(4, size=n)]


NARROW = [shifted_lattice, neighbouring, clusters, repeated]
SCALES = [1.0, 1e-300, 1e-160, 1e-20, 1e20, 1e153]
