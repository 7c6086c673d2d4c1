"""Files that may come from anywhere, read up to a size."""

from pathlib import Path

from fcn_detect.errors import DataError


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: it cannot be read, or is larger than `max_bytes`; names the file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    if len(data) > max_bytes:
        raise DataError(f"{path}: more than {max_bytes:,} bytes; expected a file of annotations")
    return data


def read_bounded_text(path: Path, max_bytes: int) -> str:
    """The text of a UTF-8 file, with or without a byte order mark.

    Raises:
        DataError: as `read_bounded`, or the file is not UTF-8.
    """
    try:
        return read_bounded(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; expected text") from None
