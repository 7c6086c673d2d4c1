"""The processes that decode: a clip in order, or the newest frame of a stream."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import cv2

from fcn_detect.video.complaints import Complaints, says_cut, says_interlaced
from fcn_detect.video.messages import Coming, Ended, Opened, Refused, Started
from fcn_detect.video.source import StreamSource

# FFmpeg fails again and again at a video's end; before, it goes on behind the damage.
TRIES = 500
# One thread decodes faster than a network searches, and says of which frame it complains.
_ONE_THREAD = [cv2.CAP_PROP_N_THREADS, 1]


INTERLACED = (
    "it is interlaced, which this build of OpenCV cannot convert; deinterlace it, as with "
    "ffmpeg -i VIDEO -vf yadif NEW.mp4"
)


def send_clip(connection: Connection, path: Path, stride: int, max_pixels: int) -> None:
    """Sends `Opened`, every stride-th frame of a file as `Coming` and bytes, and `Ended`.

    `Refused` comes in place of the first, or of the last.
    """
    complaints = _alone("protocol_whitelist;file")
    with suppress(OSError):  # nobody reads any more
        try:
            with path.open("rb") as file:
                _send_clip(connection, file.fileno(), stride, max_pixels, complaints)
        except OSError as error:
            connection.send(Refused("unreadable", f"the file cannot be opened: {error.strerror}"))
        except (MemoryError, cv2.error) as error:
            if isinstance(error, cv2.error) and "nsufficient memory" not in str(error):
                raise
            connection.send(Refused("out_of_memory", "memory ran out while a frame was decoded"))


def _send_clip(
    connection: Connection, file: int, stride: int, max_pixels: int, complaints: Complaints
) -> None:
    # by its number, since OpenCV takes no name that is not UTF-8
    capture = cv2.VideoCapture(f"/dev/fd/{file}", cv2.CAP_FFMPEG, _ONE_THREAD)
    if not capture.isOpened():
        connection.send(_why_not(complaints.take()))
        return
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    if height * width > max_pixels:
        connection.send(
            Refused(
                "too_large",
                f"its frames have {height * width:,} pixels, more than the {max_pixels:,} allowed "
                "(detect.max_pixels)",
            )
        )
        return
    rate = capture.get(cv2.CAP_PROP_FPS)
    connection.send(Opened(max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))), rate))
    number = failed = lost = 0
    while failed < TRIES:
        if not capture.grab():
            failed += 1
            continue
        number, lost, failed = number + failed, lost + failed, 0
        if number % stride == 0:
            whole, picture = capture.retrieve()
            if whole and any(map(says_interlaced, said := complaints.take())):
                connection.send(Refused("needs_plugin", INTERLACED))
                return
            if whole:
                _send_frame(connection, _decoded(number, capture, picture), said)
            lost += not whole
        number += 1
    connection.send(Ended(number, lost, complaints.take()))


def _why_not(complaints: tuple[str, ...]) -> Refused:
    said = "; ".join(complaints) or "no stream of pictures that it can decode"
    kind = "truncated" if any(map(says_cut, complaints)) else "corrupt"
    return Refused(kind, f"the video cannot be opened: {said}")


@dataclass(frozen=True, eq=False)
class _Decoded:
    """A frame, BGR as OpenCV gives it."""

    number: int
    time_s: float
    arrived_s: float
    picture: Any


def _decoded(number: int, capture: Any, picture: Any) -> _Decoded:
    return _Decoded(number, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, time.time(), picture)


def _send_frame(connection: Connection, frame: _Decoded, complaints: tuple[str, ...]) -> None:
    pixels = cv2.cvtColor(frame.picture, cv2.COLOR_BGR2RGB)
    shape = pixels.shape
    connection.send(
        Coming(frame.number, round(frame.time_s, 6), frame.arrived_s, shape, complaints)
    )
    connection.send_bytes(pixels.reshape(-1).data)


def send_newest(connection: Connection, source: StreamSource, arrived: Any) -> None:
    """Sends `Started`, then for each message the newest frame not yet sent, or `Ended`.

    Args:
        connection: which a frame is asked for on, with any message.
        source: what to open.
        arrived: a shared number: of the frames that were decoded.
    """
    grows = source.kind == "file"
    complaints = _alone("follow;1" if grows else "")
    newest = _Newest(source, arrived)
    Thread(target=newest.fill, daemon=True).start()
    with suppress(EOFError, OSError):  # nobody reads any more
        connection.send(Started())
        while True:
            connection.recv()
            frame = newest.take(connection)
            if frame is None:
                connection.send(Ended(complaints=complaints.take()))
                break
            said = complaints.take()
            if any(map(says_interlaced, said)):
                connection.send(Ended(complaints=(INTERLACED,)))
                break
            _send_frame(connection, frame, said)
    os._exit(0)  # the thread may wait for a camera for ever


class _Newest:
    """The last frame of a stream, decoded by a thread, taken by another."""

    def __init__(self, source: StreamSource, arrived: Any) -> None:
        self._source, self._arrived = source, arrived
        self._changed = Condition()
        self._frame: _Decoded | None = None
        self._ended = False

    def fill(self) -> None:
        """Decodes to the end."""
        try:
            self._fill()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _fill(self) -> None:
        if self._source.kind == "device":
            capture = cv2.VideoCapture(self._source.address, cv2.CAP_V4L2)
        else:
            capture = cv2.VideoCapture(self._source.address, cv2.CAP_FFMPEG, _ONE_THREAD)
        failed = 0
        while capture.isOpened() and failed < TRIES:
            whole, picture = capture.read()
            failed = 0 if whole else failed + 1
            if whole:
                with self._changed:
                    number = self._arrived.value
                    self._arrived.value = number + 1
                    self._frame = _decoded(number, capture, picture)
                    self._changed.notify()

    def take(self, connection: Connection) -> _Decoded | None:
        """The newest frame, once there is one that was not taken; None at the end.

        Raises:
            EOFError: the connection was closed meanwhile.
        """
        with self._changed:
            while self._frame is None and not self._ended:
                self._changed.wait(1.0)
                if connection.poll():
                    raise EOFError
            frame, self._frame = self._frame, None
            return frame


def _alone(options: str) -> Complaints:
    """Gives FFmpeg options, and catches what it says, in a process of ours."""
    if options:
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = options
    return Complaints()
