"""What every runtime can do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import first_line
from fcn_detect.geometry import FramePlan
from fcn_detect.results import ModelHeader

Pixels = NDArray[np.uint8]
# Maps that a device may still be at work on.
WaitForMaps = Callable[[], list[NDArray[np.float32]]]

# How runtimes say that memory ran out.
_MEMORY_SIGNS = (
    "out of memory",
    "alloc_failed",
    "allocate",
    "not enough memory",
    "bad_alloc",
    "bad alloc",
)


@contextmanager
def telling_memory(kind: type[Exception]) -> Iterator[None]:
    """Lets a runtime's own errors about memory, of this class, be a MemoryError.

    Raises:
        MemoryError: memory ran out.
    """
    try:
        yield
    except kind as error:
        if not any(sign in str(error).lower() for sign in _MEMORY_SIGNS):
            raise
        raise MemoryError(first_line(error)) from error


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

        Raises:
            MemoryError: memory ran out; a smaller pass may fit.
        """
        ...


class FrameNetwork(Protocol):
    """What a backend may have beside `maps`, as its attribute `frames`: pyramid and network in one.

    It is there where the device of the network makes the canvases better than the processor.
    """

    def start(self, frames: Sequence[Pixels], plan: FramePlan) -> WaitForMaps:
        """What gives the maps of each canvas of a plan, float32 `(n, channels, rows, cols)`.

        Args:
            frames: RGB uint8 `(*plan.frame_hw, 3)`.
            plan: how canvases are made of them.

        Raises:
            MemoryError: the device has too little.
        """
        ...


def frame_network(backend: Backend) -> FrameNetwork | None:
    """What searches whole frames, where the backend has such a thing."""
    frames: FrameNetwork | None = getattr(backend, "frames", None)
    return frames


class CropClassifier(Protocol):
    """The unconverted classifier: the oracle."""

    def __call__(self, crops: Pixels) -> NDArray[np.float32]:
        """RGB `(n, crop_h, crop_w, 3)` to logits, then offsets, float32 `(n, channels)`."""
        ...
