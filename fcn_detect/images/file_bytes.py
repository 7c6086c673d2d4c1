"""The bytes of a file of any size, without the memory that they would take, mapped or read."""

from pathlib import Path
from types import TracebackType


class FileBytes:
    """The bytes of a file, read as slices are asked for; a context manager.

    Attributes:
        file: to read from as a stream.

    Raises:
        OSError: the file cannot be opened, and later, read.
    """

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        self._size = self.file.seek(0, 2)

    def __enter__(self) -> "FileBytes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self._size)
        self.file.seek(start)
        return self.file.read(max(0, stop - start))


AnyBytes = bytes | FileBytes
