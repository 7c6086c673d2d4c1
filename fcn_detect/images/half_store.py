"""An image and its halves on disk: any rectangle of any half, in little memory.

Rows go once from the top to the bottom of the image. Each pair of rows of one half gives a row of
the next, so that nothing is ever held but some rows.
"""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.errors import ImageError
from fcn_detect.images.octaves import picture_of
from fcn_detect.images.row_readers import RowReader
from fcn_detect.results import Progress, silent

Pixels = NDArray[np.uint8]

_MEGA = 1_000_000


class HalfStore:
    """An image and its halves in files of a temporary folder, which goes with the object.

    The pixels are those of `Halves`, to the last bit. Reading is safe from several threads.

    Attributes:
        image_hw: height and width of the image.
        notes: of the reader, one line each.
    """

    def __init__(self, image_hw: tuple[int, int], folder: Path | None = None) -> None:
        self.image_hw, self.notes = image_hw, list[str]()
        self._folder = folder or Path(tempfile.mkdtemp(prefix="fcn-detect-"))
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def octave_hw(self, times: int) -> tuple[int, int]:
        """Height and width of the image halved so many times; sides are rounded up."""
        height, width = self.image_hw
        return -(-height >> times), -(-width >> times)

    def part(self, times: int, rows: range, cols: range) -> Image.Image:
        """Rows and columns of the image halved so many times, read from disk."""
        width = self.octave_hw(times)[1]
        target = np.empty((len(rows), len(cols), 3), np.uint8)
        with self.file(times).open("rb", buffering=0) as file:
            if len(cols) == width:
                file.seek(3 * width * rows.start)
                file.readinto(target.data)
            else:
                number = file.fileno()
                for row, pixels in zip(rows, target, strict=True):
                    os.preadv(number, [pixels.data], 3 * (width * row + cols.start))
        return picture_of(target)

    def file(self, times: int) -> Path:
        """Where the pixels of a half lie, row by row, without a header."""
        return self._folder / f"{times:02}.rgb"


def store_halves(
    rows: RowReader, progress: Progress = silent, folder: Path | None = None
) -> HalfStore:
    """Reads a picture once, and lays it and its halves down in files.

    Progress is told in megapixels read. Without a folder the files go to a temporary one.

    Raises:
        ImageError: the picture is damaged; or the disk has no room for it.
    """
    try:
        store = HalfStore(rows.image_hw, folder)
        _check_room(rows.image_hw, store.file(0).parent)
        with _Writer(store) as writer:
            _write(rows, writer, progress)
    except OSError as error:
        raise ImageError(
            "out_of_memory",
            f"the picture cannot be laid on disk: {error.strerror}; point TMPDIR elsewhere",
        ) from error
    store.notes = rows.notes
    return store


def _write(rows: RowReader, writer: "_Writer", progress: Progress) -> None:
    height, width = rows.image_hw
    total = max(1, height * width // _MEGA)
    done = 0
    for band in rows.bands():
        writer.add(0, band)
        done += len(band)
        progress("reading", done * width // _MEGA, total, "megapixels")
    writer.finish()


class _Writer:
    """Writes bands to the files of a store; each half waits for the second row of a pair."""

    def __init__(self, store: HalfStore) -> None:
        self._last = max(1, (max(store.image_hw) - 1).bit_length())  # there it is 1 x 1
        self._files = [store.file(times).open("wb") for times in range(self._last + 1)]
        empty = np.empty((0, 0, 3), np.uint8)
        self._waiting = [empty] * (self._last + 1)

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def add(self, times: int, band: Pixels) -> None:
        """Writes the next rows of a half, and what they make of the halves below it."""
        self._files[times].write(np.ascontiguousarray(band).data)
        if times == self._last:
            return
        waiting = self._waiting[times]
        rows = np.concatenate([waiting, band]) if waiting.size else band
        even = len(rows) // 2 * 2
        self._waiting[times] = rows[even:].copy()
        if even:
            self.add(times + 1, _halved(rows[:even]))

    def finish(self) -> None:
        """Halves the last row of each half whose height is odd."""
        for times in range(self._last):
            if self._waiting[times].size:
                self.add(times + 1, _halved(self._waiting[times]))
            self._files[times].flush()


def _halved(rows: Pixels) -> Pixels:
    return np.asarray(picture_of(rows).reduce(2))


def _check_room(image_hw: tuple[int, int], folder: Path) -> None:
    """Refuses an image that the disk cannot take.

    Raises:
        ImageError: there is less room than the image and its halves need.
    """
    needed = 4 * image_hw[0] * image_hw[1]  # 3 bytes a pixel, and a third of that for the halves
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ImageError(
            "out_of_memory",
            f"searching {image_hw[1]} x {image_hw[0]} pixels in tiles takes {needed / 1e9:.1f} GB "
            f"of disk, and {folder.parent} has {free / 1e9:.1f} GB free; free some, or point "
            "TMPDIR elsewhere",
        )
