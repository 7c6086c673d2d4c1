"""Bytes of a known image format -> RGB pixels: header, size, orientation, pixels, colours.

Damage is told from shortage: when the file ends before its picture does, whatever the decoder
complains of is `truncated`; else it is `corrupt`.
"""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from fcn_detect.errors import ImageError, one_line
from fcn_detect.images.colours import deep_colours_to_rgb, to_rgb
from fcn_detect.images.octaves import Halves
from fcn_detect.images.quiet import caught_warnings
from fcn_detect.images.tiff import describe_pixels, first_directory
from fcn_detect.images.wholeness import missing_part, truncated, with_end_mark

_ORIENTATION = 274
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = 5  # the first orientation that swaps height and width
_QUIET_DECODERS = {"JPEG", "MPO", "PNG", "WEBP"}  # they decode without Python warnings
_MULTI_FRAME = {"AVIF", "GIF", "PNG", "TIFF", "WEBP"}
_HEADER_AT_START = {"BMP", "PPM"}  # formats without an entry in `wholeness`

# what Pillow's plugins let out when a file is damaged
DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """A picture, ready to be searched.

    Attributes:
        pixels: RGB uint8, `(h, w, 3)`, C-contiguous, turned as its EXIF orientation asks.
        warnings: what was assumed or left out, one line each.
        halved: how often the decoder has halved the picture; `2 ** halved` pixels of the file
            are one of these.
        full_hw: height and width of the whole picture; None: those of `pixels`.
    """

    pixels: NDArray[np.uint8]
    warnings: tuple[str, ...] = ()
    halved: int = 0
    full_hw: tuple[int, int] | None = None

    @property
    def image_hw(self) -> tuple[int, int]:
        """Height and width of the picture as a viewer shows it."""
        return self.full_hw or (self.pixels.shape[0], self.pixels.shape[1])

    def halves(self) -> Halves:
        """The picture and its halves, to make levels from."""
        return Halves(self.pixels, self.full_hw, self.halved)


@dataclass(frozen=True)
class ReadingRules:
    """What to do with unusual files; see `fcn_detect.images.read_image`."""

    allow_truncated: bool
    max_pixels: int
    halvings: int


def decode(name: str, data: bytes, rules: ReadingRules) -> LoadedImage:
    """The picture in bytes of the format that Pillow calls `name`.

    Raises:
        ImageError: see `fcn_detect.images.read_image`.
    """
    missing = missing_part(name, data)
    if missing and not rules.allow_truncated:
        raise truncated(missing)
    notes: list[str] = []
    image = _open(name, with_end_mark(name, data) if missing else data, missing, notes)
    _check_size(image, rules.max_pixels)
    _note_frames(name, data, notes)
    width, height = image.size
    is_deep = _has_deep_colours(image)
    halved = 0 if missing else _halve_while_decoding(image, rules.halvings)
    missing = _load(image, missing, rules.allow_truncated, notes)
    # not earlier: a PNG's EXIF may come last; a TIFF that Pillow has turned lost the tag by now
    orientation = _orientation(image, notes)
    # a TIFF that was not decoded to its end has the size of the turned picture, its copy has not
    deep = _deep_colours(data) if is_deep and not missing else None
    rgb, colour_notes = to_rgb(image.copy() if missing else image)
    if deep is not None:
        rgb, colour_notes = deep_colours_to_rgb(deep)
    elif is_deep:
        colour_notes = [*colour_notes, "of 16-bit colours the upper 8 bits were taken"]
    notes += colour_notes
    if missing:
        notes.append(f"the file ends early: {missing}; {_blank_rows(rgb)}")
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
    pixels, warnings = np.array(rgb), tuple(dict.fromkeys(notes))
    if not halved:
        return LoadedImage(pixels, warnings)
    full_hw = (width, height) if orientation >= _SIDEWAYS else (height, width)
    return LoadedImage(pixels, warnings, halved, full_hw)


def from_pil(image: Image.Image) -> LoadedImage:
    """The pixels of a PIL image, turned as its EXIF orientation asks, as a file's would be.

    Raises:
        ImageError: it cannot be decoded, or its pixels have no meaning as colours.
    """
    if 0 in image.size:
        raise ImageError("too_small", f"the PIL image has {image.width} x {image.height} pixels")
    try:
        turned = ImageOps.exif_transpose(image)
        turned.load()
    except DECODER_ERRORS as error:
        kind = "truncated" if "truncated" in str(error) else "corrupt"
        raise ImageError(kind, f"the PIL image cannot be decoded: {one_line(error)}") from error
    rgb, notes = to_rgb(turned)
    return LoadedImage(np.array(rgb), tuple(notes))


def from_array(image: object) -> LoadedImage:
    """An RGB uint8 `(h, w, 3)` array as an image that was read.

    Raises:
        ImageError: it is something else.
    """
    if (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and min(image.shape) > 0
    ):
        return LoadedImage(image)
    found = f"{getattr(image, 'dtype', type(image).__name__)} {getattr(image, 'shape', '')}"
    raise ImageError(
        "unsupported_pixels", f"an image array must be RGB uint8 (h, w, 3), not {found}"
    )


def _open(name: str, data: bytes, missing: str | None, notes: list[str]) -> ImageFile.ImageFile:
    """The picture with its header read, past Pillow's own size check: `_check_size` has ours."""
    stream = io.BytesIO(data)
    try:
        with caught_warnings() as caught:
            image = Image.OPEN[name][0](stream, "")
    except Image.DecompressionBombError as error:
        raise ImageError("too_large", one_line(error)) from None
    except DECODER_ERRORS as error:
        if missing or (name in _HEADER_AT_START and stream.tell() >= len(data)):
            raise truncated(missing or "it stops in the middle of the header") from error
        raise _cannot_open(name, data, one_line(error)) from error
    notes += _metadata_notes(caught)
    return image


