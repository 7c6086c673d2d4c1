"""Files of annotations and results that may come from anywhere, read up to a size."""

from pathlib import Path

from fcn_detect import bounded
from fcn_detect.errors import DataError


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: it cannot be read, or is larger than is allowed; names the file.
    """
    try:
        return bounded.read_bounded(path, max_bytes)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None


def read_bounded_text(path: Path, max_bytes: int) -> str:
    """The text of a UTF-8 file, with or without a byte order mark.

    Raises:
        DataError: as `read_bounded`, or the file is not UTF-8.
    """
    try:
        return read_bounded(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; expected text") from None
