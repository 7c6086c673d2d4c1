"""Files that are either complete or not there: written beside, then renamed into place."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LONGEST_NAME = 255  # bytes, on most file systems
_BESIDE = re.compile(r"\.[0-9a-f]{16}\.tmp")


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
        with naming(path, instead_of=beside):
            with beside.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def naming(path: Path, instead_of: Path | None = None) -> Iterator[None]:
    """Lets errors of the system name a path where they name none, or what begins `instead_of`."""
    try:
        yield
    except OSError as error:
        hidden = instead_of is not None and str(error.filename).startswith(str(instead_of))
        if error.filename is None or hidden:
            error.filename, error.filename2 = str(path), None
        raise


def discard_leftovers(folder: Path) -> None:
    """Removes what killed processes left half written; no other process may write there."""
    for path in folder.iterdir():
        if _BESIDE.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a whole file; text becomes UTF-8.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    with open_atomically(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def sha256_of(*paths: Path) -> str:
    """SHA-256 of the bytes of some files, one behind another, hexadecimal.

    Raises:
        OSError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def save_figure(figure: Any, path: Path) -> None:
    """Writes a figure of matplotlib as a PNG.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    with open_atomically(path) as file:
        figure.savefig(file, format="png", dpi=120)
