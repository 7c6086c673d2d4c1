"""Pictures read from the top to the bottom, a band of rows at a time."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fcn_detect.images.decoding import LoadedImage

Pixels = NDArray[np.uint8]

# Pixels of one band, of which some copies exist at a time.
BAND_PIXELS = 2_000_000


def band_rows(width: int) -> int:
    """Rows of one band of an image."""
    return max(1, BAND_PIXELS // width)


class RowReader(Protocol):
    """A picture whose rows come one band after the other.

    Attributes:
        image_hw: height and width as a viewer shows the picture.
        notes: what was assumed or left out, one line each; complete once all bands were read.
    """

    image_hw: tuple[int, int]
    notes: list[str]

    def bands(self) -> Iterator[Pixels]:
        """RGB uint8 `(rows, w, 3)`, from the top down.

        Raises:
            ImageError: the file is damaged or ends early.
        """
        ...


class LoadedRows:
    """The rows of a picture that is in memory already."""

    def __init__(self, image: LoadedImage) -> None:
        self.image_hw, self.notes = image.image_hw, list(image.warnings)
        self._pixels = image.pixels

    def bands(self) -> Iterator[Pixels]:
        """Views of the picture's pixels."""
        height, width = self.image_hw
        at_once = band_rows(width)
        for top in range(0, height, at_once):
            yield self._pixels[top : top + at_once]
