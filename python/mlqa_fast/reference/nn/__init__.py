"""Readable definitions for ``mlqa_fast.nn``."""
