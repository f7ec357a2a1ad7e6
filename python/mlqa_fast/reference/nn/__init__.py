"""Readable definitions for ``mlqa_fast.nn``."""

from mlqa_fast.reference.nn import functional

__all__ = ["functional"]
