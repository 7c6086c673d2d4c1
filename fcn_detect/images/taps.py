"""The resampler of this project as tables of whole numbers, for devices that Pillow does not reach.

A level made by these tables is the level that `paint_canvas` makes, byte for byte.
"""

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import (
    FramePlan,
    Level,
    PassRows,
    PlannedCanvas,
    PlannedLevel,
    Taps,
)
from fcn_detect.geometry.frame_plan import WEIGHT_BITS
from fcn_detect.images.octaves import halvings
from fcn_detect.images.resampling import Block, blocks, source_ratio

HW = tuple[int, int]


@functools.lru_cache(maxsize=64)
def plan_frame(
    frame_hw: HW, image_hw: HW, halved: int, levels: tuple[Level, ...], parts: tuple[PassRows, ...]
) -> FramePlan:
    """How canvases are made of any frame of one size.

    Args:
        frame_hw: height and width of the pixels that are there.
        image_hw: of the whole image.
        halved: how often its decoder has halved it.
        levels: of its pyramid.
        parts: of the passes over them: one canvas each.
    """

    def planned(part: PassRows) -> PlannedCanvas:
        placed = zip(part.one.pieces, part.one.canvas.corners_yx, strict=True)
        on_it = [_plan_level(frame_hw, image_hw, halved, levels[i], at) for i, at in placed]
        if part.rows is None:
            return PlannedCanvas(part.one.canvas.size_hw, tuple(on_it))
        (level,) = on_it
        strip = replace(level, down=level.down.part(part.rows))
        return PlannedCanvas((len(part.rows), len(level.across.index)), (strip,))

    return FramePlan(frame_hw, tuple(map(planned, parts)))


def _plan_level(
    frame_hw: HW, image_hw: HW, halved: int, level: Level, corner_yx: HW
) -> PlannedLevel:
    times = halvings(level.scale)

    def taps(axis: int, before: int, after: int) -> Taps:
        side = level.frame_hw[axis]
        ratio = source_ratio(side, image_hw[axis], level.scale, times)
        halved_side = -(-frame_hw[axis] // 2 ** (times - halved))
        return _widened(axis_taps(side, ratio, halved_side), before, after)

    border = level.border
    down, across = taps(0, border.top, border.bottom), taps(1, border.left, border.right)
    return PlannedLevel(times - halved, corner_yx, down, across)


def axis_taps(side: int, ratio: float, source_side: int) -> Taps:
    """What makes all rows (or columns) of a level of those of the halved image.

    Args:
        side: rows of the level.
        ratio: rows of the halved image for each one of the level.
        source_side: rows of the halved image.
    """
    parts = [_block_taps(block) for block in blocks(range(side), side, ratio, source_side)]
    most = max(index.shape[1] for index, _ in parts)
    # what is added has no weight, so any row will do
    index, weights = (
        np.concatenate([np.pad(some, ((0, 0), (0, most - some.shape[1]))) for some in all_of_it])
        for all_of_it in zip(*parts, strict=True)
    )
    heavy_first = np.argsort(weights == 0, axis=1, kind="stable")
    heavy_first = heavy_first[:, : np.count_nonzero(weights, axis=1).max()]
    return Taps(*(np.take_along_axis(some, heavy_first, axis=1) for some in (index, weights)))


def _block_taps(block: Block) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows of the halved image and their weights, `(block.size, taps)` each.

    Source: Pillow, src/libImaging/Resample.c, `precompute_coeffs` and `normalize_coeffs_8bpc`, with
    its triangle for a filter. Pillow takes the ends of a box as float32.
    """
    begin, end = np.float32(block.extent[0]), np.float32(min(block.extent[1], len(block.source)))
    scale = float(end - begin) / block.size
    support = max(scale, 1.0)
    centres = float(begin) + (np.arange(block.size) + 0.5) * scale
    first = np.maximum((centres - support + 0.5).astype(np.int64), 0)
    beyond = np.minimum((centres + support + 0.5).astype(np.int64), len(block.source))
    rows = first[:, None] + np.arange(max(beyond - first))
    shares = np.maximum(1 - np.abs((rows - centres[:, None] + 0.5) * (1 / support)), 0.0)
    shares[rows >= beyond[:, None]] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    weights = (0.5 + shares * 2**WEIGHT_BITS).astype(np.int32)
    return block.source.start + np.minimum(rows, len(block.source) - 1), weights


def _widened(taps: Taps, before: int, after: int) -> Taps:
    """With the first row and the last repeated, as a border does."""
    rows = np.arange(-before, len(taps.index) + after).clip(0, len(taps.index) - 1)
    return Taps(taps.index[rows], taps.weights[rows])
