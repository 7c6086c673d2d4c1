"""The true boxes of a set of images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ImageAnnotations:
    """The true boxes of one image.

    Attributes:
        image: path as the annotation file writes it, with forward slashes.
        width: pixels.
        height: pixels.
        boxes: float32 `(n, 4)`, x0, y0, x1, y1 in pixels.
        labels: list of n class names.
        ignore: bool `(n,)`; finding such an object is neither right nor wrong.

    Raises:
        ValueError: boxes, labels and ignore flags are not of one length.
    """

    image: str
    width: int
    height: int
    boxes: NDArray[np.float32]
    labels: list[str]
    ignore: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.labels), 4) or self.ignore.shape != (len(self.labels),):
            raise ValueError(
                f"{self.image}: boxes {self.boxes.shape}, ignore {self.ignore.shape} and "
                f"{len(self.labels)} labels must be of one length"
            )


@dataclass(frozen=True)
class Annotations:
    """The true boxes of a set of images, one entry an image, empty ones included.

    Attributes:
        images: sorted or not, each name once.
        classes: that were annotated.
        lists_classes: whether the format tells them all; else there may be some without any box.
    """

    images: list[ImageAnnotations]
    classes: list[str]
    lists_classes: bool = True
