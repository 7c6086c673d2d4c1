"""One frame of a video, and its name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.results import VideoFrame

_DIGITS = 9  # frames of a year


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame, ready to be searched.

    Attributes:
        pixels: RGB uint8, `(h, w, 3)`, turned as the video asks.
        video: which one it is.
        warnings: what the decoder said of it, one line each.
    """

    pixels: NDArray[np.uint8]
    video: VideoFrame
    warnings: tuple[str, ...] = ()


def frame_name(number: int) -> str:
    """What a record calls a frame, below the name of its clip.

    It has no dot and no `#`: formats exchange the ending of a path, and addresses end at a `#`.
    """
    return f"frame-{number:0{_DIGITS}d}"
