"""Where a model sees objects in an image of any size, as fine as its windows lie."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcn_detect.detect.heat_map import spread
from fcn_detect.geometry import Level, ScoreGrid, Tile
from fcn_detect.postprocess import probabilities
from fcn_detect.results import ModelHeader, ScoreMap

# Most pixels of a heat map: bounds its memory to some 200 MB.
MAX_HEAT_PIXELS = 32_000_000
BLOCK = 1024


class LargeHeatMap:
    """The best probability over all levels and classes, as the parts of a search come in.

    One of its pixels stands for as many source pixels as lie between two windows of the largest
    level, or for more where the map would else have more than `MAX_HEAT_PIXELS`.

    Attributes:
        pixel: source pixels, across and down, that one pixel stands for.
        pixels: uint8 `(h, w)`, 255 for probability 1; complete once all parts have come.
    """

    def __init__(
        self, image_hw: tuple[int, int], levels: Sequence[Level], header: ModelHeader
    ) -> None:
        height, width = image_hw
        finest = min(header.stride_hw) / levels[0].scale
        self.pixel = max(1.0, finest, math.sqrt(height * width / MAX_HEAT_PIXELS))
        size_hw = math.ceil(height / self.pixel), math.ceil(width / self.pixel)
        self.pixels = np.zeros(size_hw, np.uint8)
        self._calibration = header.calibration
        self._grids = [level.grid(header.crop_hw, header.stride_hw) for level in levels]
        self._open: dict[int, tuple[NDArray[np.uint8], int]] = {}  # levels, and cells to come

    def add(self, level: int, tile: Tile, score_map: ScoreMap) -> None:
        """Takes the scores of a tile; a level is drawn when its last tile has come."""
        size_hw = self._grids[level].size_hw
        if level not in self._open:
            self._open[level] = np.zeros(size_hw, np.uint8), math.prod(size_hw)
        scores, missing = self._open.pop(level)
        shares = probabilities(score_map.logits, self._calibration).max(axis=0)
        rows, cols = tile.rows, tile.cols
        scores[rows.start : rows.stop, cols.start : cols.stop] = (shares * 255).round()
        missing -= len(rows) * len(cols)
        if missing:
            self._open[level] = scores, missing
        else:
            self._draw(scores, self._grids[level])

    def _draw(self, scores: NDArray[np.uint8], grid: ScoreGrid) -> None:
        """Lays a level's scores over the map, block by block."""
        height, width = self.pixels.shape
        for top in range(0, height, BLOCK):
            rows = self._cells(grid, 0, range(top, min(top + BLOCK, height)))
            for left in range(0, width, BLOCK):
                cols = self._cells(grid, 1, range(left, min(left + BLOCK, width)))
                own = self.pixels[top : top + BLOCK, left : left + BLOCK]
                if rows and cols:
                    near = scores[rows.start : rows.stop, cols.start : cols.stop]
                    part, size_hw = grid.part(rows, cols), (own.shape[0], own.shape[1])
                    laid = spread(near, part, size_hw, self.pixel, (top, left))
                    np.maximum(own, laid, out=own)

    def _cells(self, grid: ScoreGrid, axis: int, pixels: range) -> range:
        """The rows (axis 0) or columns of a level's map that show in rows of the heat map."""
        side, stride = grid.size_hw[axis], grid.stride_hw[axis]
        centre = grid.origin_xy[1 - axis] + grid.crop_hw[axis] / 2  # of the first window
        step = self.pixel * grid.scale  # level pixels of one pixel
        first = math.floor(((pixels.start + 0.5) * step - centre) / stride) - 1
        last = math.ceil(((pixels.stop - 0.5) * step - centre) / stride) + 1
        return range(min(max(first, 0), side), min(max(last + 1, 0), side))
