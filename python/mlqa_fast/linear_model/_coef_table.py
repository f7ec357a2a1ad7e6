"""The coefficients that are not zero, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERCEPT = "(Intercept)"  # as R names it


def coef_table(
    coef: NDArray[Any], names: NDArray[Any], intercepts: NDArray[Any] | None = None
) -> NDArray[np.void]:
    """A row for each coefficient of (n_targets, n_features) that is not zero.

    The rows of a target come by falling magnitude, behind that of its intercept, if given.
    """
    texts = np.array([*map(str, names), INTERCEPT])
    fields: list[tuple[str, Any]] = [("target", np.intp)] if len(coef) > 1 else []
    fields += [("feature", texts.dtype), ("index", np.intp)]
    fields += [("coefficient", coef.dtype), ("share", np.float64)]
    tables = []
    for target, values in enumerate(coef):
        magnitudes = np.abs(values.astype(np.float64))
        order = np.argsort(-magnitudes, kind="stable")[: np.count_nonzero(magnitudes)]
        shares = magnitudes / max(np.sum(magnitudes), np.finfo(np.float64).tiny)
        if intercepts is not None:  # the last, at -1
            order = np.insert(order, 0, -1)
            values, shares = np.append(values, intercepts[target]), np.append(shares, np.nan)
        table = np.empty(len(order), dtype=fields)
        if len(coef) > 1:
            table["target"] = target
        table["feature"], table["index"] = texts[order], order
        table["coefficient"], table["share"] = values[order], shares[order]
        tables.append(table)
    return np.concatenate(tables)
