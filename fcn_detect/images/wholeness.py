"""Whether a file ends before its picture does, by the format's own bookkeeping.

Decoders differ in what they let pass, and few say whether bytes are missing or wrong. The
lengths and end marks that each format keeps tell the two apart before anything is decoded. A file
of any size is looked at a span at a time.
"""

import re
import zlib
from collections.abc import Callable

from fcn_detect.errors import ImageError
from fcn_detect.images.file_bytes import AnyBytes
from fcn_detect.images.tiff import first_directory, pixels_end

# what follows FF: 00, another FF and the restart marks belong to the pixels
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_END, _JPEG_PIXELS = 0xD9, 0xDA
_JPEG_BARE = {0x01, 0xD8}  # markers without a length
# Bytes looked at together, from the first to the most.
_FIRST_SPAN, _SPAN = 64, 1 << 20
_BOX_NAME = re.compile(rb"[A-Za-z0-9 ]{4}")


class _EndsEarly(Exception):  # noqa: N818 (a verdict, not an error)
    """The bytes end before the picture does; the message says what is missing."""


def missing_part(image_format: str, data: AnyBytes) -> str | None:
    """What the file lacks of its first picture, in words; None when all bytes are there.

    Formats without an entry in `_CHECKS` are left to their decoder.

    Raises:
        ImageError: `corrupt`, when a checksum is wrong.
    """
    check = _CHECKS.get(image_format)
    try:
        if check is not None:
            check(data)
    except _EndsEarly as missing:
        return str(missing)
    return None


def truncated(missing: str) -> ImageError:
    """The failure of a file that lacks something of its picture."""
    return ImageError(
        "truncated", f"the file ends early: {missing}; copy it again or allow truncated files"
    )


def with_end_mark(image_format: str, data: bytes) -> bytes:
    """The bytes of a truncated file, ended so that a decoder gives out all it has."""
    return data + bytes([0xFF, _JPEG_END]) if image_format == "JPEG" else data


def _check_jpeg(data: AnyBytes) -> None:
    """Steps over the lengths of all segments, so that a thumbnail's end mark does not count."""
    position = 2
    has_pixels = False
    while position := _after_marker(data, position):
        marker = data[position - 1 : position][0]
        if marker == _JPEG_END:
            return
        size = data[position : position + 2]
        position += 0 if marker in _JPEG_BARE else int.from_bytes(size, "big")
        has_pixels |= marker == _JPEG_PIXELS
    # a wrong byte in the pixels can look like a segment that covers the end marker
    end = _end_of(data)
    if not has_pixels or data[max(0, end - 2) : end] != bytes([0xFF, _JPEG_END]):
        raise _EndsEarly("the JPEG end marker is missing")


def _after_marker(data: AnyBytes, position: int) -> int:
    """Offset after the first JPEG marker from a position on; 0 where there is none."""
    span = _FIRST_SPAN
    while position < len(data):
        if found := _JPEG_MARKER.search(data[position : position + span]):
            return position + found.end()
        position += span - 1  # a marker has two bytes
        span = min(2 * span, _SPAN)
    return 0


def _end_of(data: AnyBytes) -> int:
    """The number of bytes without the zeros at the end."""
    end = len(data)
    while end:
        start = max(0, end - _SPAN)
        if kept := data[start:end].rstrip(b"\0"):
            return start + len(kept)
        end = start
    return 0


def _check_png(data: AnyBytes) -> None:
    position = 8
    while True:
        length = _number(data, position, 4)
        name = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            raise _EndsEarly(f"a PNG block lacks {end - len(data)} bytes")
        if name[:1].isupper() and not _checksum_holds(data, position, end):
            block = name.decode("ascii", "replace")
            raise ImageError("corrupt", f"the checksum of the PNG block {block!r} is wrong")
        if name == b"IEND":
            return
        position = end


def _checksum_holds(data: AnyBytes, start: int, end: int) -> bool:
    """Whether the PNG block in `[start, end)` has the checksum that its last bytes state."""
    checksum = 0
    for first in range(start + 4, end - 4, _SPAN):
        checksum = zlib.crc32(data[first : min(first + _SPAN, end - 4)], checksum)
    return checksum == _number(data, end - 4, 4)


def _check_gif(data: AnyBytes) -> None:
    """Follows the blocks to the end of the first frame."""
    position = 13 + _gif_colours(_number(data, 10, 1))
    while (block := _number(data, position, 1)) == 0x21:  # an extension: skip it
        position = _gif_blocks_end(data, position + 2)
    if block == 0x2C:
        colours = _gif_colours(_number(data, position + 9, 1))
        _gif_blocks_end(data, position + 11 + colours)


def _gif_colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(data: AnyBytes, position: int) -> int:
    """Offset after a chain of blocks, each led by its length; length 0 ends it."""
    while length := _number(data, position, 1):
        position += 1 + length
    return position + 1


def _check_webp(data: AnyBytes) -> None:
    size = 8 + int.from_bytes(data[4:8], "little")
    if size > len(data):
        raise _EndsEarly(f"{size - len(data)} of {size} bytes are missing")


def _check_tiff(data: AnyBytes) -> None:
    directory = first_directory(data)
    end = pixels_end(directory)
    if end is None:
        raise _EndsEarly("the TIFF directory, which says where the pixels are, is not in it")
    if end > len(data):
        raise _EndsEarly(f"{end - len(data)} bytes of pixels are missing")


def _check_boxes(data: AnyBytes) -> None:
    """Steps over the boxes of AVIF, HEIF and JPEG 2000 until something else follows."""
    position = 0
    while _BOX_NAME.fullmatch(data[position + 4 : position + 8]):
        size = _number(data, position, 4)
        if size == 1:
            size = _number(data, position + 8, 8)
        if size < 8:
            return  # 0: the box goes on to the end of the file
        position += size
    if position > len(data):
        raise _EndsEarly(f"{position - len(data)} bytes are missing")


def _check_jpeg2000(data: AnyBytes) -> None:
    _check_boxes(data)
    end = _end_of(data)
    if data[max(0, end - 2) : end] != b"\xff\xd9" and b"\xff\xd9" not in data[-4096:]:
        raise _EndsEarly("the JPEG 2000 end marker is missing")


def _number(data: AnyBytes, position: int, size: int) -> int:
    """The big-endian number of `size` bytes at a position."""
    if position + size > len(data):
        raise _EndsEarly("it stops in the middle of a header")
    return int.from_bytes(data[position : position + size], "big")


_CHECKS: dict[str, Callable[[AnyBytes], None]] = {
    "JPEG": _check_jpeg,
    "PNG": _check_png,
    "GIF": _check_gif,
    "WEBP": _check_webp,
    "TIFF": _check_tiff,
    "AVIF": _check_boxes,
    "HEIF": _check_boxes,
    "JPEG2000": _check_jpeg2000,
}
