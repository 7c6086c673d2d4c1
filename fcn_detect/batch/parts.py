"""The files that a journal is made of: `00001.jsonl` and on, the later the newer."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter

from fcn_detect.batch.header import JournalHeader
from fcn_detect.batch.index import Place
from fcn_detect.batch.machine import Machine
from fcn_detect.bounded import MAX_LINE_BYTES, allowed
from fcn_detect.errors import DataError


@dataclass(frozen=True)
class _FirstLine:
    header: JournalHeader
    machine: Machine


_FIRST_LINE = TypeAdapter(_FirstLine)

# Files held open at once while records are read.
OPEN_FILES = 64


def parts(folder: Path) -> list[tuple[int, Path]]:
    """Number and path of each part of a journal, oldest first."""
    found = [(int(path.stem), path) for path in folder.glob("*.jsonl") if path.stem.isdecimal()]
    return sorted(found)


def next_part(folder: Path) -> tuple[int, Path]:
    """Number and path of a new part."""
    number = max([0, *(number for number, _ in parts(folder))]) + 1
    return number, folder / f"{number:05d}.jsonl"


def first_line(header: JournalHeader, machine: Machine) -> bytes:
    """What a part begins with, with its line end."""
    return json.dumps({"header": asdict(header), "machine": asdict(machine)}).encode() + b"\n"


def read_header(path: Path) -> tuple[JournalHeader, Machine] | None:
    """What a part begins with; None where not even its first line was finished.

    Raises:
        DataError: the first line is damaged.
    """
    with path.open("rb") as file:
        line = file.readline(allowed(MAX_LINE_BYTES))
    if len(line) < allowed(MAX_LINE_BYTES) and not line.endswith(b"\n"):
        return None
    try:
        first = _FIRST_LINE.validate_json(line, strict=True)
        return first.header, first.machine
    except ValueError:
        raise DataError(
            f"{path}: the first line is damaged; expected a journal's; start anew with --overwrite"
        ) from None


def copy_parts(sources: Sequence[Path], folder: Path) -> None:
    """Fills a journal's folder with the parts of others, as parts of a run without shards."""
    for _, path in parts(folder):
        path.unlink()
    for _, path in (part for source in sources for part in parts(source)):
        found = read_header(path)
        if found is None:
            continue
        with path.open("rb") as source, next_part(folder)[1].open("xb") as target:
            source.readline()
            target.write(first_line(replace(found[0], shard=None), found[1]))
            shutil.copyfileobj(source, target)


class PartReader:
    """Reads records by their places; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._paths = folder, dict(parts(folder))
        self._files: dict[int, IO[bytes]] = {}

    def __enter__(self) -> "PartReader":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def read(self, place: Place) -> bytes:
        """The bytes there."""
        file = self._files.get(place.part) or self._open(place.part)
        file.seek(place.start)
        return file.read(place.length)

    def _open(self, part: int) -> IO[bytes]:
        if len(self._files) >= OPEN_FILES:
            self._files.pop(next(iter(self._files))).close()
        try:
            self._files[part] = self._paths[part].open("rb")
        except (KeyError, FileNotFoundError):
            raise DataError(
                f"{self._folder}: its records were removed while the run went on; start it again"
            ) from None
        return self._files[part]
