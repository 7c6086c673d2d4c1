"""Whether an exported file gives on this machine what it is to give."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends.base import Backend
from fcn_detect.errors import ModelError
from fcn_detect.headers import probe_image, probe_values, read_export

# Largest deviation, as a share of how far the values of a channel spread. 8-bit sums round
# differently on other processors; wrong sums are off by more than the spread.
MOST, MOST_INT8 = 1e-3, 0.5


def checked(backend: Backend, path: Path) -> Backend:
    """The backend itself, if it gives on the probe what its file says; old files say nothing.

    Raises:
        ModelError: it does not.
    """
    net = read_export(path)
    if not net.probe:
        return backend
    maps = backend.maps(probe_image(net.crop_hw, net.stride_hw)[None])[0]
    true = np.array(net.probe).reshape(len(maps), -1)  # (channels, cells)
    found = np.array(probe_values(maps)).reshape(true.shape)
    deviation = float(np.sqrt(np.mean((found - true) ** 2, axis=1) / _spread(true)).max())
    most = MOST_INT8 if net.int8 else MOST
    if not deviation <= most:  # no number is no equality
        raise ModelError(
            f"{path}: {backend.name} computes it wrongly on this processor: on a known image its "
            f"values are off by {deviation:.1g} of their spread, more than {most:g}; use another "
            "--backend, or the model file that it was exported from"
        )
    return backend


def _spread(true: NDArray[np.float64]) -> NDArray[np.float64]:
    """The variance of each channel's values, and not less than that of rounding."""
    return np.asarray(np.maximum(true.var(axis=1), 1e-6))
