"""A small known image, and a net's values on it: how an exported file tells wrong arithmetic.

A runtime may choose other code on another processor, and that code may be wrong.
"""

import numpy as np
from numpy.typing import NDArray

HW = tuple[int, int]

# Cells of the map: runtimes treat wide maps differently from narrow ones.
CELLS_HW = (4, 64)
# Of the columns every so many are kept.
EVERY = 4


def probe_image(crop_hw: HW, stride_hw: HW) -> NDArray[np.uint8]:
    """Blocks with edges and a fine texture, RGB `(h, w, 3)`; the same bytes everywhere."""
    height, width = (
        crop + (cells - 1) * stride
        for crop, cells, stride in zip(crop_hw, CELLS_HW, stride_hw, strict=True)
    )
    y, x, channel = np.mgrid[:height, :width, :3]
    blocks = ((y // 13 * 5 + x // 9 * 3) * 89 + 40 * channel) % 256
    texture = (y * 31 + x * 17) ^ (x * y)
    return np.asarray((3 * blocks + texture % 256) // 4, np.uint8)


def probe_values(maps: NDArray[np.float32]) -> tuple[float, ...]:
    """The values of a map of the probe, `(channels, rows, cols)`, that a file carries."""
    return tuple(float(value) for value in maps[:, :, ::EVERY].ravel())
