"""Training primitives on NumPy arrays, after ``torch.nn``."""
