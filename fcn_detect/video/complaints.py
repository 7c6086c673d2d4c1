"""What FFmpeg prints on standard error, caught and read."""

import os
import re
import tempfile
from collections.abc import Iterable

from fcn_detect.errors import one_line

_LINE = re.compile(r"\[[\w,.-]+ @ 0x[0-9a-f]+\] (.+)")
_MOST_BYTES = 65536
_NO_DECODER = re.compile(r"doesn't support hardware accelerated (\S+) decoding")
_NOT_CONVERTED = "Cannot convert interlaced"
_SAYS_CUT = ("ended prematurely", "partial file", "moov atom not found", "truncated")


class Complaints:
    """Turns this process's standard error into a file that is read; for processes of ours alone."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        os.dup2(self._file.fileno(), 2)

    def take(self) -> tuple[str, ...]:
        """What FFmpeg has reported since the last time, each complaint once."""
        number = self._file.fileno()
        if not os.fstat(number).st_size:
            return ()
        text = os.pread(number, _MOST_BYTES, 0).decode("utf-8", "replace")
        os.ftruncate(number, 0)
        os.lseek(number, 0, os.SEEK_SET)
        found = (_LINE.match(line) for line in text.splitlines())
        lines = (one_line(match[1]) for match in found if match)
        return tuple(dict.fromkeys(line for line in lines if line))


def says_cut(complaint: str) -> bool:
    """Whether a complaint is that the file ends early."""
    return any(words in complaint.lower() for words in _SAYS_CUT)


def says_interlaced(complaint: str) -> bool:
    """Whether a complaint is that frames are interlaced, of which OpenCV then gives no pixels."""
    return _NOT_CONVERTED in complaint


def codec_without_decoder(complaints: Iterable[str]) -> str | None:
    """The codec that this FFmpeg leaves to graphics cards, where it has found none for it."""
    found = (_NO_DECODER.search(complaint) for complaint in complaints)
    return next((match[1] for match in found if match), None)
