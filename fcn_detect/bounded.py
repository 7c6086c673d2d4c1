"""Files that may come from anywhere, read up to a size that the user can raise."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

VARIABLE = "FCN_DETECT_MAX_BYTES"
MAX_LINE_BYTES = 64_000_000  # of results and journals: a line an image


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, or larger than is allowed.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > (limit := allowed(max_bytes)):
            raise too_large(limit)
        return file.read()


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, with their ends.

    Raises:
        ValueError: while iterating: a line is longer than is allowed.
    """
    limit = allowed(MAX_LINE_BYTES)
    while line := file.readline(limit + 1):
        if len(line) > limit:
            raise too_large(limit)
        yield line


def open_regular(path: Path) -> IO[bytes]:
    """A file, opened to read; pipes and devices, which may have no end, are not opened.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no regular file.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a folder says what it is
        raise ValueError("it is a pipe or a device, not a file")
    return path.open("rb")


def allowed(max_bytes: int) -> int:
    """The limit, or what the variable `FCN_DETECT_MAX_BYTES` says where that is more."""
    given = os.environ.get(VARIABLE, "")
    return max(max_bytes, int(given) if given.isdecimal() else 0)


def too_large(limit: int) -> ValueError:
    """What to raise of something longer than the limit."""
    return ValueError(f"more than {limit:,} bytes; {VARIABLE} raises the limit")
