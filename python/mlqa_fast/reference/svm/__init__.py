"""Readable definitions for ``mlqa_fast.svm``."""
