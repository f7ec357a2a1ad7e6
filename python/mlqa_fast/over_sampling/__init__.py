"""Over-sampling of minority classes, as in ``imblearn.over_sampling``."""
