"""The one resampler of the project: antialiased bilinear, and borders of repeated pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.geometry import Border

Pixels = NDArray[np.uint8]


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
    image_hw = image.shape[:2]
    if scale == 1 and size_hw == image_hw:
        return image
    if any(side - 1 >= whole * scale for side, whole in zip(size_hw, image_hw, strict=True)):
        raise ValueError(f"an image of {image_hw} at scale {scale:g} does not fill {size_hw}")
    bottom, right = (
        min(side / scale, whole) for side, whole in zip(size_hw, image_hw, strict=True)
    )
    return _resample(image, size_hw, (0.0, 0.0, right, bottom))


def resize_to(image: Pixels, size_hw: tuple[int, int]) -> Pixels:
    """The whole image at another size, with a scale of its own on each axis.

    Returns:
        uint8 `(*size_hw, 3)`; the same array where the size does not change.
    """
    height, width = image.shape[:2]
    if size_hw == (height, width):
        return image
    return _resample(image, size_hw, (0.0, 0.0, float(width), float(height)))


def add_border(image: Pixels, border: Border) -> Pixels:
    """The image widened by repeating its edge pixels: the same array for an empty border."""
    if border == Border():
        return image
    margins = ((border.top, border.bottom), (border.left, border.right), (0, 0))
    return np.pad(image, margins, mode="edge")


def _resample(
    image: Pixels, size_hw: tuple[int, int], box_xyxy: tuple[float, float, float, float]
) -> Pixels:
    height, width = size_hw
    picture = Image.fromarray(image)
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR, box=box_xyxy))
