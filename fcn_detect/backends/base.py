"""What every runtime can do."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fcn_detect.results import ModelHeader

Pixels = NDArray[np.uint8]


class Backend(Protocol):
    """Runs a converted net.

    Attributes:
        name: the row of `BACKENDS` that it belongs to.
        header: of the model that it runs; its stride is that of the maps given here.
        place: where it runs, as the runtime names it: cpu, cuda.
        threads: that one pass runs on, on a processor; the last bits of the maps depend on it.
    """

    name: str
    header: ModelHeader
    place: str
    threads: int

    def maps(self, images: Pixels) -> NDArray[np.float32]:
        """Logits, then offsets, of every window.

        RGB `(n, h, w, 3)` to float32 `(n, header.channels, rows, cols)`.
        """
        ...


class CropClassifier(Protocol):
    """The unconverted classifier: the oracle."""

    def __call__(self, crops: Pixels) -> NDArray[np.float32]:
        """RGB `(n, crop_h, crop_w, 3)` to logits, then offsets, float32 `(n, channels)`."""
        ...
