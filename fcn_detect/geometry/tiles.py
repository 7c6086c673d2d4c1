"""How the map of a large level is divided, so that each part takes little memory."""

import math
from dataclasses import dataclass

from fcn_detect.geometry.grid import ScoreGrid


@dataclass(frozen=True)
class Tile:
    """Some neighbouring cells of a level's map, and the pixels that they need.

    A cell needs its window and nothing else, so that the tile's map, made by itself, is a part of
    the level's map. Tiles share pixels, by what a window is larger than a stride, but no cells.

    Attributes:
        rows: of the level's map.
        cols: likewise.
        grid: of the tile's own map: its cell (0, 0) is the level's cell
            `(rows.start, cols.start)`.
    """

    rows: range
    cols: range
    grid: ScoreGrid

    @property
    def pixel_rows(self) -> range:
        """Rows of the level, border included, that the windows cover."""
        return _pixels(self.rows, self.grid.stride_hw[0], self.grid.crop_hw[0])

    @property
    def pixel_cols(self) -> range:
        """Columns of the level that the windows cover."""
        return _pixels(self.cols, self.grid.stride_hw[1], self.grid.crop_hw[1])


def plan_tiles(grid: ScoreGrid, most_pixels: int) -> list[Tile]:
    """Tiles that share out the cells of a level, row by row, in nearly equal parts.

    They are as square as the level allows, since that makes the shared pixels fewest.

    Args:
        grid: of the level's map.
        most_pixels: of one tile; a tile of one cell may have more.
    """
    height, width = (
        (cells - 1) * stride + crop
        for cells, stride, crop in zip(grid.size_hw, grid.stride_hw, grid.crop_hw, strict=True)
    )
    square = math.isqrt(most_pixels)
    most_h = max(square, most_pixels // width)
    most_w = max(square, most_pixels // min(height, most_h))
    all_cols = _shares(grid.size_hw[1], most_w, grid.stride_hw[1], grid.crop_hw[1])
    return [
        Tile(rows, cols, grid.part(rows, cols))
        for rows in _shares(grid.size_hw[0], most_h, grid.stride_hw[0], grid.crop_hw[0])
        for cols in all_cols
    ]


def _shares(cells: int, most: int, stride: int, crop: int) -> list[range]:
    """Rows (or columns) of a map in nearly equal parts that need at most so many pixels."""
    at_once = max(1, (most - crop) // stride + 1)
    parts = -(-cells // at_once)
    return [range(i * cells // parts, (i + 1) * cells // parts) for i in range(parts)]


def _pixels(cells: range, stride: int, crop: int) -> range:
    return range(cells.start * stride, (cells.stop - 1) * stride + crop)
