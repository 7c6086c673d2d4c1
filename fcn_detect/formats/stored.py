"""The results of a finished run, read as they are asked for: there may be millions."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from fcn_detect.formats.jsonl import is_failure, parse_result
from fcn_detect.formats.rows import by_image
from fcn_detect.results import ImageResult


class StoredResults(Collection[ImageResult]):
    """The results in a results.jsonl that this program wrote, sorted as the file is.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, count: int) -> None:
        self.path, self._count = path, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ImageResult]:
        return (parse_result(line.decode()) for line in self._lines())

    def __contains__(self, result: object) -> bool:
        return any(result == own for own in self)

    def failures(self) -> Iterator[ImageResult]:
        """Those that failed; the others are not parsed."""
        return (parse_result(line.decode()) for line in self._lines() if is_failure(line))

    def count_failures(self) -> int:
        """How many failed."""
        return sum(map(is_failure, self._lines()))

    def _lines(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from file


def in_order(results: Collection[ImageResult]) -> Iterable[ImageResult]:
    """The results, sorted by image; stored ones, which are sorted, stay where they are."""
    return results if isinstance(results, StoredResults) else sorted(results, key=by_image)
