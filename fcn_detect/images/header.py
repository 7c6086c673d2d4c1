"""What a picture is and how large, before any of its pixels is decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFile

from fcn_detect.images.decoding import DECODER_ERRORS
from fcn_detect.images.quiet import caught_warnings
from fcn_detect.images.sniffing import HEAD_BYTES, image_format

UNREADABLE = (*DECODER_ERRORS, Image.DecompressionBombError)
"""What Pillow's plugins let out when a header is damaged."""


@dataclass(frozen=True)
class PictureHeader:
    """What the first bytes of a file announce.

    Attributes:
        name: of the format, as Pillow calls it.
        size_hw: height and width as stored; EXIF may ask to swap them.
    """

    name: str
    size_hw: tuple[int, int]

    @property
    def pixels(self) -> int:
        """Height times width."""
        return self.size_hw[0] * self.size_hw[1]


def picture_header(path: Path) -> PictureHeader | None:
    """The header of a picture; None where there is none that can be read.

    Why there is none is for `fcn_detect.images.read_image` to say. Pipes and devices are never
    opened: they may have no end, or no beginning.
    """
    try:
        with opened_header(path) as (name, picture):
            return PictureHeader(name, (picture.height, picture.width)) if picture else None
    except UNREADABLE:
        return None


@contextmanager
def opened_header(path: Path) -> Iterator[tuple[str, ImageFile.ImageFile | None]]:
    """A picture's format and the picture, its pixels not decoded; None where it is of none known.

    Raises:
        OSError, and whatever else `UNREADABLE` names: it cannot be read.
    """
    if not path.is_file():
        yield "", None
        return
    with path.open("rb") as file, caught_warnings():
        name = image_format(file.read(HEAD_BYTES)) or ""
        Image.init()
        file.seek(0)
        yield name, Image.OPEN[name][0](file, "") if name in Image.OPEN else None
