"""The one resampler of the project: antialiased, and borders of repeated pixels.

An image is halved by averages of 2×2 pixels as long as the scale allows, and then brought to its
scale, above one half of what is left, by an antialiased bilinear filter. The halves are made once
for all levels of a pyramid.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.geometry import Border

Pixels = NDArray[np.uint8]


class Halves:
    """An image and its halves, each made when it is first asked for.

    Attributes:
        pixels: RGB uint8 `(h, w, 3)`, the image or, halved already, what is left of it.
        image_hw: height and width of the whole image.
        halved: how often `pixels` has been halved already.
    """

    def __init__(
        self, pixels: Pixels, image_hw: tuple[int, int] | None = None, halved: int = 0
    ) -> None:
        self.pixels, self.halved = pixels, halved
        self.image_hw = image_hw or (pixels.shape[0], pixels.shape[1])
        self._pictures = [Image.fromarray(pixels)]

    def picture(self, times: int) -> Image.Image:
        """The image at `2 ** -times` of its size; sides are rounded up.

        Raises:
            ValueError: there are only smaller ones.
        """
        if times < self.halved:
            raise ValueError(f"the image has been halved {self.halved} times; {times} was asked")
        while len(self._pictures) <= times - self.halved:
            self._pictures.append(self._pictures[-1].reduce(2))
        return self._pictures[times - self.halved]

    def resize(self, size_hw: tuple[int, int], scale: float) -> Pixels:
        """One level of the image, as `resize` makes it."""
        if scale == 1 and size_hw == self.image_hw and not self.halved:
            return self.pixels
        extent = list(zip(size_hw, self.image_hw, strict=True))
        if any(side - 1 >= whole * scale for side, whole in extent):
            raise ValueError(
                f"an image of {self.image_hw} at scale {scale:g} does not fill {size_hw}"
            )
        bottom, right = (min(side / scale, whole) for side, whole in extent)
        times = halvings(scale)
        shrunk = 2.0**-times
        return _resample(self.picture(times), size_hw, (0.0, 0.0, right * shrunk, bottom * shrunk))


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
    return Halves(image).resize(size_hw, scale)


def resize_to(image: Pixels, size_hw: tuple[int, int]) -> Pixels:
    """The whole image at another size, with a scale of its own on each axis.

    Returns:
        uint8 `(*size_hw, 3)`; the same array where the size does not change.
    """
    image_hw = image.shape[:2]
    if size_hw == image_hw:
        return image
    scale = max(side / whole for side, whole in zip(size_hw, image_hw, strict=True))
    times = halvings(scale)
    bottom, right = (side * 2.0**-times for side in image_hw)
    return _resample(Halves(image).picture(times), size_hw, (0.0, 0.0, right, bottom))


def halvings(scale: float) -> int:
    """How often an image is halved before it is brought to a scale."""
    return max(0, math.floor(-math.log2(scale)))


def add_border(image: Pixels, border: Border) -> Pixels:
    """The image widened by repeating its edge pixels: the same array for an empty border."""
    if border == Border():
        return image
    height, width = image.shape[:2]
    wider = np.empty(
        (border.top + height + border.bottom, border.left + width + border.right, 3), np.uint8
    )
    paint_with_border(wider, image, border)
    return wider


def paint_with_border(target: Pixels, image: Pixels, border: Border) -> None:
    """Fills `target` with the image and, around it, with its edge pixels.

    Args:
        target: uint8 `(h, w, 3)` of just the size of both; written to.
        image: uint8 `(h, w, 3)`.
        border: around the image.
    """
    height, width = image.shape[:2]
    rows = target[border.top : border.top + height]
    rows[:, border.left : border.left + width] = image
    rows[:, : border.left] = image[:, :1]
    rows[:, border.left + width :] = image[:, -1:]
    target[: border.top] = rows[0]
    target[border.top + height :] = rows[-1]


def _resample(
    picture: Image.Image, size_hw: tuple[int, int], box_xyxy: tuple[float, float, float, float]
) -> Pixels:
    height, width = size_hw
    if picture.size == (width, height) and box_xyxy == (0.0, 0.0, width, height):
        return np.array(picture)
    # rounding must not take the box past the picture
    x0, y0, x1, y1 = box_xyxy
    box = (x0, y0, min(x1, picture.width), min(y1, picture.height))
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR, box=box))
