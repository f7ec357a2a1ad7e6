"""
The engine for products of two sets of rows.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['product']
@typing.overload
def product(a: numpy.typing.NDArray[numpy.float32], b: numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]:
    """
    Products of all rows of a with all rows of b.
    """
@typing.overload
def product(a: numpy.typing.NDArray[numpy.float64], b: numpy.typing.NDArray[numpy.float64]) -> numpy.typing.NDArray[numpy.float64]:
    """
    Products of all rows of a with all rows of b.
    """
