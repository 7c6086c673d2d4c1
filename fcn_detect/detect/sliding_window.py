"""The brute-force sliding window: cut every window, classify it.

It is the oracle that every faster path is measured against, and the baseline of benchmarks.
"""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import CropClassifier, Pixels
from fcn_detect.geometry import ScoreGrid
from fcn_detect.results import ScoreMap


def cut_windows(
    pixels: Pixels, grid: ScoreGrid, rows: NDArray[np.integer], cols: NDArray[np.integer]
) -> Pixels:
    """The pixels of the windows of cells `rows[i], cols[i]`, as uint8 `(n, crop_h, crop_w, 3)`.

    Args:
        pixels: a level with its border, RGB uint8 `(h, w, 3)`.
        grid: of that level.
        rows: `(n,)`.
        cols: `(n,)`.
    """
    crop_h, crop_w = grid.crop_hw
    windows = np.empty((len(rows), crop_h, crop_w, 3), np.uint8)
    for i, (row, col) in enumerate(zip(rows, cols, strict=True)):
        y, x = row * grid.stride_hw[0], col * grid.stride_hw[1]
        windows[i] = pixels[y : y + crop_h, x : x + crop_w]
    return windows


def classify_windows(
    classify: CropClassifier,
    pixels: Pixels,
    grid: ScoreGrid,
    batch_size: int = 256,
    outputs: int | None = None,
) -> ScoreMap:
    """The score map of a level, made window by window with the unconverted classifier.

    Args:
        classify: the classifier.
        pixels: a level with its border, RGB uint8 `(h, w, 3)`.
        grid: of that level.
        batch_size: windows classified at once.
        outputs: how many of its values are logits; the rest are offsets. None: all.
    """
    rows, cols = (axis.ravel() for axis in np.indices(grid.size_hw))
    batches = [
        classify(cut_windows(pixels, grid, rows[i : i + batch_size], cols[i : i + batch_size]))
        for i in range(0, len(rows), batch_size)
    ]
    values = np.concatenate(batches).T.reshape(-1, *grid.size_hw)  # (channels, rows, cols)
    return ScoreMap.split(np.ascontiguousarray(values), outputs or len(values), grid)
