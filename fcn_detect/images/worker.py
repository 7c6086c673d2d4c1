"""The process that prepares images for another: paths in, pixels out through shared memory.

It imports neither torch nor OpenCV, so that it starts at once and dies alone.
"""

import math
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import ImageError
from fcn_detect.images.addresses import Place
from fcn_detect.images.preparation import Preparation, PreparedImage, prepare

Pixels = NDArray[np.uint8]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (where the system keeps it)
SEGMENT = "fcn_detect"
ORPHANED_AFTER_S = 3600
_NONE = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True)
class PrepareTask:
    """One file to prepare; `segment` names the shared memory to make for its pixels."""

    place: Place
    segment: str
    preparation: Preparation


@dataclass(frozen=True)
class Answer:
    """What came of a task: arrays in shared memory, or a failure.

    Attributes:
        prepared: the image without its arrays; None when the file failed.
        shapes: `(h, w, 3)` of each array: its canvases, or its own pixels.
        pixels: the bytes themselves, where shared memory had no room for them.
        failure: kind and message; None when the file was prepared.
    """

    prepared: PreparedImage | None = None
    shapes: tuple[tuple[int, ...], ...] = ()
    pixels: bytes | None = None
    failure: tuple[str, str] | None = None


def prepare_forever(connection: Connection) -> None:
    """Answers every `PrepareTask` on a connection with an `Answer`, until it is closed.

    An empty answer comes first: the process has started.
    """
    with suppress(OSError):  # the parent has gone; receiving says so
        connection.send(Answer())
    while True:
        try:
            task: PrepareTask = connection.recv()
        except (EOFError, OSError):
            return
        answer = _answer(task)
        try:
            connection.send(answer)
        except OSError:  # nobody waits for it any more
            return


def take_prepared(task: PrepareTask, answer: Answer) -> PreparedImage:
    """The prepared image of an answer; frees its shared memory."""
    assert answer.prepared is not None
    if answer.pixels is not None:
        return _with_arrays(
            answer.prepared, _split(np.frombuffer(answer.pixels, np.uint8).copy(), answer.shapes)
        )
    segment = SharedMemory(task.segment)
    try:
        size = sum(map(math.prod, answer.shapes))
        flat = np.ndarray((size,), np.uint8, segment.buf).copy()
    finally:
        segment.close()
        segment.unlink()
    return _with_arrays(answer.prepared, _split(flat, answer.shapes))


def discard_pixels(task: PrepareTask) -> None:
    """Frees the shared memory that a dead worker may have left."""
    try:
        segment = SharedMemory(task.segment)
    except FileNotFoundError:
        return
    segment.close()
    segment.unlink()


def discard_orphans() -> None:
    """Frees what killed runs left in shared memory: their process is gone, and an hour too.

    The hour is for runs in other containers that share this memory, but not their process numbers.
    """
    for path in SHARED_MEMORY.glob(f"{SEGMENT}_*_*"):
        owner = path.name.split("_")[-2]
        with suppress(OSError):  # somebody else's, or gone by now
            old = time.time() - path.stat().st_mtime > ORPHANED_AFTER_S
            if old and not Path("/proc", owner).exists():
                path.unlink()


def segment_name(serial: int) -> str:
    """A name for shared memory of this process."""
    return f"{SEGMENT}_{os.getpid()}_{serial}"


def _answer(task: PrepareTask) -> Answer:
    try:
        prepared = prepare(task.place, task.preparation)
    except ImageError as error:
        return Answer(failure=(error.kind, str(error)))
    arrays = _arrays(prepared)
    shapes, size = tuple(array.shape for array in arrays), sum(array.nbytes for array in arrays)
    bare = _with_arrays(prepared, [_NONE for _ in arrays])
    segment = _segment(task, size)
    if segment is None:
        return Answer(bare, shapes, b"".join(array.tobytes() for array in arrays))
    for array, place in zip(
        arrays, _split(np.ndarray((size,), np.uint8, segment.buf), shapes), strict=True
    ):
        place[:] = array
    segment.close()
    return Answer(bare, shapes)


def _segment(task: PrepareTask, size: int) -> SharedMemory | None:
    """Shared memory of so many bytes; None where there is nothing to share, or no room."""
    if not size or not _has_room(size):
        return None
    try:
        return SharedMemory(task.segment, create=True, size=size)
    except OSError:  # of limits: on a file's size, on open files
        return None


def _arrays(prepared: PreparedImage) -> list[Pixels]:
    if prepared.canvases is not None:
        return prepared.canvases
    return [] if prepared.image is None else [prepared.image.pixels]


def _with_arrays(prepared: PreparedImage, arrays: list[Pixels]) -> PreparedImage:
    """The same with other pixels."""
    if prepared.canvases is not None:
        return replace(prepared, canvases=arrays)
    if prepared.image is None:
        return prepared
    return replace(prepared, image=replace(prepared.image, pixels=arrays[0]))


def _split(pixels: Pixels, shapes: tuple[tuple[int, ...], ...]) -> list[Pixels]:
    """Views of the arrays that lie one behind the other in flat memory."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    return [
        pixels[end - math.prod(shape) : end].reshape(shape)
        for end, shape in zip(ends, shapes, strict=True)
    ]


def _has_room(size: int) -> bool:
    """Whether shared memory can take the pixels; containers often give it 64 MB."""
    return not SHARED_MEMORY.is_dir() or size < shutil.disk_usage(SHARED_MEMORY).free // 2
