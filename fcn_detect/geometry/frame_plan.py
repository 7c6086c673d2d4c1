"""How a frame becomes canvases by whole numbers alone: any device makes the same bytes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The weights of one row add up to 2 ** WEIGHT_BITS, but for their rounding.
WEIGHT_BITS = 22


@dataclass(frozen=True, eq=False)
class Taps:
    """What makes each row (or column) of a resized picture.

    Row i is the sum of `weights[i, k]` times the source's row `index[i, k]`, in units of
    `2 ** -WEIGHT_BITS`, rounded half up.

    Attributes:
        index: int64 `(n, taps)`, inside the source.
        weights: int32 `(n, taps)`, none below 0.
    """

    index: NDArray[np.int64]
    weights: NDArray[np.int32]

    def part(self, rows: range) -> "Taps":
        """What makes some of the rows."""
        return Taps(self.index[rows.start : rows.stop], self.weights[rows.start : rows.stop])


@dataclass(frozen=True, eq=False)
class PlannedLevel:
    """A level on a canvas, its border included.

    Attributes:
        halvings: of the frame as it is given, before anything else.
        corner_yx: top and left on the canvas.
        down: its rows, from those of the halved frame.
        across: its columns, likewise; these are made first.
    """

    halvings: int
    corner_yx: tuple[int, int]
    down: Taps
    across: Taps


@dataclass(frozen=True, eq=False)
class PlannedCanvas:
    """One forward pass.

    Attributes:
        size_hw: of the canvas, black between its levels.
        levels: on it.
    """

    size_hw: tuple[int, int]
    levels: tuple[PlannedLevel, ...]


@dataclass(frozen=True, eq=False)
class FramePlan:
    """All canvases of a frame, for frames of one size.

    Attributes:
        frame_hw: of the frame as it is given: halved already, where its decoder did so.
        canvases: one a pass.
    """

    frame_hw: tuple[int, int]
    canvases: tuple[PlannedCanvas, ...]
