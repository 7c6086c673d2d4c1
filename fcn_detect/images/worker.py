"""The process that decodes images for another: paths in, pixels out through shared memory.

It imports neither torch nor OpenCV, so that it starts at once and dies alone.
"""

import shutil
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import ImageError
from fcn_detect.images.reading import read_image

SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class DecodeTask:
    """One file to decode; `segment` names the shared memory to make for its pixels."""

    path: str
    segment: str
    allow_truncated: bool = False


@dataclass(frozen=True)
class Decoded:
    """What came of a task: pixels of a shape in shared memory, or a failure.

    Attributes:
        shape: height, width, 3; None when the file failed.
        pixels: the bytes themselves, where shared memory had no room for them.
        warnings: of the reader.
        failure: kind and message; None when the file was decoded.
    """

    shape: tuple[int, ...] | None = None
    pixels: bytes | None = None
    warnings: tuple[str, ...] = ()
    failure: tuple[str, str] | None = None


def decode_forever(connection: Connection) -> None:
    """Answers every `DecodeTask` on a connection with a `Decoded`, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    while True:
        try:
            task: DecodeTask = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(_decode(task))


def take_pixels(task: DecodeTask, decoded: Decoded) -> NDArray[np.uint8]:
    """The pixels of an answer, RGB uint8 `(h, w, 3)`; frees their shared memory."""
    assert decoded.shape is not None
    if decoded.pixels is not None:
        return np.frombuffer(decoded.pixels, np.uint8).reshape(decoded.shape)
    segment = SharedMemory(task.segment)
    try:
        return np.ndarray(decoded.shape, np.uint8, segment.buf).copy()
    finally:
        segment.close()
        segment.unlink()


def discard_pixels(task: DecodeTask) -> None:
    """Frees the shared memory that a dead worker may have left."""
    try:
        segment = SharedMemory(task.segment)
    except FileNotFoundError:
        return
    segment.close()
    segment.unlink()


def _decode(task: DecodeTask) -> Decoded:
    try:
        image = read_image(Path(task.path), allow_truncated=task.allow_truncated)
    except ImageError as error:
        return Decoded(failure=(error.kind, str(error)))
    pixels = image.pixels
    if not _has_room(pixels.nbytes):
        return Decoded(pixels.shape, pixels.tobytes(), image.warnings)
    segment = SharedMemory(task.segment, create=True, size=pixels.nbytes)
    np.ndarray(pixels.shape, np.uint8, segment.buf)[:] = pixels
    segment.close()
    return Decoded(pixels.shape, None, image.warnings)


def _has_room(size: int) -> bool:
    """Whether shared memory can take the pixels; containers often give it 64 MB."""
    return not SHARED_MEMORY.is_dir() or size < shutil.disk_usage(SHARED_MEMORY).free // 2
