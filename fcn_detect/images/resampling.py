"""The one resampler of the project, antialiased.

An image is halved by averages of 2×2 pixels as long as the scale allows, and then brought to its
scale, above one half of what is left, by an antialiased bilinear filter.

A level is made in square blocks that lie on a fixed grid of its pixels, each from the source
pixels that it needs and nothing else. So any rectangle of a level, made by itself, has just the
pixels that it has in the whole level, however large the image.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.images.octaves import Halves, Octaves, cut, halvings

Pixels = NDArray[np.uint8]

# Side of the blocks that levels are made of, in pixels of the level.
BLOCK = 512

# Blocks kept for neighbours, 120 MB: those below a row of tiles of some 30,000 pixels.
MOST_KEPT = 150


class KeptBlocks:
    """Blocks at the end of parts of an image's levels, of which the next parts need the rest."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[float, int, int], Pixels] = {}

    def get(self, scale: float, above: "Block", beside: "Block") -> Pixels | None:
        """A whole block of the level of a scale; None where it is not kept."""
        return self._blocks.get((scale, above.start, beside.start))

    def keep(self, scale: float, above: "Block", beside: "Block", pixels: Pixels) -> None:
        """Keeps a block; the oldest goes where there are too many."""
        self._blocks[scale, above.start, beside.start] = pixels
        if len(self._blocks) > MOST_KEPT:
            del self._blocks[next(iter(self._blocks))]


def resize(image: Pixels, size_hw: tuple[int, int], scale: float) -> Pixels:
    """One level of an image, resized by the same scale on both axes.

    Output pixel `(r, c)` covers the source rectangle `[c / scale, (c + 1) / scale)` by
    `[r / scale, (r + 1) / scale)`. Where the last row or column reaches over the source's edge,
    as rounding makes it, the outputs share the source that there is.

    Args:
        image: RGB uint8 `(h, w, 3)`.
        size_hw: height and width of the result.
        scale: output pixels per source pixel.

    Returns:
        uint8 `(*size_hw, 3)`; the same array where nothing is to be done.

    Raises:
        ValueError: some output pixels would lie wholly outside the source.
    """
    if scale == 1 and size_hw == image.shape[:2]:
        return image
    return resize_part(Halves(image), size_hw, scale, range(size_hw[0]), range(size_hw[1]))


def resize_to(image: Pixels, size_hw: tuple[int, int]) -> Pixels:
    """The whole image at another size, with a scale of its own on each axis.

    Returns:
        uint8 `(*size_hw, 3)`; the same array where the size does not change.
    """
    image_hw = image.shape[:2]
    if size_hw == image_hw:
        return image
    scale = max(side / whole for side, whole in zip(size_hw, image_hw, strict=True))
    times = halvings(scale)
    bottom, right = (side * 2.0**-times for side in image_hw)
    return resample(Halves(image).picture(times), size_hw, (0.0, 0.0, right, bottom))


def resize_part(
    octaves: Octaves,
    size_hw: tuple[int, int],
    scale: float,
    rows: range,
    cols: range,
    *,
    kept: KeptBlocks | None = None,
) -> Pixels:
    """Rows and columns of what `resize` makes of the whole image, to the last bit.

    Args:
        octaves: the image.
        size_hw: height and width of the whole result.
        scale: output pixels per source pixel.
        rows: of the result, at least one.
        cols: likewise.
        kept: of this image, where more parts of it are made, from the top left on.

    Raises:
        ValueError: some output pixels would lie wholly outside the source.
    """
    sides = list(zip(size_hw, octaves.image_hw, strict=True))
    if any(side - 1 >= whole * scale for side, whole in sides):
        raise ValueError(
            f"an image of {octaves.image_hw} at scale {scale:g} does not fill {size_hw}"
        )
    times = halvings(scale)
    ratios = [source_ratio(side, whole, scale, times) for side, whole in sides]
    if ratios == [1, 1]:
        return np.array(octaves.part(times, rows, cols))
    down, across = map(blocks, (rows, cols), size_hw, ratios, octaves.octave_hw(times))
    target = np.empty((len(rows), len(cols), 3), np.uint8)
    kept = KeptBlocks() if kept is None else kept
    for above in down:
        there = [kept.get(scale, above, beside) for beside in across]
        missing = [block for block, pixels in zip(across, there, strict=True) if pixels is None]
        if missing:
            reach = range(missing[0].source.start, missing[-1].source.stop)
            band = octaves.part(times, above.source, reach)
        for beside, pixels in zip(across, there, strict=True):
            if pixels is None:
                pixels = _resize_block(band, reach.start, above, beside)
            if above is down[-1] or beside is across[-1]:
                kept.keep(scale, above, beside, pixels)
            target[above.place, beside.place] = pixels[above.kept, beside.kept]
    return target


