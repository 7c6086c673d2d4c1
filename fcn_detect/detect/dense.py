"""Dense evaluation: every window of a level, or of all levels, in one forward pass."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, Pixels
from fcn_detect.errors import ModelError
from fcn_detect.geometry import (
    Canvas,
    Level,
    Pass,
    PassRows,
    ScoreGrid,
    is_too_large,
    plan_passes,
)
from fcn_detect.images import Halves, Octaves, level_part, paint_passes
from fcn_detect.processes import available_cores
from fcn_detect.results import ModelHeader, ScoreMap

# Largest forward pass, in pixels of the level: bounds its memory to about 1 GB.
MAX_PASS_PIXELS = 8_000_000


def level_pixels(image: Pixels, level: Level) -> Pixels:
    """The image at a level's scale, widened by its border: RGB uint8 `(*level.size_hw, 3)`."""
    return _pixels_of(Halves(image), level)


def score_level(backend: Backend, image: Pixels, level: Level) -> ScoreMap:
    """The scores of all windows of one level of an image, RGB uint8 `(h, w, 3)`.

    A level above `MAX_PASS_PIXELS` is scored in strips of rows that overlap by what a window
    needs, where the net is exact; a padded net always takes a level in one piece.
    """
    return _score_alone(backend, Halves(image), level)


def score_pyramid(backend: Backend, octaves: Octaves, levels: Sequence[Level]) -> list[ScoreMap]:
    """The score maps of all levels of an image, in as few forward passes as can be.

    The levels of an exact net are packed; those of a padded one would reach into each other, and
    are scored one by one.
    """
    if backend.header.exact:
        return score_packed(backend, octaves, levels)
    return [_score_alone(backend, octaves, level) for level in levels]


def score_packed(backend: Backend, octaves: Octaves, levels: Sequence[Level]) -> list[ScoreMap]:
    """The score maps of all levels, packed into canvases of about `MAX_PASS_PIXELS` at most.

    They equal those of `score_level`, to float rounding.

    Raises:
        ValueError: the net pads, so that levels on one canvas would reach into each other.
    """
    if not backend.header.exact:
        raise ValueError(f"the padded net {backend.header.net} cannot score packed levels")
    score_maps: dict[int, ScoreMap] = {}
    for one in pyramid_passes(levels, backend.header.stride_hw):
        if is_too_large(one, MAX_PASS_PIXELS):
            (piece,) = one.pieces
            score_maps[piece] = _score_alone(backend, octaves, levels[piece])
        else:
            (canvas,) = paint_passes(octaves, levels, [one], threads=available_cores())
            score_maps |= score_canvas(backend, canvas, one, levels)
    return [score_maps[i] for i in range(len(levels))]


def pyramid_passes(levels: Sequence[Level], stride_hw: tuple[int, int]) -> tuple[Pass, ...]:
    """The forward passes of an exact net over a pyramid."""
    return plan_passes(tuple(level.size_hw for level in levels), stride_hw, MAX_PASS_PIXELS)


def pass_parts(levels: Sequence[Level], header: ModelHeader) -> tuple[PassRows, ...]:
    """What each canvas of a pyramid holds, where the network's device makes them.

    Those of a padded net hold one level each, as it would see the neighbours of several.
    """
    if not header.exact:
        alone = (Canvas(level.size_hw, ((0, 0),)) for level in levels)
        return tuple(PassRows(Pass((i,), canvas)) for i, canvas in enumerate(alone))
    parts: list[PassRows] = []
    for one in pyramid_passes(levels, header.stride_hw):
        if not is_too_large(one, MAX_PASS_PIXELS):
            parts.append(PassRows(one))
            continue
        level = levels[one.pieces[0]]
        grid = level.grid(header.crop_hw, header.stride_hw)
        parts += [PassRows(one, rows) for rows in _strips(grid, level.size_hw[1])]
    return tuple(parts)


def join_parts(
    parts: Sequence[PassRows], values: Sequence[NDArray[np.float32]]
) -> Iterator[tuple[Pass, NDArray[np.float32]]]:
    """Each pass, and its map `(channels, rows, cols)` from the maps of its parts."""
    for one, members in groupby(zip(parts, values, strict=True), lambda pair: pair[0].one):
        strips = [own for _, own in members]
        yield one, strips[0] if len(strips) == 1 else np.concatenate(strips, axis=1)


