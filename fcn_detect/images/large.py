"""Images that are too large to be held: which they are, and how they come onto the disk.

| pixels | read |
|---|---|
| up to `detect.stream_pixels` | whole, by `read_image` |
| above | in bands of rows, by libvips (the extra `large`), where it can |
| above, other formats and pixels, or without the extra | whole, up to Pillow's own limit |
| above `detect.max_pixels`, or `detect.max_expansion` times the file | not at all |
"""

from dataclasses import dataclass
from pathlib import Path

from fcn_detect.errors import ImageError, MissingExtraError
from fcn_detect.images.half_store import HalfStore, store_halves
from fcn_detect.images.header import PictureHeader, picture_header
from fcn_detect.images.reading import DEFAULT_MAX_PIXELS, MAX_FILE_BYTES, read_image
from fcn_detect.images.row_readers import LoadedRows, RowReader
from fcn_detect.images.vips_rows import FORMATS, VipsRows
from fcn_detect.results import Progress, silent


@dataclass(frozen=True)
class StreamingRules:
    """What to do with unusual huge files.

    Attributes:
        max_pixels: width times height above which nothing is decoded.
        max_expansion: bytes of pixels for each byte of a file, as much as only bombs have.
        max_file_bytes: size of a file above which it is not read whole.
        allow_truncated: whether files that end early are taken as far as they go.
    """

    max_pixels: int
    max_expansion: float = 2000.0
    max_file_bytes: int = MAX_FILE_BYTES
    allow_truncated: bool = False


def huge_header(path: Path, stream_pixels: int) -> PictureHeader | None:
    """The header of an image of more pixels, which is read in parts; None for any other file."""
    header = picture_header(path)
    return header if header is not None and header.pixels > stream_pixels else None


def store_image(
    path: Path,
    header: PictureHeader,
    rules: StreamingRules,
    progress: Progress = silent,
    folder: Path | None = None,
) -> HalfStore:
    """The halves of a huge image, on disk: in a folder, or in a temporary one.

    Raises:
        ImageError: it cannot be read, is larger than allowed, or the disk is full.
    """
    if header.pixels > rules.max_pixels:
        raise ImageError(
            "too_large",
            f"the picture has {_size(header)} pixels, more than the {rules.max_pixels:,} allowed "
            "(detect.max_pixels); shrink or cut it, or raise the limit",
        )
    _check_expansion(path, header, rules.max_expansion)
    reader = _reader(path, header, rules)
    try:
        return store_halves(reader, progress, folder)
    except ImageError as error:
        can_go_on = rules.allow_truncated and isinstance(reader, VipsRows)
        if error.kind != "truncated" or not can_go_on:
            raise
    store = store_halves(VipsRows(path, header.name, lenient=True), progress, folder)
    store.notes.append("the file ends early; what is missing of the picture is blank")
    return store


def _check_expansion(path: Path, header: PictureHeader, max_expansion: float) -> None:
    size = max(1, path.stat().st_size)
    if 3 * header.pixels > max_expansion * size:
        raise ImageError(
            "too_large",
            f"the picture has {_size(header)} pixels in a file of {size:,} bytes, as bombs have; "
            "save it anew in colour, or in parts, or raise detect.max_expansion",
        )


def _reader(path: Path, header: PictureHeader, rules: StreamingRules) -> RowReader:
    """What reads a file in parts; or else the whole of it, where that is not too large.

    Raises:
        ImageError: neither can be done, and why.
    """
    try:
        if header.name in FORMATS:
            return VipsRows(path, header.name)
        refusal = ImageError(
            "too_large",
            f"the {header.name} picture has {_size(header)} pixels; of such a size only "
            f"{', '.join(sorted(FORMATS))} can be read",
        )
    except MissingExtraError as error:
        refusal = ImageError(
            "too_large", f"the picture has {_size(header)} pixels; to read it in parts, {error}"
        )
    except ImageError as error:  # perhaps it can be read whole, or that says better why not
        refusal = error
    if header.pixels > DEFAULT_MAX_PIXELS:
        raise refusal
    limits = {"max_pixels": rules.max_pixels, "max_file_bytes": rules.max_file_bytes}
    return LoadedRows(read_image(path, allow_truncated=rules.allow_truncated, **limits))


def _size(header: PictureHeader) -> str:
    height, width = header.size_hw
    return f"{width} x {height} = {height * width:,}"
