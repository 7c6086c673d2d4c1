"""Where the levels of a pyramid lie in one image, for one forward pass."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HW = tuple[int, int]

# Widths tried for a canvas, and the largest, in multiples of the widest piece.
WIDTHS_TRIED = 32
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
    """The size of what pieces take on a canvas of some width, and their corners.

    The skyline is a list of steps (column where it starts, lowest free row), left to right.
    """
    skyline = [(0, 0)]
    corners = [(0, 0)] * len(sizes_hw)
    used_h = used_w = 0
    for i in sorted(range(len(sizes_hw)), key=lambda i: (-sizes_hw[i][0], -sizes_hw[i][1], i)):
        piece_h, piece_w = sizes_hw[i]
        top, left = min(_places(skyline, piece_w, width))
        corners[i] = (top, left)
        skyline = _raised(skyline, left, left + piece_w, top + piece_h)
        used_h, used_w = max(used_h, top + piece_h), max(used_w, left + piece_w)
    return (used_h, used_w), corners


def _places(skyline: list[tuple[int, int]], piece_w: int, width: int) -> Iterator[HW]:
    """Where a piece can lie on the skyline, at the start of each step: top and left."""
    for first, (left, _) in enumerate(skyline):
        if left + piece_w > width:
            return
        yield max(row for x, row in skyline[first:] if x < left + piece_w), left


def _raised(
    skyline: list[tuple[int, int]], left: int, right: int, row: int
) -> list[tuple[int, int]]:
    """The skyline with the columns [left, right) raised to a row."""
    below = [one for x, one in skyline if x <= right][-1]  # where the step after the piece lies
    before = [step for step in skyline if step[0] < left]
    after = [step for step in skyline if step[0] > right]
    return [*before, (left, row), (right, below), *after]


@dataclass(frozen=True)
class Pass:
    """One forward pass: which pieces it covers, and where they lie.

    Attributes:
        pieces: indices of the pieces.
        canvas: where they lie, in the order of `pieces`.
    """

    pieces: tuple[int, ...]
    canvas: Canvas


@dataclass(frozen=True)
class PassRows:
    """What one canvas holds: a whole pass, or rows of a piece that is too large for one.

    Attributes:
        one: the pass.
        rows: of its only piece; None: all of it.
    """

    one: Pass
    rows: range | None = None


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


def is_too_large(one: Pass, most_pixels: int) -> bool:
    """Whether a pass is one piece above `most_pixels`, that has to be taken in parts."""
    return len(one.pieces) == 1 and math.prod(one.canvas.size_hw) > most_pixels
