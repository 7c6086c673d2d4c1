"""Where each image's record lies, and which images wait: a private database, sorted on disk.

It is made from the journal on every start and is gone when it is closed; it takes disk, and no
memory that grows with the number of images.
"""

import errno
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fcn_detect.batch.lines import FileState

# What is used again comes in order: more than this makes a million images no faster.
CACHE_KIB = 512
ROWS_AT_ONCE = 1000

_TABLES = """
CREATE TABLE records (name BLOB PRIMARY KEY, size INT, modified INT, content TEXT,
                      kind TEXT, part INT, start INT, length INT) WITHOUT ROWID;
CREATE TABLE files (name BLOB PRIMARY KEY, size INT, modified INT, content TEXT) WITHOUT ROWID;
CREATE TABLE waiting (name BLOB);
"""
_CHANGED = "r.size != f.size OR r.modified != f.modified"
_CONTENT_CHANGED = "r.size != f.size OR r.content IS NOT f.content OR f.content IS NULL"
_CURRENT = "records r JOIN files f ON r.name = f.name"


@dataclass(frozen=True)
class Place:
    """Where a record lies: bytes [start, start + length) of a part of the journal."""

    part: int
    start: int
    length: int


class Index:
    """The files of a run's folder, and the records that there are; names sort as UTF-8 does."""

    def __init__(self) -> None:
        # without a name: a temporary file, removed by the system
        self._db = sqlite3.connect("", isolation_level=None, factory=_Database)
        self._db.executescript(_TABLES)
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute("BEGIN")  # nothing of it needs to last

    def close(self) -> None:
        """Removes it."""
        self._db.close()

    def add_record(self, name: str, state: FileState, kind: str | None, place: Place) -> None:
        """Remembers where an image's record is; the last one counts."""
        self._db.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*_row(name, state), kind, place.part, place.start, place.length),
        )

    def list_files(self, files: Iterable[tuple[str, FileState]]) -> None:
        """Replaces the list of files."""
        self._db.execute("DELETE FROM files")
        self.add_files(files)

    def add_files(self, files: Iterable[tuple[str, FileState]]) -> None:
        """Adds to the list of files, or changes their states."""
        rows = (_row(name, state) for name, state in files)
        self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", rows)

    def list_recorded(self) -> None:
        """Lists every file that has a record, in the state in which it was searched."""
        self._db.execute("DELETE FROM files")
        self._db.execute("INSERT INTO files SELECT name, size, modified, content FROM records")

    def last(self) -> str | None:
        """The last name that has a record; None where there is none."""
        (name,) = self._db.execute("SELECT MAX(name) FROM records").fetchone()
        return None if name is None else _text(name)

    def find_waiting(self, again: Collection[str], by_content: bool) -> int:
        """Makes the list of files that are to be searched; their number.

        These are files without a record, with one that failed by a kind in `again`, or that have
        changed since: by size and time, or else by size and content.
        """
        kinds = ", ".join("?" * len(again))
        changed = _CONTENT_CHANGED if by_content else _CHANGED
        self._db.execute("DELETE FROM waiting")
        self._db.execute(
            "INSERT INTO waiting SELECT f.name FROM files f LEFT JOIN records r USING (name) "
            f"WHERE r.name IS NULL OR r.kind IN ({kinds}) OR {changed} ORDER BY f.name",
            tuple(again),
        )
        return self._count("waiting")

    def waiting(self) -> Iterator[str]:
        """The names of the files to be searched, sorted; records may be added meanwhile."""
        last = 0
        query = "SELECT rowid, name FROM waiting WHERE rowid > ? ORDER BY rowid LIMIT ?"
        while rows := self._db.execute(query, (last, ROWS_AT_ONCE)).fetchall():
            yield from (_text(name) for _, name in rows)
            last = rows[-1][0]

    def state(self, name: str) -> FileState:
        """Of a file that is listed."""
        query = "SELECT size, modified, content FROM files WHERE name = ?"
        return FileState(*self._db.execute(query, (_bytes(name),)).fetchone())

    def recorded_state(self, name: str) -> FileState | None:
        """Of a file when it was searched last; None where it never was."""
        query = "SELECT size, modified, content FROM records WHERE name = ?"
        row = self._db.execute(query, (_bytes(name),)).fetchone()
        return None if row is None else FileState(*row)

    def places(self) -> Iterator[Place]:
        """The records of the files that are listed, in the order of their names."""
        query = f"SELECT r.part, r.start, r.length FROM {_CURRENT} ORDER BY f.name"
        return (Place(*row) for row in self._db.execute(query))

    def files(self) -> int:
        """Number of files that are listed."""
        return self._count("files")

    def counts_by_part(self) -> dict[int, int]:
        """How many records of listed files each part of the journal holds."""
        return dict(self._db.execute(f"SELECT r.part, COUNT(*) FROM {_CURRENT} GROUP BY r.part"))

    def failed(self) -> int:
        """Number of listed files whose record is a failure."""
        return self._count(f"{_CURRENT} WHERE r.kind IS NOT NULL")

    def _count(self, what: str) -> int:
        (count,) = self._db.execute(f"SELECT COUNT(*) FROM {what}").fetchone()
        return int(count)


class _Database(sqlite3.Connection):
    """Says in the system's way that it found no room on the disk."""

    def execute(self, *query: Any) -> sqlite3.Cursor:
        return self._checked(super().execute, *query)

    def executemany(self, *query: Any) -> sqlite3.Cursor:
        return self._checked(super().executemany, *query)

    def _checked(self, run: Callable[..., sqlite3.Cursor], *query: Any) -> sqlite3.Cursor:
        try:
            return run(*query)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                raise
            raise OSError(errno.ENOSPC, "no room for the index", tempfile.gettempdir()) from error


def _row(name: str, state: FileState) -> tuple[bytes, int, int, str | None]:
    return (_bytes(name), *state)


def _bytes(name: str) -> bytes:
    """UTF-8, and what sorts like it for names that are not UTF-8."""
    return name.encode("utf-8", "surrogatepass")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")
