"""Image files -> RGB pixels as a viewer shows them, or one clear reason why not."""

import importlib
import stat
from pathlib import Path

from PIL import Image, features

from fcn_detect.errors import ImageError, one_line
from fcn_detect.images.decoding import LoadedImage, ReadingRules, decode
from fcn_detect.images.sniffing import HEAD_BYTES, image_format, looks_like

DEFAULT_MAX_PIXELS = 178_956_970  # Pillow's own limit
MAX_FILE_BYTES = 2_000_000_000


def read_image(
    source: str | Path | bytes,
    *,
    allow_truncated: bool = False,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_file_bytes: int = MAX_FILE_BYTES,
    halvings: int = 0,
) -> LoadedImage:
    """The picture in a file, or in the bytes of one; of several frames the first.

    The file's content decides what it is, not its name. What becomes of unusual pixels is
    written in `fcn_detect.images.colours`.

    Args:
        source: path, or all bytes of a file.
        allow_truncated: whether a file that ends early gives what is there, and a warning.
        max_pixels: width times height above which nothing is decoded; Pillow's own limit holds
            where it is less.
        max_file_bytes: size of a file above which it is not read.
        halvings: how often the picture may be halved by its decoder, where that can do it: JPEG,
            up to three times. `LoadedImage.halved` says how often it was.

    Raises:
        ImageError: its `kind` says why, its one-line message what was found; the message does
            not name the file.
    """
    try:
        data = source if isinstance(source, bytes) else _file_bytes(Path(source), max_file_bytes)
        rules = ReadingRules(allow_truncated, min(max_pixels, DEFAULT_MAX_PIXELS), halvings)
        return decode(_readable_format(data), data, rules)
    except MemoryError:
        raise ImageError(
            "out_of_memory", "memory ran out while the picture was read; free some or shrink it"
        ) from None


def _file_bytes(path: Path, most: int) -> bytes:
    """All bytes of a regular file, read once; only the first ones where those are no image."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("unreadable", f"this is {_kind_of_file(status.st_mode)}, not a file")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if image_format(head) and status.st_size > most:
                raise ImageError(
                    "too_large",
                    f"the file has {status.st_size:,} bytes, more than the {most:,} allowed "
                    "(detect.max_file_bytes); save the picture anew, or raise the limit",
                )
            return head + file.read() if image_format(head) else head
    except (OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        reason = error.strerror if isinstance(error, OSError) else None
        raise ImageError(
            "unreadable", f"the file cannot be opened: {one_line(reason or error)}"
        ) from error


def _kind_of_file(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


def _readable_format(data: bytes) -> str:
    """The image format of the bytes, by Pillow's name, once its decoder is there."""
    if not data:
        raise ImageError("empty", "the file has no bytes; copy it again")
    name = image_format(data[:HEAD_BYTES])
    if name is None:
        raise ImageError("not_an_image", f"the file holds {looks_like(data[:HEAD_BYTES])}")
    Image.init()
    if name == "HEIF" and name not in Image.OPEN:
        _register_heif()
    if name == "AVIF" and not features.check("avif"):
        raise _needs_plugin(name)
    return name


def _register_heif() -> None:
    """Teaches Pillow to read HEIF."""
    try:
        importlib.import_module("pi_heif").register_heif_opener()
    except ImportError:
        raise _needs_plugin("HEIC/HEIF") from None


def _needs_plugin(name: str) -> ImageError:
    return ImageError(
        "needs_plugin",
        f"{name} pictures need a decoder; install it with: pip install 'fcn-detect[heic]'",
    )
