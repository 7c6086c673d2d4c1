"""The scores of every window of one level, and where those windows are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import ScoreGrid


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """Logits of one level's windows and the grid that places them.

    Attributes:
        logits: float32 `(classes, rows, cols)`, before calibration, sigmoid or softmax.
        grid: places cell `(row, col)` in source pixels.

    Raises:
        ValueError: the map's size is not the grid's.
    """

    logits: NDArray[np.float32]
    grid: ScoreGrid

    def __post_init__(self) -> None:
        if self.logits.ndim != 3 or self.logits.shape[1:] != self.grid.size_hw:
            raise ValueError(
                f"logits {self.logits.shape} do not lie on a grid of {self.grid.size_hw} cells"
            )
