"""The first directory of a TIFF file: where its pixels are, and of what kind."""

import io
import struct
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from PIL import TiffImagePlugin, TiffTags

from fcn_detect.images.file_bytes import AnyBytes, FileBytes
from fcn_detect.images.quiet import caught_warnings

_OFFSETS = (273, 324)  # StripOffsets, TileOffsets
_BYTE_COUNTS = (279, 325)
_BITS, _BANDS, _SAMPLE_FORMAT = 258, 277, 339
_SAMPLE_FORMATS = {1: "unsigned", 2: "signed", 3: "float", 4: "undefined", 5: "complex"}


def first_directory(data: AnyBytes) -> Mapping[int, Any]:
    """Tag number -> value, of those tags that the file's bytes suffice for."""
    try:
        with caught_warnings():
            header = data[:16] if 43 in data[2:4] else data[:8]
            directory = TiffImagePlugin.ImageFileDirectory_v2(header)
            stream: Any = data.file if isinstance(data, FileBytes) else io.BytesIO(data)
            stream.seek(directory.next)
            directory.load(stream)
            return dict(directory)
    except (ArithmeticError, LookupError, OSError, SyntaxError, ValueError, struct.error):
        return {}


def pixels_end(directory: Mapping[int, Any]) -> int | None:
    """Offset where the strips or tiles end, as far as their sizes are known; None without any."""
    offsets = _values(directory, _OFFSETS)
    byte_counts = _values(directory, _BYTE_COUNTS)
    ends = [offset + size for offset, size in zip_longest(offsets, byte_counts, fillvalue=0)]
    return max(ends, default=None)


def describe_pixels(directory: Mapping[int, Any]) -> str:
    """Number of bands and their type, such as `5 bands of 8 bits, unsigned`."""
    bands = directory.get(_BANDS, 1)
    bits = _values(directory, (_BITS,)) or (1,)
    kind = (_values(directory, (_SAMPLE_FORMAT,)) or (1,))[0]
    photometric = TiffTags.lookup(262).enum  # name -> number
    colours = {number: name for name, number in photometric.items()}.get(directory.get(262, -1))
    described = f"{bands} band{'s' * (bands != 1)} of {bits[0]} bits"
    described += f", {_SAMPLE_FORMATS.get(kind, 'unknown')}"
    return described + (f", {colours}" if colours else "")


def _values(directory: Mapping[int, Any], tags: tuple[int, ...]) -> tuple[int, ...]:
    """The whole numbers under the first of the tags that is there."""
    value = next((directory[tag] for tag in tags if tag in directory), ())
    values = value if isinstance(value, tuple) else (value,)
    return tuple(item for item in values if isinstance(item, int))
