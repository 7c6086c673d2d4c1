"""The levels of an image, resized straight into the one canvas that a network gets."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import Canvas, Level, Pass
from fcn_detect.images.borders import paint_with_border
from fcn_detect.images.octaves import Octaves, halvings
from fcn_detect.images.resampling import resize_part

Pixels = NDArray[np.uint8]


def paint_passes(
    octaves: Octaves, levels: Sequence[Level], passes: Sequence[Pass], threads: int = 1
) -> list[Pixels]:
    """The canvas of each pass over a pyramid; see `paint_canvas`."""
    return [
        paint_canvas(octaves, [levels[i] for i in one.pieces], one.canvas, threads)
        for one in passes
    ]


def paint_canvas(
    octaves: Octaves, levels: Sequence[Level], canvas: Canvas, threads: int = 1
) -> Pixels:
    """All levels with their borders, each in its place: RGB uint8 `(*canvas.size_hw, 3)`.

    What lies between the levels is black. The pixels do not depend on `threads`.

    Args:
        octaves: of the image.
        levels: in the order of the canvas's corners.
        canvas: where they lie.
        threads: levels resized at once.
    """
    pixels = np.zeros((*canvas.size_hw, 3), np.uint8)
    octaves.octave_hw(max(halvings(level.scale) for level in levels))  # before the threads start

    def paint(level: Level, corner_yx: tuple[int, int]) -> None:
        (top, left), (height, width) = corner_yx, level.size_hw
        frame = resize_part(octaves, level.frame_hw, level.scale, *map(range, level.frame_hw))
        paint_with_border(pixels[top : top + height, left : left + width], frame, level.border)

    if threads == 1 or len(levels) == 1:
        for level, corner_yx in zip(levels, canvas.corners_yx, strict=True):
            paint(level, corner_yx)
        return pixels
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(paint, levels, canvas.corners_yx))
    return pixels
