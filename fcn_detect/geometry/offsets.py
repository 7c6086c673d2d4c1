"""Where an object sits in its window, as numbers that a net can learn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# What an offset of 1 means: a tenth of the object's height, or a fifth in the logarithm.
SHIFT_UNIT = 0.1
SIZE_UNIT = 0.2
OFFSET_NAMES = ("x", "y", "scale", "aspect")


def encode_offsets(
    objects_xyxy: NDArray[np.floating], object_box_xyxy: Sequence[float]
) -> NDArray[np.float64]:
    """How objects depart from the object box of their windows.

    `x` and `y` are shifts of the centre, in tenths of the object box's height; `scale` is the
    logarithm of the height's ratio, `aspect` that of the ratio of width to height, in fifths.

    Args:
        objects_xyxy: `(n, 4)` in pixels of the window.
        object_box_xyxy: where an object is expected, in the same pixels.

    Returns:
        Float64 `(n, 4)`, in the order of `OFFSET_NAMES`.

    Source: Girshick et al., "Rich feature hierarchies for accurate object detection", CVPR 2014,
    appendix C; the units are the deviations by which Fast R-CNN divides its targets.
    """
    x, y, width, height = _centres_and_sides(np.asarray(objects_xyxy, np.float64)).T
    x_, y_, width_, height_ = _centres_and_sides(np.asarray(object_box_xyxy, np.float64))
    scale, aspect = np.log(height / height_), np.log(width / height) - np.log(width_ / height_)
    shifts = [(x - x_) / height_ / SHIFT_UNIT, (y - y_) / height_ / SHIFT_UNIT]
    return np.stack([*shifts, scale / SIZE_UNIT, aspect / SIZE_UNIT], axis=1)


def apply_offsets(
    boxes_xyxy: NDArray[np.floating], offsets: NDArray[np.floating], names: Sequence[str]
) -> NDArray[np.float64]:
    """The boxes, moved and sized as their offsets say: the inverse of `encode_offsets`.

    Args:
        boxes_xyxy: `(n, 4)` object boxes of windows, in any pixels.
        offsets: `(n, len(names))`.
        names: which offsets there are, of `OFFSET_NAMES`; the others are 0.

    Returns:
        Float64 `(n, 4)`, in the boxes' pixels.
    """
    if not names:
        return np.asarray(boxes_xyxy, np.float64)
    x, y, width, height = _centres_and_sides(np.asarray(boxes_xyxy, np.float64)).T
    known = dict(zip(names, np.asarray(offsets, np.float64).T, strict=True))
    none = np.zeros(len(x))
    x = x + known.get("x", none) * SHIFT_UNIT * height
    y = y + known.get("y", none) * SHIFT_UNIT * height
    growth = np.exp(known.get("scale", none) * SIZE_UNIT)
    height = height * growth
    width = width * growth * np.exp(known.get("aspect", none) * SIZE_UNIT)
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)


def _centres_and_sides(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(..., 4)` corners to centre x, centre y, width, height."""
    sides = boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]
    centres = (boxes_xyxy[..., 2:] + boxes_xyxy[..., :2]) / 2
    return np.concatenate([centres, sides], axis=-1)