def score_canvas(
    backend: Backend, canvas: Pixels, one: Pass, levels: Sequence[Level]
) -> dict[int, ScoreMap]:
    """The score map of each level on a canvas, by the level's index.

    Args:
        backend: runs an exact net.
        canvas: RGB uint8 `(h, w, 3)`, as `paint_passes` makes it.
        one: the pass that it is for.
        levels: all of the pyramid.
    """
    return split_canvas(backend.header, forward(backend, canvas), one, levels)


def split_canvas(
    header: ModelHeader, values: NDArray[np.float32], one: Pass, levels: Sequence[Level]
) -> dict[int, ScoreMap]:
    """The score map of each level, by its index, from the map of the canvas that they lie on."""
    score_maps = {}
    for piece, (top, left) in zip(one.pieces, one.canvas.corners_yx, strict=True):
        grid = levels[piece].grid(header.crop_hw, header.stride_hw)
        row, col = top // header.stride_hw[0], left // header.stride_hw[1]
        own = values[:, row : row + grid.size_hw[0], col : col + grid.size_hw[1]]
        score_maps[piece] = ScoreMap.split(own, header.outputs, grid)
    return score_maps


def forward(backend: Backend, pixels: Pixels) -> NDArray[np.float32]:
    """One forward pass: `(channels, rows, cols)`.

    Raises:
        ModelError: some scores are not numbers.
        MemoryError: there is too little.
    """
    values: NDArray[np.float32] = forward_together(backend, pixels[None])[0]
    return values


def forward_together(backend: Backend, images: Pixels) -> NDArray[np.float32]:
    """One forward pass of several images: `(n, h, w, 3)` to `(n, channels, rows, cols)`.

    Where memory does not suffice for one image, an exact net takes its halves, and theirs.

    Raises:
        ModelError: some scores are not numbers, or a map is not what the header promises.
        MemoryError: there is too little.
    """
    try:
        values = backend.maps(images)
        _check_size(backend.header, images, values)
        return check_finite(backend, values)
    except MemoryError:
        crop, stride = backend.header.crop_hw[0], backend.header.stride_hw[0]
        rows = (images.shape[1] - crop) // stride + 1
        if len(images) > 1 or rows < 2 or not backend.header.exact:
            raise
    first = rows // 2
    halves = images[:, : (first - 1) * stride + crop], images[:, first * stride :]
    maps = [forward_together(backend, half) for half in halves]
    joined: NDArray[np.float32] = np.concatenate(maps, axis=2)
    return joined


def _check_size(header: ModelHeader, images: Pixels, values: NDArray[np.float32]) -> None:
    """Nothing, if the maps are as many and as large as the header promises.

    Raises:
        ModelError: they are not.
    """
    sides = zip(images.shape[1:3], header.crop_hw, header.stride_hw, strict=True)
    promised = (header.channels, *((side - crop) // step + 1 for side, crop, step in sides))
    if values.shape[1:] != promised:
        raise ModelError(
            f"the network gave a map of {values.shape[1:]}, its header promises {promised}; the "
            "file is damaged"
        )


def check_finite(backend: Backend, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values themselves.

    Raises:
        ModelError: some are not numbers.
    """
    if not np.isfinite(values).all():
        raise ModelError(
            f"the network gave NaN or infinite scores (on {backend.name}): its weights are damaged "
            "or too large for what it computes in; train again, or use --backend torch"
        )
    return values


def _pixels_of(octaves: Octaves, level: Level) -> Pixels:
    return level_part(octaves, level, *map(range, level.size_hw))


def _score_alone(backend: Backend, octaves: Octaves, level: Level) -> ScoreMap:
    grid = level.grid(backend.header.crop_hw, backend.header.stride_hw)
    pixels = _pixels_of(octaves, level)
    rows = [range(len(pixels))]
    if backend.header.exact:
        rows = _strips(grid, pixels.shape[1])
    strips = [forward(backend, pixels[some.start : some.stop]) for some in rows]
    values = strips[0] if len(strips) == 1 else np.concatenate(strips, axis=1)
    return ScoreMap.split(values, backend.header.outputs, grid)


def _strips(grid: ScoreGrid, width: int) -> list[range]:
    """The pixel rows of each pass over a level of some width; they overlap by what windows need."""
    crop, stride = grid.crop_hw[0], grid.stride_hw[0]
    most = max(1, (MAX_PASS_PIXELS // width - crop) // stride + 1)  # map rows
    ends = [
        (first, min(first + most, grid.size_hw[0])) for first in range(0, grid.size_hw[0], most)
    ]
    return [range(first * stride, (end - 1) * stride + crop) for first, end in ends]
