"""Frames widened with their own edge pixels, as the levels of a pyramid are, and parts of them."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.geometry import Border, Level
from fcn_detect.images.octaves import Octaves, halvings
from fcn_detect.images.resampling import KeptBlocks, resample, resize_part

Pixels = NDArray[np.uint8]


def level_part(
    octaves: Octaves, level: Level, rows: range, cols: range, *, kept: KeptBlocks | None = None
) -> Pixels:
    """Rows and columns of a level, its border included: RGB uint8 `(len(rows), len(cols), 3)`.

    They are made by themselves, and equal those of the whole level to the last bit.

    Args:
        octaves: the image.
        level: its frame's first row is the level's row `border.top`.
        rows: of the level, at least one.
        cols: likewise.
        kept: of this image, where more parts of it are made, from the top left on.
    """
    frame_h, frame_w = level.frame_hw
    rows, down = _inside(rows, level.border.top, frame_h)
    cols, across = _inside(cols, level.border.left, frame_w)
    pixels = resize_part(octaves, level.frame_hw, level.scale, rows, cols, kept=kept)
    return add_border(pixels, Border(down[0], across[0], down[1], across[1]))


def cut_region(
    octaves: Octaves, region_xyxy: tuple[float, float, float, float], size_hw: tuple[int, int]
) -> Pixels:
    """A rectangle of an image at another size, its edge pixels repeated where it leaves the image.

    Corners between pixels are kept to a fraction of a pixel. An axis has a scale of its own.

    Args:
        octaves: the image.
        region_xyxy: x0, y0, x1, y1 in pixels of the whole image, with sides above 0.
        size_hw: height and width of the result.

    Returns:
        RGB uint8 `(*size_hw, 3)`.
    """
    x0, y0, x1, y1 = region_xyxy
    times = halvings(max(size_hw[0] / (y1 - y0), size_hw[1] / (x1 - x0)))
    x0, y0, x1, y1 = (value * 2.0**-times for value in (x0, y0, x1, y1))
    sides = octaves.octave_hw(times)
    down = _with_reach(y0, y1, size_hw[0], sides[0])
    across = _with_reach(x0, x1, size_hw[1], sides[1])
    rows, above = _inside(down, 0, sides[0])
    cols, beside = _inside(across, 0, sides[1])
    pixels = np.asarray(octaves.part(times, rows, cols))
    wider = add_border(pixels, Border(above[0], beside[0], above[1], beside[1]))
    box = (x0 - across.start, y0 - down.start, x1 - across.start, y1 - down.start)
    return resample(Image.fromarray(wider), size_hw, box)


def _with_reach(start: float, stop: float, size: int, side: int) -> range:
    """The rows (or columns) that a stretch of an image is resized from.

    Those that only the filter reaches are taken where the image has them.
    """
    first, end = math.floor(start), math.ceil(stop)
    reach = math.ceil(max(1.0, (stop - start) / size)) + 1
    return range(min(first, max(0, first - reach)), max(end, min(side, end + reach)))


def add_border(image: Pixels, border: Border) -> Pixels:
    """The image widened by repeating its edge pixels: the same array for an empty border."""
    if border == Border():
        return image
    height, width = image.shape[:2]
    wider = np.empty(
        (border.top + height + border.bottom, border.left + width + border.right, 3), np.uint8
    )
    paint_with_border(wider, image, border)
    return wider


def paint_with_border(target: Pixels, image: Pixels, border: Border) -> None:
    """Fills `target` with the image and, around it, with its edge pixels.

    Args:
        target: uint8 `(h, w, 3)` of just the size of both; written to.
        image: uint8 `(h, w, 3)`.
        border: around the image.
    """
    height, width = image.shape[:2]
    rows = target[border.top : border.top + height]
    rows[:, border.left : border.left + width] = image
    rows[:, : border.left] = image[:, :1]
    rows[:, border.left + width :] = image[:, -1:]
    target[: border.top] = rows[0]
    target[border.top + height :] = rows[-1]


def _inside(part: range, margin: int, side: int) -> tuple[range, tuple[int, int]]:
    """What of a part of a level lies in its frame, at least its nearest row, and what beyond.

    Args:
        part: rows (or columns) of the level.
        margin: rows of the border before the frame.
        side: rows of the frame.

    Returns:
        Rows of the frame, and by how many they are to be widened before and after.
    """
    first = min(max(part.start - margin, 0), side - 1)
    end = max(min(part.stop - margin, side), first + 1)
    before = min(max(0, margin - part.start), len(part) - 1)
    return range(first, end), (before, len(part) - before - (end - first))
