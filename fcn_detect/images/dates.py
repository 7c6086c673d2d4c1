"""When a photo was taken, as its camera wrote it."""

from pathlib import Path

from PIL.ExifTags import IFD, Base

from fcn_detect.errors import one_line
from fcn_detect.images.header import UNREADABLE, opened_header

_LONGEST = 40


def taken_at(path: Path) -> str | None:
    """EXIF's DateTimeOriginal, such as `2024:05:17 06:12:33`, as it is written.

    Camera clocks know no time zone and are often wrong, so nothing is made of it here.

    Returns:
        The text on one line, cut at 40 letters; None where the file says nothing.
    """
    try:
        with opened_header(path) as (_, picture):
            written = picture.getexif().get_ifd(IFD.Exif) if picture else {}
            value = written.get(Base.DateTimeOriginal)
    except UNREADABLE:
        return None
    text = one_line(value.strip("\0 ")) if isinstance(value, str) else ""
    return text[:_LONGEST] or None
