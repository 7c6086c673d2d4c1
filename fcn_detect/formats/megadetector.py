"""MegaDetector's batch output, version 1.6, which Timelapse and other camera-trap tools read.

Source: megadetector-output-format.md in https://github.com/agentmorris/MegaDetector.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from fcn_detect.files import open_atomically
from fcn_detect.formats.rows import Shown, detection_rows, json_text, write_list
from fcn_detect.formats.stored import in_order
from fcn_detect.results import ImageResult

MEGADETECTOR_NAME = "megadetector.json"
FORMAT_VERSION = "1.6"
SHARE_DECIMALS = 6


def export_megadetector(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `megadetector.json` into a run's folder; its path.

    Boxes are x, y, width and height as shares of the image. All detections are kept, as the format
    advises; an image that failed has no detections, and its failure as `KIND: MESSAGE`. No time is
    written, so that the same results give the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    categories = {label: str(number) for number, label in enumerate(shown.labels, start=1)}
    info = {"format_version": FORMAT_VERSION, "detector": "fcn_detect"}
    names = {number: label for label, number in categories.items()}
    with open_atomically(folder / MEGADETECTOR_NAME) as file:
        head = json_text({"info": info, "detection_categories": names})
        file.write(head.removesuffix("}").encode() + b', "images": ')
        write_list(file, (_entry(result, categories) for result in in_order(results)))
        file.write(b"}\n")
    return folder / MEGADETECTOR_NAME


def _entry(result: ImageResult, categories: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"file": result.image}
    if result.width is not None:
        entry |= {"width": result.width, "height": result.height}
    if result.failure is not None:
        failure = str(result.failure)
        return {**entry, "detections": None, "failure": failure}
    return {**entry, "detections": list(_found(result, categories))}


def _found(result: ImageResult, categories: dict[str, str]) -> Iterator[dict[str, Any]]:
    assert result.detections is not None
    assert result.width is not None
    assert result.height is not None
    for label, score, (x0, y0, x1, y1) in detection_rows(result.detections):
        shares = (x0 / result.width, y0 / result.height)
        sides = ((x1 - x0) / result.width, (y1 - y0) / result.height)
        bbox = [round(share, SHARE_DECIMALS) for share in (*shares, *sides)]
        yield {"category": categories[label], "conf": score, "bbox": bbox}
