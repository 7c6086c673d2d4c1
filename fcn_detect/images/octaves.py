"""An image and its halves, from which all levels of its pyramid are made."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


class Octaves(Protocol):
    """An image and its halves, wherever they lie: in memory (`Halves`) or on disk (`HalfStore`).

    Attributes:
        image_hw: height and width of the whole image.
    """

    image_hw: tuple[int, int]

    def octave_hw(self, times: int) -> tuple[int, int]:
        """Height and width of the image halved so many times; sides are rounded up."""
        ...

    def part(self, times: int, rows: range, cols: range) -> Image.Image:
        """Rows and columns of the image halved so many times, RGB."""
        ...


class Halves:
    """An image and its halves in memory, each made when it is first asked for.

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
        self._pictures = [picture_of(pixels)]

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

    def octave_hw(self, times: int) -> tuple[int, int]:
        """Height and width of `picture(times)`."""
        picture = self.picture(times)
        return picture.height, picture.width

    def part(self, times: int, rows: range, cols: range) -> Image.Image:
        """Rows and columns of `picture(times)`: the picture itself where that is all of it."""
        return cut(self.picture(times), rows, cols)


def picture_of(pixels: Pixels) -> Image.Image:
    """RGB uint8 `(h, w, 3)` as a picture; `Image.fromarray` would blacken it first."""
    picture = Image.new("RGB", (pixels.shape[1], pixels.shape[0]), None)
    picture.frombytes(np.ascontiguousarray(pixels).data)
    return picture


def halvings(scale: float) -> int:
    """How often an image is halved before it is brought to a scale."""
    return max(0, math.floor(-math.log2(scale)))


def cut(picture: Image.Image, rows: range, cols: range) -> Image.Image:
    """Rows and columns of a picture: the same picture where that is all of it."""
    box = (cols.start, rows.start, cols.stop, rows.stop)
    return picture if box == (0, 0, *picture.size) else picture.crop(box)
