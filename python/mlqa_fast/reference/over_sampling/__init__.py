"""Readable definitions for ``mlqa_fast.over_sampling``."""
