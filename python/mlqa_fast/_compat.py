"""The private names of scikit-learn that its ecosystem uses, imported here alone."""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Hidden, Interval, StrOptions, validate_params

__all__ = ["Hidden", "Interval", "StrOptions", "_fit_context", "validate_params"]
