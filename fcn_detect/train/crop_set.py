"""Crops with their classes and names, as one value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.train.room import stacked, taken


@dataclass(frozen=True)
class Skipped:
    """A crop file that could not be used."""

    path: str
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.message}"


@dataclass(frozen=True, eq=False)
class CropSet:
    """Crops of one split.

    Attributes:
        images: RGB uint8 `(n, crop_h, crop_w, 3)`; in memory, or mapped from a file (`room`).
        classes: int64 `(n,)` index into the labels; the background is the last, `len(labels)`.
        names: n paths, for contact sheets and records.
    """

    images: NDArray[np.uint8]
    classes: NDArray[np.int64]
    names: list[str]

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, index: NDArray[np.intp]) -> "CropSet":
        """Those of an index array, in its order."""
        return CropSet(
            taken(self.images, index), self.classes[index], [self.names[i] for i in index]
        )

    def middle(self, margins_hw: tuple[int, int], window_hw: tuple[int, int]) -> "CropSet":
        """The middle window of each crop, as the net sees it; a view."""
        (top, left), (height, width) = margins_hw, window_hw
        images = self.images[:, top : top + height, left : left + width]
        return CropSet(images, self.classes, self.names)

    def with_background(self, windows: NDArray[np.uint8], name: str, labels: int) -> "CropSet":
        """These crops and background windows `(m, crop_h, crop_w, 3)`, called `name-0`, ..."""
        classes = np.full(len(windows), labels, np.int64)
        return CropSet(
            stacked([self.images, windows]),
            np.concatenate([self.classes, classes]),
            [*self.names, *(f"{name}-{i}" for i in range(len(windows)))],
        )


def joined(sets: list[CropSet]) -> CropSet:
    """The crops of several sets, at least one, one behind the other."""
    if len(sets) == 1:
        return sets[0]
    images = stacked([one.images for one in sets])
    names = [name for one in sets for name in one.names]
    return CropSet(images, np.concatenate([one.classes for one in sets]), names)
