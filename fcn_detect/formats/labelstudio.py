"""Label Studio's tasks with predictions, for people to correct.

Source: https://labelstud.io/guide/predictions.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fcn_detect.files import open_atomically
from fcn_detect.formats.rows import Shown, write_list
from fcn_detect.formats.stored import in_order
from fcn_detect.results import ImageResult

LABELSTUDIO_NAME = "labelstudio.json"
# How Label Studio names files of its local storage, whose root is the folder that was searched.
LOCAL_FILES = "/data/local-files/?d="
PERCENT_DECIMALS = 4


def export_labelstudio(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `labelstudio.json` into a run's folder; its path.

    One task for each image that was searched, with the boxes worth showing as its prediction, for
    a labelling interface whose image is called `image` and whose `RectangleLabels` are `label`.

    Raises:
        OSError: the file cannot be written.
    """
    searched = (result for result in in_order(results) if result.failure is None)
    with open_atomically(folder / LABELSTUDIO_NAME) as file:
        write_list(file, (_task(result, shown) for result in searched))
        file.write(b"\n")
    return folder / LABELSTUDIO_NAME


def _task(result: ImageResult, shown: Shown) -> dict[str, Any]:
    regions = list(_regions(result, shown))
    best = max((region["score"] for region in regions), default=0.0)
    prediction = {"model_version": "fcn_detect", "score": best, "result": regions}
    name = quote(result.image.encode(errors="surrogateescape"))
    return {"data": {"image": LOCAL_FILES + name}, "predictions": [prediction]}


def _regions(result: ImageResult, shown: Shown) -> Iterator[dict[str, Any]]:
    width, height = result.width or 1, result.height or 1
    for number, (label, score, (x0, y0, x1, y1)) in enumerate(shown.rows(result), start=1):
        percent = {
            "x": 100 * x0 / width,
            "y": 100 * y0 / height,
            "width": 100 * (x1 - x0) / width,
            "height": 100 * (y1 - y0) / height,
        }
        value = {name: round(share, PERCENT_DECIMALS) for name, share in percent.items()}
        yield {
            "id": f"box{number}",
            "from_name": "label",
            "to_name": "image",
            "type": "rectanglelabels",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "score": score,
            "value": {**value, "rotation": 0, "rectanglelabels": [label]},
        }
