"""What all the formats write of one detection: rounded alike, in one order."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from fcn_detect.errors import DataError
from fcn_detect.files import name_that_fits, parts_below
from fcn_detect.results import Detections, ImageResult

SCORE_DECIMALS = 6
BOX_DECIMALS = 2
LARGEST_BELOW_ONE = 1 - 10**-SCORE_DECIMALS


class Row(NamedTuple):
    """One detection as files hold it: box is x0, y0, x1, y1 in pixels, score lies in [0, 1]."""

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Shown:
    """What formats need to know beside the results.

    Attributes:
        labels: of the model, in its order.
        threshold: smallest score worth showing in an image of a height and width: what formats
            without scores, and those that people look at, leave out lies below.
    """

    labels: Sequence[str]
    threshold: Callable[[tuple[int, int]], float]

    def rows(self, result: ImageResult) -> list[Row]:
        """The detections of an image that are worth showing, as `detection_rows` gives them."""
        if result.detections is None or result.width is None or result.height is None:
            return []
        if unknown := set(result.detections.labels) - set(self.labels):
            raise DataError(f"{result.image}: label {sorted(unknown)[0]!r} is none of the model's")
        least = self.threshold((result.height, result.width))
        return [row for row in detection_rows(result.detections) if row.score >= least]


def rounded_score(score: float) -> float:
    """The score with 6 decimals; only a score of 1 becomes 1."""
    return min(round(score, SCORE_DECIMALS), LARGEST_BELOW_ONE) if score < 1 else 1.0


def rounded_length(pixels: float) -> float:
    """The coordinate or length with 2 decimals; never a negative zero."""
    return round(pixels, BOX_DECIMALS) + 0.0


def detection_rows(detections: Detections) -> list[Row]:
    """The detections, rounded; then sorted by score descending, ties by box, then by label."""
    rows = []
    for box, score, label in detections:
        x0, y0, x1, y1 = (rounded_length(float(value)) for value in box)
        rows.append(Row(label, rounded_score(score), (x0, y0, x1, y1)))
    return sorted(rows, key=lambda row: (-row.score, row.box, row.label))


def by_image(result: ImageResult) -> str:
    """Sort key: code points sort as the UTF-8 bytes of the name do."""
    return result.image


def json_text(value: Any) -> str:
    r"""One line of JSON that is valid UTF-8, whatever the file names in it.

    A file name that is not UTF-8 reaches Python with lone surrogates (PEP 383). They are written
    as escapes such as `\udcff`, which Python reads back as the same name; all else is readable.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def image_files(
    results: Iterable[ImageResult], folder: Path, suffix: str
) -> Iterator[tuple[Path, ImageResult]]:
    """A file of its own below a folder for each image; files of other images go at the end.

    Of two pictures that differ in their ending only, the second one's file keeps the ending, too.
    """
    written: set[Path] = set()
    for result in results:
        path = path_below(folder, result.image, suffix)
        if path in written:
            path = path.with_name(name_that_fits(Path(result.image).name, suffix))
        written.add(path)
        yield path, result
    for path in folder.rglob(f"*{suffix}"):
        if path not in written:
            path.unlink()


def write_list(file: IO[bytes], values: Iterable[Any]) -> None:
    """Writes a JSON list, a value at a time, as `json_text` would write it at once."""
    between = b"["
    for value in values:
        file.write(between + json_text(value).encode())
        between = b", "
    file.write(b"]" if between == b", " else b"[]")


def path_below(folder: Path, image: str, suffix: str) -> Path:
    """A path below a folder for an image's path, with another ending: no root, no way up."""
    parts = parts_below(image)
    return folder.joinpath(*parts).with_suffix(suffix) if parts else folder / f"image{suffix}"
