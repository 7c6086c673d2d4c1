"""Which part of an image becomes a crop, so that the object lies in it as a model expects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.config import model_settings
from fcn_detect.geometry import wholes_of_parts
from fcn_detect.results import ModelHeader

Boxes = NDArray[np.float64]

# A box that ends this near the frame's edge, in pixels, is taken for one that the edge cuts.
AT_EDGE = 1.0


@dataclass(frozen=True)
class CropPlace:
    """Where the object sits in the crops that a model learned from.

    Attributes:
        crop_hw: height and width of a crop; larger than the model's window where windows are cut
            inside crops.
        object_box: x0, y0, x1, y1 of the object in pixels of the crop.
    """

    crop_hw: tuple[int, int]
    object_box: tuple[float, float, float, float]

    @classmethod
    def of(cls, header: ModelHeader) -> "CropPlace":
        """That of a model's training crops.

        Raises:
            SettingsError: the header's settings are of another version.
        """
        model = model_settings(header)
        top, left = model.margins_hw
        x0, y0, x1, y1 = header.object_box
        return cls(model.crop, (x0 + left, y0 + top, x1 + left, y1 + top))

    @property
    def object_hw(self) -> tuple[float, float]:
        """Height and width of the object in a crop."""
        x0, y0, x1, y1 = self.object_box
        return y1 - y0, x1 - x0

    def regions(self, boxes: Boxes, image_hw: tuple[int, int]) -> Boxes:
        """The part of an image to cut for each object, `(n, 4)` in pixels; it may leave the image.

        The object's height and centre come to lie where the object box has them, and both axes
        keep one scale: models tell an object's place and height, not its shape. A box that the
        frame's edge cuts is first completed to the object box's shape.

        Args:
            boxes: `(n, 4)` in pixels of the image.
            image_hw: height and width of the image.
        """
        height, width = self.object_hw
        whole = _completed(boxes, image_hw, width / height)
        middle = (whole[:, 0] + whole[:, 2]) / 2
        half = (whole[:, 3] - whole[:, 1]) * width / height / 2
        shaped = np.stack([middle - half, whole[:, 1], middle + half, whole[:, 3]], axis=1)
        return wholes_of_parts(shaped, self.object_box, self.crop_hw)


def _completed(boxes: Boxes, image_hw: tuple[int, int], aspect: float) -> Boxes:
    """Boxes that end at one edge of the frame, grown beyond it to an aspect: width to height."""
    x0, y0, x1, y1 = boxes.T
    height, width = image_hw
    missing_w = np.clip(aspect * (y1 - y0) - (x1 - x0), 0, None)
    missing_h = np.clip((x1 - x0) / aspect - (y1 - y0), 0, None)
    left, right = x0 <= AT_EDGE, x1 >= width - AT_EDGE
    top, bottom = y0 <= AT_EDGE, y1 >= height - AT_EDGE
    return np.stack(
        [
            x0 - missing_w * (left & ~right),
            y0 - missing_h * (top & ~bottom),
            x1 + missing_w * (right & ~left),
            y1 + missing_h * (bottom & ~top),
        ],
        axis=1,
    )
