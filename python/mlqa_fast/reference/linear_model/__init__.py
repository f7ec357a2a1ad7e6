"""Readable definitions for ``mlqa_fast.linear_model``."""
