"""When two ways to the values of a net agree."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-4
"""Largest difference, of the values' scale, of two ways that must agree: float rounding."""


def scale_of(reference: NDArray[np.floating]) -> float:
    """What differences are measured in: the largest magnitude, at least 1."""
    return max(1.0, float(np.abs(reference).max()))


def relative_difference(values: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """`max|a - b| / max(1, max|b|)` of two arrays of one shape; NaN where either holds one."""
    return float(np.abs(values - reference).max()) / scale_of(reference)
