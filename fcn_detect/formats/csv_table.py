"""One CSV table: a row a detection, so that a spreadsheet or pandas can read the results."""

import codecs
import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from fcn_detect.files import open_atomically
from fcn_detect.formats.rows import Shown, detection_rows
from fcn_detect.formats.stored import in_order
from fcn_detect.results import ImageResult

CSV_NAME = "detections.csv"
COLUMNS = ["image", "width", "height", "label", "score", "x0", "y0", "x1", "y1"]
COLUMNS += ["failure", "message"]
Cell = str | float | None


def write_csv(results: Collection[ImageResult], path: Path) -> None:
    r"""Writes a UTF-8 table with `COLUMNS`, sorted by image, lines ending in a newline.

    An image without detections has one row with empty detection fields, a failed one a row with
    its failure. Bytes of a file name that are not UTF-8 appear as `\udcff`.

    Raises:
        OSError: the file cannot be written.
    """
    with open_atomically(path) as file:
        text = codecs.getwriter("utf-8")(file, "backslashreplace")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        for result in in_order(results):
            table.writerows(_rows(result))


def export_csv(results: Collection[ImageResult], folder: Path, _shown: Shown) -> Path:
    """Writes `detections.csv` into a run's folder; its path."""
    write_csv(results, folder / CSV_NAME)
    return folder / CSV_NAME


def _rows(result: ImageResult) -> Iterator[list[Cell]]:
    image: list[Cell] = [result.image, result.width, result.height]
    if result.failure is not None:
        yield [*image, *[None] * 6, result.failure.kind, result.failure.message]
        return
    rows = detection_rows(result.found)
    for row in rows:
        yield [*image, row.label, row.score, *row.box, None, None]
    if not rows:
        yield [*image, *[None] * 8]
