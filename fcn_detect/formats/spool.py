"""Records on their way to a results file: on disk, since the frames of a clip are many."""

import tempfile
from pathlib import Path

from fcn_detect.files import open_atomically
from fcn_detect.formats.jsonl import format_result
from fcn_detect.results import ImageResult


class RecordSpool:
    """Takes records one by one and writes them sorted; of each it holds the name and a place."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the spool)
        self._places: list[tuple[str, int, int]] = []

    def __enter__(self) -> "RecordSpool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, result: ImageResult) -> None:
        """Keeps a record.

        Raises:
            OSError: the disk of temporary files is full.
        """
        line = format_result(result).encode() + b"\n"
        self._places.append((result.image, self._file.tell(), len(line)))
        self._file.write(line)

    def write(self, path: Path) -> None:
        """Writes what was kept as `write_results` does; further records may follow.

        Raises:
            OSError: the file cannot be written.
        """
        end = self._file.tell()
        with open_atomically(path) as file:
            for _, start, length in sorted(self._places):
                self._file.seek(start)
                file.write(self._file.read(length))
        self._file.seek(end)
