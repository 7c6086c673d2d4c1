"""The rows of a file of any size, by libvips: JPEG, PNG, TIFF, BigTIFF, WebP.

libvips decodes as it goes, so that only some rows are in memory; an interlaced PNG, a progressive
JPEG and a WebP it has to hold as a whole. What the values mean as colours is for `colours` to say,
as for any other file.
"""

import logging
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from fcn_detect.errors import ImageError, MissingExtraError, one_line
from fcn_detect.images.colours import to_rgb
from fcn_detect.images.file_bytes import FileBytes
from fcn_detect.images.row_readers import Pixels, band_rows
from fcn_detect.images.wholeness import missing_part, truncated

# Pillow's names of formats that are read in parts
FORMATS = {"JPEG", "PNG", "TIFF", "WEBP"}

_MODES = {("b-w", 1): "L", ("b-w", 2): "LA", ("srgb", 3): "RGB", ("srgb", 4): "RGBA"}
_TOP_DOWN = {1, 2}  # orientations that need no row before those above it


class VipsRows:
    """The rows of a picture file, turned as its EXIF orientation asks.

    Args:
        path: of the file.
        name: of its format, as Pillow calls it.
        lenient: whether the rows of a file that ends early are taken as far as they go.

    Raises:
        MissingExtraError: pyvips is not installed.
        ImageError: the file cannot be opened; `unsupported_pixels` where its pixels are not
            8-bit grey or RGB.
    """

    def __init__(self, path: Path, name: str, lenient: bool = False) -> None:
        self._path, self._name, self._errors = path, name, list[OSError]()
        self._vips = _pyvips()
        # libjpeg calls damage a warning; libtiff warns of any tag that it does not know
        strict = "warning" if name == "JPEG" else "error"
        self._fail_on = "none" if lenient else strict
        if not lenient and (missing := self._missing()):
            raise truncated(missing)
        image = self._open("sequential")
        self._mode = _mode(image)
        orientation = _number(image, "orientation", 1)
        self.notes: list[str] = []
        if (frames := _number(image, "n-pages", 1)) > 1:
            self.notes.append(f"the file has {frames} frames; only the first was taken")
        if orientation not in _TOP_DOWN:
            image = self._open("random")
        self._image = image.autorot()
        self.image_hw = (self._image.height, self._image.width)

    def bands(self) -> Iterator[Pixels]:
        """RGB uint8 `(rows, w, 3)`, from the top down; see `RowReader`."""
        height, width = self.image_hw
        region = self._vips.Region.new(self._image)
        at_once = band_rows(width)
        for top in range(0, height, at_once):
            rows = min(at_once, height - top)
            try:
                values = region.fetch(0, top, width, rows)
            except self._vips.Error as error:
                raise self._damage(error) from error
            if self._errors:  # lenient, libvips goes on without the rest
                raise _unreadable(self._errors[0])
            if self._mode == "RGB":
                yield np.frombuffer(values, np.uint8).reshape(rows, width, 3)
                continue
            rgb, notes = to_rgb(Image.frombytes(self._mode, (width, rows), values))
            self.notes += [note for note in notes if note not in self.notes]
            yield np.asarray(rgb)

    def _open(self, access: str) -> Any:
        self._vips.vips_lib.vips_error_clear()
        try:
            file = self._path.open("rb")
        except OSError as error:
            raise _unreadable(error) from error
        weakref.finalize(self, file.close)
        self._source = _source(self._vips, file, self._errors)
        try:
            return self._vips.Image.new_from_source(
                self._source, "", access=access, fail_on=self._fail_on
            )
        except self._vips.Error as error:
            raise self._damage(error) from error

    def _damage(self, error: Exception) -> ImageError:
        """What a decoder's complaint means: the file ends early, or it is damaged."""
        if self._errors:
            return _unreadable(self._errors[0])
        lines = [line for line in str(error).splitlines() if line.strip()]
        if any("premature end of JPEG" in line for line in lines):
            return truncated("the JPEG data stop before the picture does")
        if missing := self._missing():
            return truncated(missing)
        reason = one_line(lines[-1] if lines else error)
        return ImageError("corrupt", f"the decoder found damaged data: {reason}")

    def _missing(self) -> str | None:
        """What the file lacks by its own bookkeeping."""
        try:
            with FileBytes(self._path) as data:
                return missing_part(self._name, data)
        except OSError as error:
            raise _unreadable(error) from error


def _pyvips() -> Any:
    """The library, imported when a large file is read."""
    try:
        import pyvips
    except (ImportError, OSError):  # OSError: without the C library
        raise MissingExtraError("pyvips", "large") from None
    # what libvips has to say comes with its errors; on standard error it would be said twice
    logging.getLogger("pyvips").addHandler(logging.NullHandler())
    return pyvips


def _source(vips: Any, file: BinaryIO, errors: list[OSError]) -> Any:
    """A file as libvips reads it: one that it opens itself it maps, which counts as memory.

    Args:
        vips: the library.
        file: to read from.
        errors: takes what goes wrong; libvips is then told that the file ends.
    """

    def read(size: int) -> bytes | None:
        try:
            return file.read(size)
        except OSError as error:
            errors.append(error)
            return None

    source = vips.SourceCustom()
    source.on_read(read)
    source.on_seek(file.seek)
    return source


def _unreadable(error: OSError) -> ImageError:
    return ImageError("unreadable", f"the file cannot be read: {error.strerror}")


def _mode(image: Any) -> str:
    """Pillow's name of a picture's pixels.

    Raises:
        ImageError: they are not 8-bit grey or RGB.
    """
    mode = _MODES.get((image.interpretation, image.bands))
    if mode is None or image.format != "uchar":
        raise ImageError(
            "unsupported_pixels",
            f"pixels of {image.bands} bands of type {image.format} ({image.interpretation}): a "
            "picture of this size must have 8-bit grey or RGB, with or without transparency",
        )
    return mode


def _number(image: Any, field: str, missing: int) -> int:
    """A number of the file's header, or what stands for it where it is not there."""
    return int(image.get(field)) if image.get_typeof(field) else missing
