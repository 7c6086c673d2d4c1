"""Where the levels of a pyramid lie in one image, for one forward pass."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

HW = tuple[int, int]

# Widths tried for a canvas, and the largest, in multiples of the widest piece.
WIDTHS_TRIED = 60
WIDEST = 2.2


@dataclass(frozen=True)
class Canvas:
    """Pieces packed into one image.

    Every piece starts at a multiple of the stride, so the windows of an unpadded net that lie
    wholly inside a piece are cells of the canvas's own map. No gap is needed: windows across two
    pieces are computed too, and belong to none.

    Attributes:
        size_hw: of the canvas, in pixels.
        corners_yx: top and left of each piece, in the order given.
    """

    size_hw: HW
    corners_yx: tuple[tuple[int, int], ...]


def pack(sizes_hw: Sequence[HW], stride_hw: HW) -> Canvas:
    """A canvas that holds pieces of the given sizes, as small as some simple tries make it.

    Pieces are laid from the tallest to the smallest, each as high up as it fits (a skyline); of
    several widths of the canvas the one of the smallest area is taken. It depends on nothing but
    the sizes and the stride.

    Args:
        sizes_hw: at least one.
        stride_hw: of the score map, in pixels.
    """
    steps = [
        (math.ceil(height / stride_hw[0]), math.ceil(width / stride_hw[1]))
        for height, width in sizes_hw
    ]
    narrowest = max(width for _, width in steps)
    widths = {
        round(narrowest * (1 + (WIDEST - 1) * i / (WIDTHS_TRIED - 1))) for i in range(WIDTHS_TRIED)
    }
    tries = [_lay(steps, width) for width in sorted(widths)]
    size, corners = min(tries, key=lambda layout: layout[0][0] * layout[0][1])
    return Canvas(
        (size[0] * stride_hw[0], size[1] * stride_hw[1]),
        tuple((top * stride_hw[0], left * stride_hw[1]) for top, left in corners),
    )


def _lay(sizes_hw: Sequence[HW], width: int) -> tuple[HW, list[HW]]:
    """The size of what pieces take on a canvas of some width, and their corners."""
    floor = [0] * width  # lowest free row of each column
    corners = [(0, 0)] * len(sizes_hw)
    order = sorted(range(len(sizes_hw)), key=lambda i: (-sizes_hw[i][0], -sizes_hw[i][1], i))
    for i in order:
        piece_h, piece_w = sizes_hw[i]
        top, left = min(
            (max(floor[x : x + piece_w]), x) for x in _starts(floor) if x + piece_w <= width
        )
        floor[left : left + piece_w] = [top + piece_h] * piece_w
        corners[i] = (top, left)
    used = max((x + 1 for x, row in enumerate(floor) if row), default=0)
    return (max(floor), used), corners


def _starts(floor: Sequence[int]) -> list[int]:
    """Columns where the skyline changes, where alone a piece can lie closest."""
    return [x for x, row in enumerate(floor) if x == 0 or row != floor[x - 1]]


@dataclass(frozen=True)
class Pass:
    """One forward pass: which pieces it covers, and where they lie.

    Attributes:
        pieces: indices of the pieces.
        canvas: where they lie, in the order of `pieces`.
    """

    pieces: tuple[int, ...]
    canvas: Canvas


@functools.lru_cache(maxsize=256)
def plan_passes(sizes_hw: tuple[HW, ...], stride_hw: HW, most_pixels: int) -> tuple[Pass, ...]:
    """Shares pieces out among as few canvases as hold them, none much above `most_pixels`.

    A piece that is larger than that gets a pass of its own.
    """
    groups: list[list[int]] = []
    room = 0
    for i in sorted(range(len(sizes_hw)), key=lambda i: -math.prod(sizes_hw[i])):
        pixels = math.prod(sizes_hw[i])
        if pixels > room:
            groups.append([])
            room = most_pixels
        groups[-1].append(i)
        room -= pixels
    return tuple(
        Pass(tuple(group), pack([sizes_hw[i] for i in group], stride_hw)) for group in groups
    )
