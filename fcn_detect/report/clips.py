"""The clip that `detect` leaves: with the boxes of every frame that was searched."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fcn_detect.detect import SearchedFrame
from fcn_detect.files import name_that_fits, parts_below
from fcn_detect.report.drawing import draw_detections
from fcn_detect.video import ClipFile

# Larger frames are drawn smaller: players take no larger ones.
LARGEST_SIDE = 4096


class ClipWriter:
    """Draws frames into `FOLDER/NAME.boxes.mp4`, NAME the clip's own; use it as a context manager.

    Frames follow each other at one rate, the mean of those that were searched.
    """

    def __init__(
        self, folder: Path, name: str, rate: float, threshold: Callable[[tuple[int, int]], float]
    ) -> None:
        """A writer that begins its file with the first frame.

        Args:
            folder: where it goes.
            name: of the clip; its folders are kept below `folder`.
            rate: frames per second; 0 where it is not known.
            threshold: smallest score drawn, of a frame's height and width.
        """
        self._file, self._threshold = ClipFile(folder / clip_name(name), rate), threshold

    def __enter__(self) -> "ClipWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def write(self, frame: SearchedFrame) -> None:
        """Adds a frame, with its boxes; without any where it failed.

        Raises:
            OSError: the file cannot be written.
        """
        height, width = frame.pixels.shape[:2]
        found = frame.result.found
        shown = found.above(self._threshold((height, width)))
        pixels, scale = frame.pixels, min(1.0, LARGEST_SIDE / max(height, width))
        if scale < 1:
            size_wh = round(width * scale), round(height * scale)
            pixels = np.asarray(cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
            shown = replace(shown, boxes=shown.boxes * np.float32(scale))
        self._file.write(draw_detections(pixels, shown))


def clip_name(clip: str) -> str:
    """A path below a folder for a clip's path: no root, no way up, and UTF-8 for OpenCV."""
    text = clip.encode("utf-8", "replace").decode("utf-8").replace("\\", "/")
    parts = [part.replace(":", "_") for part in parts_below(text)] or ["clip"]
    return "/".join([*parts[:-1], name_that_fits(parts[-1], ".boxes.mp4")])
