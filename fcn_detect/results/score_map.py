"""The scores of every window of one level, and where those windows are."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import ScoreGrid


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """Logits and offsets of one level's windows, and the grid that places them.

    Attributes:
        logits: float32 `(classes, rows, cols)`, before calibration, sigmoid or softmax.
        offsets: float32 `(offsets, rows, cols)`, where the object sits in its window, as
            `fcn_detect.geometry.encode_offsets` writes it; none for a net without them.
        grid: places cell `(row, col)` in source pixels.

    Raises:
        ValueError: a map's size is not the grid's.
    """

    logits: NDArray[np.float32]
    grid: ScoreGrid
    offsets: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))

    def __post_init__(self) -> None:
        if not self.offsets.size:
            none = np.zeros((0, *self.grid.size_hw), np.float32)
            object.__setattr__(self, "offsets", none)
        for name, maps in (("logits", self.logits), ("offsets", self.offsets)):
            if maps.ndim != 3 or maps.shape[1:] != self.grid.size_hw:
                raise ValueError(
                    f"{name} {maps.shape} do not lie on a grid of {self.grid.size_hw} cells"
                )

    @classmethod
    def split(cls, values: NDArray[np.float32], outputs: int, grid: ScoreGrid) -> "ScoreMap":
        """From what a net gives, `(outputs + offsets, rows, cols)`."""
        return cls(values[:outputs], grid, values[outputs:])

    @property
    def values(self) -> NDArray[np.float32]:
        """Logits, then offsets, as the net gives them."""
        return np.concatenate([self.logits, self.offsets])
