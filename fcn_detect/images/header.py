"""What a picture is and how large, before any of its pixels is decoded."""

import struct
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from fcn_detect.images.quiet import caught_warnings
from fcn_detect.images.sniffing import HEAD_BYTES, image_format


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
        if not path.is_file():
            return None
        with path.open("rb") as file:
            name = image_format(file.read(HEAD_BYTES))
            Image.init()
            if name is None or name not in Image.OPEN:
                return None
            file.seek(0)
            with caught_warnings():
                width, height = Image.OPEN[name][0](file, "").size
    except (
        ArithmeticError,
        LookupError,
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
    ):
        return None
    except (Image.DecompressionBombError, AssertionError, AttributeError, RuntimeError):
        return None
    return PictureHeader(name, (height, width))
