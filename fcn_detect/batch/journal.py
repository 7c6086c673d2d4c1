"""The journal of a run: an append-only file that remembers every finished image.

The first line is a `JournalHeader`; every other line is the file's size and modification time, a
tab, and the image's record as it goes to results.jsonl. What is written is never changed; a
torn last line, left by a killed process, is cut off on the next start.
"""

import os
import time
from dataclasses import asdict, dataclass
from json import JSONDecodeError, dumps, loads
from pathlib import Path

from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import format_result, parse_result
from fcn_detect.results import ImageResult

SECONDS_BETWEEN_SYNCS = 1.0

# Failures that may pass: such images are tried again on every start.
PASSING_KINDS = {"unreadable", "timeout", "crashed", "out_of_memory"}


@dataclass(frozen=True)
class JournalHeader:
    """What all records of a journal were made with; digests are SHA-256, hexadecimal."""

    model: str
    settings: str
    version: str


@dataclass(frozen=True)
class FileState:
    """What tells whether a file has changed: size in bytes, modification time in ns."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Of a file now; zeros when it cannot be asked."""
        try:
            stat = path.stat()
        except OSError:
            return cls(0, 0)
        return cls(stat.st_size, stat.st_mtime_ns)


class Journal:
    """Records of finished images, kept in a file; use it as a context manager.

    Attributes:
        done: state and record line of each finished image, by its name; the last one counts.
    """

    def __init__(self, path: Path, header: JournalHeader, *, overwrite: bool = False) -> None:
        """Opens or begins a journal.

        Raises:
            SettingsError: it was made with another model, other settings or another version.
            DataError: it is damaged beyond its last line, or another process writes to it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if overwrite:
            path.unlink(missing_ok=True)
        self.path = path
        self.done: dict[str, tuple[FileState, str]] = {}
        self._synced = time.monotonic()
        self._file = path.open("a+b")
        try:
            self._begin(header)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def add(self, result: ImageResult, state: FileState) -> None:
        """Remembers one image's record; at most a second of records is not on disk."""
        line = format_result(result)
        self._write(f"{state.size} {state.modified_ns}\t{line}")
        self.done[result.image] = (state, line)

    def is_done(self, name: str, state: FileState, retry_failed: bool = False) -> bool:
        """Whether an image needs no work: it has a record that lasts, and has not changed."""
        if name not in self.done:
            return False
        known, line = self.done[name]
        if known != state:
            return False
        failure = parse_result(line).failure
        return failure is None or not (retry_failed or failure.kind in PASSING_KINDS)

    def results(self, names: set[str]) -> list[ImageResult]:
        """The records of these images."""
        return [parse_result(line) for name, (_, line) in self.done.items() if name in names]

    def _begin(self, header: JournalHeader) -> None:
        """Takes up what the file holds, or writes its first line."""
        _lock(self._file, self.path)
        lines = self._whole_lines()
        if lines:
            _check_header(lines[0], header, self.path)
            self._read(lines[1:])
        else:
            self._write(dumps(asdict(header)))

    def _whole_lines(self) -> list[str]:
        """The lines on disk; what follows the last line end is cut off."""
        self._file.seek(0)
        content = self._file.read()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            self._file.truncate(end)
        return content[:end].decode("utf-8").splitlines() if end else []

    def _read(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=2):
            try:
                state, record = line.split("\t", 1)
                size, modified_ns = map(int, state.split())
                name = loads(record)["image"]
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{self.path}:{number}: a damaged line; start anew with --overwrite"
                ) from None
            self.done[name] = (FileState(size, modified_ns), record)

    def _write(self, line: str) -> None:
        self._file.write(line.encode("utf-8") + b"\n")
        self._file.flush()
        if time.monotonic() - self._synced > SECONDS_BETWEEN_SYNCS:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()


def _check_header(line: str, expected: JournalHeader, path: Path) -> None:
    try:
        found = JournalHeader(**loads(line))
    except (JSONDecodeError, TypeError):
        raise DataError(f"{path}:1: a damaged line; start anew with --overwrite") from None
    changed = [
        f"{name} {getattr(found, name)[:12]} then, {value[:12]} now"
        for name, value in asdict(expected).items()
        if getattr(found, name) != value
    ]
    if changed:
        raise SettingsError(
            f"{path.parent} was begun with another {'; '.join(changed)}; "
            "use the same ones, another folder, or --overwrite"
        )


def _lock(file: "object", path: Path) -> None:
    """Keeps a second process off the journal, where the system can."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[attr-defined]
    except OSError:
        raise DataError(f"{path.parent}: another process is working on this run") from None