def source_ratio(side: int, whole: int, scale: float, times: int) -> float:
    """Rows (or columns) of the image halved so many times for each one of a level."""
    return min(side / scale, whole) * 2.0**-times / side


@dataclass(frozen=True)
class Block:
    """Rows (or columns) of a level that are made at once.

    Attributes:
        start: the first one.
        size: how many.
        source: rows of the halved image that they are made of, those that only the filter
            reaches included.
        extent: where they begin and end, in rows from the first of `source`.
        kept: which of them are asked for.
        place: where those go, counted from the first that is asked for.
    """

    start: int
    size: int
    source: range
    extent: tuple[float, float]
    kept: slice
    place: slice


def blocks(part: range, side: int, ratio: float, source_side: int) -> list[Block]:
    """The blocks that hold some rows (or columns) of a level.

    Args:
        part: the rows that are asked for.
        side: rows of the level.
        ratio: rows of the halved image per row of the level.
        source_side: rows of the halved image.
    """
    reach = math.ceil(max(1.0, ratio)) + 1
    blocks = []
    for start in range(part.start // BLOCK * BLOCK, part.stop, BLOCK):
        stop = min(start + BLOCK, side)
        first = max(0, math.floor(start * ratio) - reach)
        source = range(first, min(math.ceil(stop * ratio) + reach, source_side))
        end = min(stop * ratio, source_side)  # rounding must not take it past the image
        a, b = max(start, part.start), min(stop, part.stop)
        kept, place = slice(a - start, b - start), slice(a - part.start, b - part.start)
        blocks.append(
            Block(start, stop - start, source, (start * ratio - first, end - first), kept, place)
        )
    return blocks


def _resize_block(band: Image.Image, left: int, above: Block, beside: Block) -> Pixels:
    """One whole block, from a band whose first column is the halved image's column `left`."""
    cols = range(beside.source.start - left, beside.source.stop - left)
    box = (beside.extent[0], above.extent[0], beside.extent[1], above.extent[1])
    # not a copy of its own, since it is copied into its place
    return np.asarray(
        _resampled(cut(band, range(band.height), cols), (above.size, beside.size), box)
    )


def resample(
    picture: Image.Image, size_hw: tuple[int, int], box_xyxy: tuple[float, float, float, float]
) -> Pixels:
    """A box of a picture, brought to a size: RGB uint8 `(*size_hw, 3)`."""
    return np.array(_resampled(picture, size_hw, box_xyxy))


def _resampled(
    picture: Image.Image, size_hw: tuple[int, int], box_xyxy: tuple[float, float, float, float]
) -> Image.Image:
    """The same as a picture, its columns first and then its rows.

    Pillow 13 takes one or the other first, by their sizes, and the bytes would depend on its
    version.
    """
    height, width = size_hw
    if picture.size == (width, height) and box_xyxy == (0.0, 0.0, width, height):
        return picture
    # rounding must not take the box past the picture
    x0, y0, x1, y1 = box_xyxy
    across = (x0, 0, min(x1, picture.width), picture.height)
    wide = picture.resize((width, picture.height), Image.Resampling.BILINEAR, box=across)
    down = (0, y0, width, min(y1, picture.height))
    return wide.resize((width, height), Image.Resampling.BILINEAR, box=down)
