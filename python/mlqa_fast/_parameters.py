"""Parameters of estimators, looked at once for each combination."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

MOST_REMEMBERED = 256

# Parameters that have passed once, by type and value. Values that could change are not remembered.
_VALID: set[tuple[Any, ...]] = set()
_NOT_SIMPLE = (object, None)


class ParametersOnce(BaseEstimator):  # type: ignore[misc]
    """An estimator whose parameters are checked once for each combination of simple values."""

    def _validate_params(self) -> None:
        key = (
            type(self),
            *[_remembered(name, getattr(self, name)) for name in self._parameter_constraints],
        )
        if key in _VALID:
            return
        super()._validate_params()
        if _NOT_SIMPLE not in key:
            if len(_VALID) >= MOST_REMEMBERED:
                _VALID.clear()
            _VALID.add(key)


def _remembered(name: str, value: Any) -> tuple[type, Any]:
    kind = type(value)
    if name == "random_state" and kind is int and 0 <= value < 2**32:
        return (int, 0)  # seeds change from call to call, and are all as good
    return (kind, value) if kind in (int, float, str, bool, type(None)) else _NOT_SIMPLE
