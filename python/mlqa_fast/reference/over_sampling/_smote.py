"""SMOTE with every distance evaluated and one row after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from mlqa_fast.reference.pairwise import knn

_MASK = 0xFFFFFFFF


def philox(seed: int, stream: int, counter: int) -> tuple[int, int]:
    """Block of Philox4x32-10 as two 64-bit numbers."""
    c = [counter & _MASK, counter >> 32, stream & _MASK, stream >> 32]
    key = [seed & _MASK, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ key[0], b & _MASK, (a >> 32) ^ c[3] ^ key[1], a & _MASK]
        key = [(key[0] + 0x9E3779B9) & _MASK, (key[1] + 0xBB67AE85) & _MASK]
    return c[0] << 32 | c[1], c[2] << 32 | c[3]


def smote(
    X: ArrayLike,
    n_samples: int,
    *,
    k_neighbors: int = 5,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    random_stream: str | None = None,
    base: str = "random",
    return_provenance: bool = False,
) -> Any:
    r"""Synthetic rows of one class.

    They are :math:`x_i + \lambda (x_j - x_i)` with :math:`x_j` among the neighbours of :math:`x_i`
    (Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", 2002, figure 3). The
    parameters are those of :func:`mlqa_fast.over_sampling.smote`; `n_jobs` has no effect.

    Returns
    -------
    X_new : ndarray of shape (n_samples, n_features)
        The new rows; with `return_provenance` followed by the rows i and j and by lambda.

    Examples
    --------
    >>> from mlqa_fast.reference.over_sampling import smote
    >>> smote([[0.0], [1.0], [2.0]], 2, k_neighbors=1, random_state=0)
    array([[0.84426575],
           [0.14205438]])
    """
    rows = np.asarray(X)
    rows = rows if rows.dtype == np.float32 else rows.astype(np.float64)
    n, k = len(rows), k_neighbors
    neighbors = knn(rows, k)[1]
    random = check_random_state(random_state)
    seed = random.randint(2**63 - 1, dtype=np.int64) if random_stream == "philox" else 0

    def uniform(stream: int, half: int, size: int) -> Any:
        if random_stream != "philox":
            return random.uniform(size=size)
        return np.array(
            [(philox(int(seed), stream, i)[half] >> 11) * 2.0**-53 for i in range(size)]
        )

    if base == "each":
        turns, rest = divmod(n_samples, n)
        last = sorted(np.argsort(uniform(2, 0, n), kind="stable")[:rest])
        keys = uniform(1, 0, (turns // k + 1) * n * k).reshape(-1, n, k)
        uses = [(turn, i) for turn in range(turns) for i in range(n)] + [(turns, i) for i in last]
        cells = [(i, np.argsort(keys[turn // k, i], kind="stable")[turn % k]) for turn, i in uses]
    elif random_stream == "philox":
        cells = [divmod(philox(int(seed), 0, t)[0] * n * k >> 64, k) for t in range(n_samples)]
    else:
        cells = [divmod(cell, k) for cell in random.randint(low=0, high=n * k, size=n_samples)]
    first = np.array([i for i, _ in cells], np.int64)
    second = np.array([neighbors[i, slot] for i, slot in cells], np.int64)
    fraction = uniform(0, 1, n_samples)
    new = np.empty((n_samples, rows.shape[1]), rows.dtype)
    for t in range(n_samples):
        a, b = rows[first[t]], rows[second[t]]
        new[t] = a + fraction[t] * (b - a).astype(np.float64)
    return (new, first, second, fraction) if return_provenance else new


def resample_like(
    a: ArrayLike,
    base: ArrayLike,
    neighbor: ArrayLike,
    fraction: ArrayLike,
    how: str = "base",
) -> Any:
    """Values of the given rows, then those of synthetic rows between rows i and j of them.

    With ``how="base"`` a synthetic row has the value of row i, with "interpolate" that of the point
    on the segment from i to j at its fraction.

    Returns
    -------
    ndarray of shape (n_samples + n_synthetic, ...)
        Values of all rows.
    """
    values = np.asarray(a)
    new = []
    for i, j, share in zip(*map(np.asarray, (base, neighbor, fraction)), strict=True):
        if how == "base":
            new.append(values[i])
        else:
            # In double whatever the values' type: NumPy 1 would let a single number follow them.
            new.append(values[i] + share * np.asarray(values[j] - values[i], dtype=np.float64))
    return np.array([*values, *new], values.dtype if how == "base" else None)
