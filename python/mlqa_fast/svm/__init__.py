"""Support vector machines, as in ``sklearn.svm``."""