def _cannot_open(name: str, data: bytes, reason: str) -> ImageError:
    """Why a whole file that starts like an image cannot be opened as one."""
    if name == "TIFF" and ("pixel mode" in reason or "samples per pixel" in reason):
        pixels = describe_pixels(first_directory(data))
        return ImageError(
            "unsupported_pixels",
            f"TIFF pixels of {pixels}, have no defined colours; save the picture as 8-bit RGB",
        )
    return ImageError("corrupt", f"the {name} header is damaged: {reason}")


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ImageError(
            "too_large",
            f"the picture has {width} x {height} = {width * height:,} pixels, more than the "
            f"{max_pixels:,} allowed (detect.max_pixels); shrink or cut it, or raise the limit",
        )


def _halve_while_decoding(image: ImageFile.ImageFile, halvings: int) -> int:
    """How often a JPEG's decoder will halve the picture, which is cheaper than doing it later.

    It works on whole blocks of the cosine transform, 2, 4 or 8 times smaller. Sides that do not
    divide are left alone: their last pixels would cover less than others, wherever turning the
    picture takes them.
    """
    if image.format not in ("JPEG", "MPO"):
        return 0
    times, (width, height) = min(halvings, 3), image.size
    while times and (width % (1 << times) or height % (1 << times)):
        times -= 1
    if times:
        image.draft(image.mode, (width >> times, height >> times))
        assert image.size == (width >> times, height >> times)
    return times


def _has_deep_colours(image: ImageFile.ImageFile) -> bool:
    """Whether a picture that is not decoded yet has colours of 16 bits, which Pillow cuts to 8."""
    stored = str(image.tile[0].args) if image.tile else ""
    return image.format in ("PNG", "TIFF") and image.mode in ("RGB", "RGBA") and ";16" in stored


def _deep_colours(data: bytes) -> NDArray[np.uint16] | None:
    """Red, green and blue of 16 bits, and alpha where there is one; None: OpenCV cannot tell."""
    import cv2

    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 3:
        return None
    return np.asarray(found[..., [2, 1, 0, 3][: found.shape[2]]], np.uint16)


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """How the stored picture is to be turned, 1 to 8; 1 where the file says nothing valid."""
    try:
        with caught_warnings() as caught:
            Image.Exif().load(image.info.get("exif") or b"")  # `getexif` keeps errors to itself
            value = image.getexif().get(_ORIENTATION, 1)
    except DECODER_ERRORS as error:
        notes.append(f"the EXIF block is broken and was left out: {one_line(error)}")
        return 1
    notes += _metadata_notes(caught)
    if value == 1 or value in _TURNS:
        return int(value)
    notes.append(f"EXIF orientation {value!r} is not one of 1 to 8; the picture was not turned")
    return 1


def _note_frames(name: str, data: bytes, notes: list[str]) -> None:
    """Says how many frames there are; counted on a second handle, as counting moves it."""
    if name not in _MULTI_FRAME:
        return
    try:
        with caught_warnings():
            frames = getattr(Image.OPEN[name][0](io.BytesIO(data), ""), "n_frames", 1)
    except DECODER_ERRORS:
        return
    if frames > 1:
        notes.append(f"the file has {frames} frames; only the first was taken")


def _load(
    image: ImageFile.ImageFile, missing: str | None, allow_truncated: bool, notes: list[str]
) -> str | None:
    """What is missing of the picture, once its pixels are decoded as far as they are there."""
    try:
        caught = _load_quietly(image)
    except Image.DecompressionBombError as error:
        raise ImageError("too_large", one_line(error)) from None
    except DECODER_ERRORS as error:
        missing = missing or _missing_by(error)
        if not allow_truncated:
            raise truncated(missing) from error
        _keep_decoded_part(image, missing)
    else:
        notes += _metadata_notes(caught)
    return missing


def _load_quietly(image: ImageFile.ImageFile) -> list[str]:
    """Pillow's warnings of decoding; decoders that never warn run in many threads at once."""
    if image.format in _QUIET_DECODERS:
        image.load()
        return []
    with caught_warnings() as caught:
        image.load()
    return caught


def _missing_by(error: Exception) -> str:
    """What is missing when a decoder complains of that; any other complaint is raised."""
    reason = one_line(error)
    if "out of memory" in reason:
        raise MemoryError(reason) from error
    if "truncated" not in reason.lower():
        raise ImageError("corrupt", f"the decoder found damaged data: {reason}") from error
    return reason


def _keep_decoded_part(image: ImageFile.ImageFile, missing: str) -> None:
    """Ends the decoding with the rows that a failed `load` has left in the picture."""
    image.tile = []
    try:
        image.load()
    except DECODER_ERRORS as error:
        raise truncated(f"{missing}, and no pixel can be decoded") from error


def _blank_rows(rgb: Image.Image) -> str:
    """How many rows at the end have one colour only: those that the file has nothing for."""
    pixels = np.asarray(rgb)
    is_drawn = (pixels != pixels[-1, -1]).any(axis=(1, 2))  # (h,)
    drawn = int(is_drawn.nonzero()[0].max(initial=-1)) + 1
    return f"the last {len(is_drawn) - drawn} of {len(is_drawn)} stored rows are blank"


def _metadata_notes(caught: list[str]) -> list[str]:
    return [f"broken metadata was left out: {message}" for message in caught]
