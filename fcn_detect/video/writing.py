"""Clips written frame by frame."""

import secrets
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

USUAL_RATE = 25.0
_CODEC = cv2.VideoWriter.fourcc(*"mp4v")
_RATES = (0.1, 240.0)  # with two decimals: frames per second that MPEG-4 can say


class ClipFile:
    """An MP4 of MPEG-4 pictures that takes its name when it is closed; a context manager.

    Sides are even: a last row or column is repeated where they are not. Later frames of another
    size are brought to that of the first.

    Attributes:
        path: of the file.
        frames: that were written.
    """

    def __init__(self, path: Path, rate: float) -> None:
        """A clip that is begun with its first frame.

        Args:
            path: of the file; missing folders are made.
            rate: frames per second; 25 are taken where it is 0 or above 240, as containers of a
                variable rate may tell it.
        """
        self.path, self.frames = path, 0
        known = rate if 0 < rate <= _RATES[1] else USUAL_RATE
        self._rate = round(max(known, _RATES[0]), 2)
        self._beside = path.parent / f".{secrets.token_hex(8)}.mp4"
        self._writer: Any = None
        self._size_wh = (0, 0)

    def __enter__(self) -> "ClipFile":
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file, and keeps what was written, after an error, too.

        Raises:
            OSError: not all of it could be written, as on a full disk.
        """
        if self._writer is None:
            return
        self._writer.release()
        try:
            if _frames_in(self._beside) != self.frames:
                raise self._refused()
            self._beside.replace(self.path)
        finally:
            self._beside.unlink(missing_ok=True)

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Adds a frame, RGB uint8 `(h, w, 3)`.

        Raises:
            OSError: the file cannot be begun.
        """
        height, width = pixels.shape[:2]
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        bgr = cv2.copyMakeBorder(bgr, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        if self._writer is None:
            self._begin((bgr.shape[1], bgr.shape[0]))
        if (bgr.shape[1], bgr.shape[0]) != self._size_wh:
            bgr = cv2.resize(bgr, self._size_wh, interpolation=cv2.INTER_AREA)
        self._writer.write(bgr)
        self.frames += 1

    def _begin(self, size_wh: tuple[int, int]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            name = str(self._beside).encode().decode()  # OpenCV takes no other names
        except UnicodeEncodeError:
            raise self._refused() from None
        writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, _CODEC, self._rate, size_wh)
        if not writer.isOpened():
            raise self._refused()
        self._writer, self._size_wh = writer, size_wh

    def _refused(self) -> OSError:
        reason = "the clip cannot be written; free some space, or name another folder with -o"
        return OSError(None, reason, str(self.path))


def _frames_in(path: Path) -> int:
    """Frames that a clip says it has; 0 where it cannot be opened."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    return int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
