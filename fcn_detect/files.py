"""Files that are either complete or not there: written beside, then renamed into place."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LONGEST_NAME = 255  # bytes, on most file systems


def parts_below(path: str) -> list[str]:
    """The parts of a path with forward slashes, without those that lead out: no root, no way up."""
    return [part for part in path.split("/") if part not in ("", ".", "..")]


def name_that_fits(name: str, suffix: str) -> str:
    """The name with something behind it, as a file system takes it.

    Of a name that would be too long there remain the beginning and a digest, so that two names
    never become one.
    """
    coded = os.fsencode(name)
    if len(coded) + len(os.fsencode(suffix)) <= LONGEST_NAME:
        return name + suffix
    digest = f"~{hashlib.sha256(coded).hexdigest()[:16]}"
    kept = coded[: LONGEST_NAME - len(os.fsencode(suffix)) - len(digest)]
    return os.fsdecode(kept) + digest + suffix


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that takes its name when the `with` block ends without an error.

    Until then the bytes lie in a hidden file of the same folder, and `path` keeps what it held
    before. Missing folders are made. The new file has the permissions that `open` would give it.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a whole file; text becomes UTF-8.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    with open_atomically(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
