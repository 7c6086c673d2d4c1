"""The journal of a run: append-only files that remember every finished image.

`RUN/journal/` holds numbered parts, one for each start of the program and each kind of machine
whose records it took in. A part's first line is the `JournalHeader` and the `Machine`; the others
are those of `fcn_detect.batch.lines`. Nothing that is written is ever changed. What a killed
process left of its last line is no line, and costs one image.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

from fcn_detect.batch.header import JournalHeader, check_same
from fcn_detect.batch.index import Index, Place
from fcn_detect.batch.lines import FileState, read_line, write_line
from fcn_detect.batch.machine import Machine
from fcn_detect.batch.parts import PartReader, first_line, next_part, parts, read_header
from fcn_detect.bounded import MAX_LINE_BYTES, allowed
from fcn_detect.files import discard_leftovers, naming
from fcn_detect.locking import lock
from fcn_detect.results import ImageResult

log = logging.getLogger(__name__)

JOURNAL_NAME = "journal"
SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Records of finished images, kept in a folder of files; use it as a context manager.

    Attributes:
        header: of this start; that of all earlier ones is the same.
        index: where the records are.
        machines: what made the records of each part.
    """

    def __init__(self, run: Path, header: JournalHeader, *, overwrite: bool = False) -> None:
        """Opens or begins a journal.

        Raises:
            SettingsError: it was made with another model, other settings or another version.
            DataError: a header is damaged, or another process writes to it.
        """
        self.folder, self.header = run / JOURNAL_NAME, header
        self.folder.mkdir(parents=True, exist_ok=True)
        self.index = Index()
        self.machines: dict[int, Machine] = {}
        self._writers: dict[Machine, tuple[int, IO[bytes]]] = {}
        self._synced = time.monotonic()
        self._lock = lock(self.folder, str(run))
        try:
            discard_leftovers(run)
            self._take_up(overwrite)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as closing:  # all of them, though one should fail
            closing.callback(self._lock.close)
            closing.callback(self.index.close)
            closing.enter_context(naming(self.folder))
            for writer in self._writers.values():
                closing.callback(writer[1].close)
                closing.callback(_sync, writer[1])

    def add(self, result: ImageResult, state: FileState, machine: Machine) -> None:
        """Remembers one image's record.

        It is the system's at once, and on disk with the first record a second later or at the end.
        """
        line = write_line(result, state)
        part, file = self._writer(machine)
        start = file.tell()
        with naming(self.folder):
            file.write(line)
            file.flush()
        self._index(part, start, line)
        if time.monotonic() - self._synced > SECONDS_BETWEEN_SYNCS:
            os.fsync(file.fileno())
            self._synced = time.monotonic()

    def records(self) -> Iterator[bytes]:
        """The records of all listed files as lines of results.jsonl, sorted by name."""
        with PartReader(self.folder) as reader:
            yield from map(reader.read, self.index.places())

    def machine_counts(self) -> dict[Machine, int]:
        """How many records of listed files each kind of machine has made."""
        counts = dict[Machine, int]()
        for part, count in self.index.counts_by_part().items():
            machine = self.machines[part]
            counts[machine] = counts.get(machine, 0) + count
        return counts

    def made_now(self) -> int:
        """How many records of listed files were added since this start."""
        own, counts = {number for number, _ in self._writers.values()}, self.index.counts_by_part()
        return sum(count for part, count in counts.items() if part in own)

    def _take_up(self, overwrite: bool) -> None:
        """Reads what earlier starts have left, or removes it."""
        for number, path in parts(self.folder):
            found = None if overwrite else read_header(path)
            if found is None:  # killed before it had written its first line
                path.unlink()
                continue
            check_same(found[0], self.header, self.folder.parent)
            self.machines[number] = found[1]
            self._read(number, path)

    def _read(self, number: int, path: Path) -> None:
        with path.open("rb") as file:
            start, damaged = len(file.readline()), 0
            for line in iter(partial(file.readline, allowed(MAX_LINE_BYTES)), b""):
                damaged += not self._index(number, start, line)
                start += len(line)
        if damaged:
            log.warning(
                "%s: %d torn or damaged lines; their images are searched again", path, damaged
            )

    def _index(self, part: int, start: int, line: bytes) -> bool:
        """Takes a line into the index; whether it was whole."""
        entry = read_line(line)
        if entry is None:
            return False
        place = Place(part, start + entry.record, len(line) - entry.record)
        self.index.add_record(entry.name, entry.state, entry.kind, place)
        return True

    def _writer(self, machine: Machine) -> tuple[int, IO[bytes]]:
        """The part that takes such a machine's records; begun with the first of them."""
        if machine not in self._writers:
            number, path = next_part(self.folder)
            file = path.open("ab")
            file.write(first_line(self.header, machine))
            self._writers[machine] = number, file
            self.machines[number] = machine
        return self._writers[machine]


def _sync(file: IO[bytes]) -> None:
    os.fsync(file.fileno())
