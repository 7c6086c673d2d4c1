"""Where each cell of a score map lies in the source image."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoreGrid:
    """Places the cells of a `(rows, cols)` score map in source pixels.

    Cell `(row, col)` stands for the window whose top-left corner, in pixels of the level, is
    `origin_xy + (col * stride, row * stride)`, and whose size is `crop_hw`. One level pixel is
    `1 / scale` source pixels; the level's point (0, 0) is the source's point (0, 0).

    Attributes:
        size_hw: rows and columns of the map.
        stride_hw: level pixels between neighbouring cells.
        crop_hw: height and width of a window, in level pixels.
        origin_xy: top-left corner of cell (0, 0)'s window, in level pixels; negative where the
            frame was widened by a border.
        scale: level pixels per source pixel.
    """

    size_hw: tuple[int, int]
    stride_hw: tuple[int, int]
    crop_hw: tuple[int, int]
    origin_xy: tuple[int, int]
    scale: float

    def windows_xyxy(
        self, rows: NDArray[np.integer], cols: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """The windows of cells `rows[i], cols[i]`, float64 `(n, 4)` in source pixels."""
        crop_h, crop_w = self.crop_hw
        return self.parts_xyxy(rows, cols, (0.0, 0.0, float(crop_w), float(crop_h)))

    def parts_xyxy(
        self,
        rows: NDArray[np.integer],
        cols: NDArray[np.integer],
        part_xyxy: tuple[float, float, float, float],
    ) -> NDArray[np.float64]:
        """One rectangle inside each window, such as the object box.

        Args:
            rows: `(n,)` row of each cell.
            cols: `(n,)` column of each cell.
            part_xyxy: the rectangle in pixels of the crop.

        Returns:
            Float64 `(n, 4)` in source pixels.
        """
        left = self.origin_xy[0] + cols * self.stride_hw[1]
        top = self.origin_xy[1] + rows * self.stride_hw[0]
        corners = np.stack([left, top, left, top], axis=1) + np.asarray(part_xyxy, np.float64)
        return np.asarray(corners / self.scale, np.float64)

    def part(self, rows: range, cols: range) -> "ScoreGrid":
        """The grid of some neighbouring cells: its cell (0, 0) is `(rows.start, cols.start)`."""
        left, top = self.origin_xy
        origin_xy = (left + cols.start * self.stride_hw[1], top + rows.start * self.stride_hw[0])
        return replace(self, size_hw=(len(rows), len(cols)), origin_xy=origin_xy)
