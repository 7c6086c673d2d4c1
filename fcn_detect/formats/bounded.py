"""Files of annotations and results that may come from anywhere, read up to a size."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fcn_detect import bounded
from fcn_detect.errors import DataError, first_misfit

Model = TypeVar("Model", bound=BaseModel)


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


def read_json(path: Path, kind: type[Model], max_bytes: int, expected: str) -> Model:
    """What a JSON file holds, in UTF-8, UTF-16 or UTF-32.

    Args:
        path: of the file.
        kind: the model of what it should hold.
        max_bytes: that it may have.
        expected: its name in messages, such as "a COCO dataset".

    Raises:
        DataError: as `read_bounded`, or the file is not JSON or holds something else; names the
            file and the first place in it that is wrong.
    """
    try:
        content = read_bounded(path, max_bytes)
    except DataError as error:
        raise DataError(f"{error}; expected {expected}") from None
    try:
        return kind.model_validate(json.loads(content))
    except ValidationError as error:
        misfit = first_misfit(error, "file")
        raise DataError(f"{path}: {misfit}; expected {expected}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; expected {expected}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); expected {expected}") from None
