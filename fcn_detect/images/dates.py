"""When a photo was taken, as its camera wrote it."""

from pathlib import Path

from PIL import Image
from PIL.ExifTags import IFD, Base

from fcn_detect.images.decoding import DECODER_ERRORS
from fcn_detect.images.quiet import caught_warnings, one_line
from fcn_detect.images.sniffing import HEAD_BYTES, image_format

_LONGEST = 40


def taken_at(path: Path) -> str | None:
    """EXIF's DateTimeOriginal, such as `2024:05:17 06:12:33`, as it is written.

    Camera clocks know no time zone and are often wrong, so nothing is made of it here.

    Returns:
        The text on one line, cut at 40 letters; None where the file says nothing.
    """
    try:
        with path.open("rb") as file, caught_warnings():
            name = image_format(file.read(HEAD_BYTES))
            Image.init()
            if name is None or name not in Image.OPEN:
                return None
            file.seek(0)
            written = Image.OPEN[name][0](file, "").getexif().get_ifd(IFD.Exif)
            value = written.get(Base.DateTimeOriginal)
    except (*DECODER_ERRORS, Image.DecompressionBombError):
        return None
    text = one_line(value.strip("\0 ")) if isinstance(value, str) else ""
    return text[:_LONGEST] or None
