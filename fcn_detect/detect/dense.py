"""Dense evaluation: every window of a level in one forward pass."""

import numpy as np

from fcn_detect.backends import Backend, Pixels
from fcn_detect.geometry import Level, ScoreGrid
from fcn_detect.images import add_border, resize
from fcn_detect.results import ScoreMap

# Largest forward pass, in pixels of the level: bounds its memory to about 1 GB.
MAX_PASS_PIXELS = 8_000_000


def level_pixels(image: Pixels, level: Level) -> Pixels:
    """The image at a level's scale, widened by its border: RGB uint8 `(*level.size_hw, 3)`."""
    return add_border(resize(image, level.frame_hw, level.scale), level.border)


def score_level(backend: Backend, image: Pixels, level: Level) -> ScoreMap:
    """The scores of all windows of one level of an image, RGB uint8 `(h, w, 3)`.

    A level above `MAX_PASS_PIXELS` is scored in strips of rows that overlap by what a window
    needs, where the net is exact; a padded net always takes a level in one piece.
    """
    grid = level.grid(backend.header.crop_hw, backend.header.stride_hw)
    pixels = level_pixels(image, level)
    rows = grid.size_hw[0]
    if backend.header.exact:
        rows = _rows_per_pass(grid, pixels.shape[1])
    strips = [
        backend.maps(_strip(pixels, grid, first, min(first + rows, grid.size_hw[0]))[None])[0]
        for first in range(0, grid.size_hw[0], rows)
    ]
    values = strips[0] if len(strips) == 1 else np.concatenate(strips, axis=1)
    return ScoreMap.split(values, backend.header.outputs, grid)


def _rows_per_pass(grid: ScoreGrid, width: int) -> int:
    """Map rows that one pass may hold, at least one."""
    pixel_rows = MAX_PASS_PIXELS // width - grid.crop_hw[0]
    return max(1, pixel_rows // grid.stride_hw[0] + 1)


def _strip(pixels: Pixels, grid: ScoreGrid, first: int, end: int) -> Pixels:
    """The pixel rows that the map rows [first, end) need."""
    stride, crop = grid.stride_hw[0], grid.crop_hw[0]
    return pixels[first * stride : (end - 1) * stride + crop]
