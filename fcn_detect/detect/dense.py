"""Dense evaluation: every window of a level, or of all levels, in one forward pass."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, Pixels
from fcn_detect.geometry import Level, Pass, ScoreGrid, plan_passes
from fcn_detect.images import Halves, add_border, paint_canvas, resize
from fcn_detect.results import ModelHeader, ScoreMap

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


def score_pyramid(backend: Backend, image: Pixels, levels: Sequence[Level]) -> list[ScoreMap]:
    """The score maps of all levels of an image, in as few forward passes as can be.

    The levels of an exact net are packed; those of a padded one would reach into each other, and
    are scored one by one.
    """
    if backend.header.exact:
        return score_packed(backend, image, levels)
    return [score_level(backend, image, level) for level in levels]


def score_packed(backend: Backend, image: Pixels, levels: Sequence[Level]) -> list[ScoreMap]:
    """The score maps of all levels, packed into canvases of at most `MAX_PASS_PIXELS`.

    They equal those of `score_level`, to float rounding.

    Raises:
        ValueError: the net pads, so that levels on one canvas would reach into each other.
    """
    if not backend.header.exact:
        raise ValueError(f"the padded net {backend.header.net} cannot score packed levels")
    halves = Halves(image)
    score_maps: dict[int, ScoreMap] = {}
    for one in pyramid_passes(levels, backend.header.stride_hw):
        if is_in_strips(one):
            (piece,) = one.pieces
            score_maps[piece] = score_level(backend, image, levels[piece])
            continue
        pieces = [levels[i] for i in one.pieces]
        pixels = paint_canvas(halves, pieces, one.canvas, threads=os.cpu_count() or 1)
        values = backend.maps(pixels[None])[0]
        score_maps |= cut_maps(values, one, levels, backend.header)
    return [score_maps[i] for i in range(len(levels))]


def pyramid_passes(levels: Sequence[Level], stride_hw: tuple[int, int]) -> tuple[Pass, ...]:
    """The forward passes of an exact net over a pyramid."""
    return plan_passes(tuple(level.size_hw for level in levels), stride_hw, MAX_PASS_PIXELS)


def is_in_strips(one: Pass) -> bool:
    """Whether a pass holds one level too large for it, that has to be scored in strips."""
    height, width = one.canvas.size_hw
    return len(one.pieces) == 1 and height * width > MAX_PASS_PIXELS


def cut_maps(
    values: NDArray[np.float32], one: Pass, levels: Sequence[Level], header: ModelHeader
) -> dict[int, ScoreMap]:
    """Each level's score map, by its index, out of the map of their canvas.

    Args:
        values: `(channels, rows, cols)`, of the whole canvas.
        one: the pass that gave them.
        levels: all of the pyramid.
        header: of the model.
    """
    (stride_h, stride_w), score_maps = header.stride_hw, {}
    for piece, (top, left) in zip(one.pieces, one.canvas.corners_yx, strict=True):
        grid = levels[piece].grid(header.crop_hw, header.stride_hw)
        (row, col), (rows, cols) = (top // stride_h, left // stride_w), grid.size_hw
        own = values[:, row : row + rows, col : col + cols]
        score_maps[piece] = ScoreMap.split(own, header.outputs, grid)
    return score_maps


def _rows_per_pass(grid: ScoreGrid, width: int) -> int:
    """Map rows that one pass may hold, at least one."""
    pixel_rows = MAX_PASS_PIXELS // width - grid.crop_hw[0]
    return max(1, pixel_rows // grid.stride_hw[0] + 1)


def _strip(pixels: Pixels, grid: ScoreGrid, first: int, end: int) -> Pixels:
    """The pixel rows that the map rows [first, end) need."""
    stride, crop = grid.stride_hw[0], grid.crop_hw[0]
    return pixels[first * stride : (end - 1) * stride + crop]
