"""A backend without a network, for tests: bright windows score high."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends.base import Pixels
from fcn_detect.results import ModelHeader


class FakeBackend:
    """The logit of a window is its centre pixel's brightness, from -10 (black) to 10 (white)."""

    name = "fake"

    def __init__(self, header: ModelHeader) -> None:
        self.header, self.place, self.threads = header, "cpu", 1

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Scores of every window: RGB `(n, h, w, 3)` to float32 `(n, 1, rows, cols)`."""
        (crop_h, crop_w), (stride_h, stride_w) = self.header.crop_hw, self.header.stride_hw
        height, width = images.shape[1:3]
        centres = images[
            :,
            crop_h // 2 : height - crop_h + crop_h // 2 + 1 : stride_h,
            crop_w // 2 : width - crop_w + crop_w // 2 + 1 : stride_w,
        ]
        brightness = centres.mean(axis=3, dtype=np.float32)[:, None]
        return np.asarray((brightness - 127.5) / 12.75, np.float32)
