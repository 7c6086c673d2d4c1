"""Results in MegaDetector's batch output, of MegaDetector itself or of `export_megadetector`."""

from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from fcn_detect.errors import DataError
from fcn_detect.formats.bounded import read_json
from fcn_detect.formats.names import FileName, Side
from fcn_detect.formats.rows import BOX_DECIMALS
from fcn_detect.results import FAILURE_KINDS, Detections, Failure, ImageResult

MAX_BYTES: Final = 2_000_000_000

_Share = Annotated[float, Field(ge=-1, le=2)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Detection(_Entry):
    category: str
    conf: Annotated[float, Field(ge=0, le=1)]
    bbox: tuple[_Share, _Share, Annotated[_Share, Field(ge=0)], Annotated[_Share, Field(ge=0)]]


class _Image(_Entry):
    file: FileName
    width: Side | None = None
    height: Side | None = None
    detections: list[_Detection] | None = None
    failure: InstanceOf[str] | None = None


class _Output(_Entry):
    info: dict[str, Any]
    detection_categories: dict[str, str]
    images: list[_Image]


def read_megadetector_results(path: Path) -> list[ImageResult]:
    """The results in a file of MegaDetector's batch output, in its order.

    Boxes are shares there, so images need their size: `--include_image_size` of
    `run_detector_batch`. Failures in other words than ours are called `unreadable`.

    Raises:
        DataError: the file cannot be read or is of another form, an image with detections has no
            size, or a detection a category that is not listed; names the place.
    """
    output = read_json(path, _Output, MAX_BYTES, "MegaDetector's batch output")
    return [_result(path, image, output.detection_categories) for image in output.images]


def _result(path: Path, image: _Image, names: dict[str, str]) -> ImageResult:
    name = image.file.replace("\\", "/")
    if image.failure is not None or image.detections is None:
        failure = _failure(image.failure or "no detections")
        return ImageResult(name, image.width, image.height, None, failure)
    if image.width is None or image.height is None:
        raise DataError(
            f"{path}: '{name}' has no width and height, so its boxes have no pixels; run "
            "MegaDetector with --include_image_size"
        )
    unknown = [one.category for one in image.detections if one.category not in names]
    if unknown:
        raise DataError(f"{path}: '{name}': '{unknown[0]}' is not in detection_categories")
    best_first = sorted(image.detections, key=lambda one: -one.conf)
    shares = np.array([one.bbox for one in best_first], np.float64).reshape(-1, 4)
    shares[:, 2:] += shares[:, :2]  # width and height -> x1, y1
    sides = [image.width, image.height] * 2
    found = Detections(
        (shares * sides).round(BOX_DECIMALS).astype(np.float32),
        np.array([one.conf for one in best_first], np.float32),
        [names[one.category] for one in best_first],
    )
    return ImageResult(name, image.width, image.height, found)


def _failure(text: str) -> Failure:
    kind, colon, message = text.partition(": ")
    known = bool(colon) and kind in FAILURE_KINDS
    return Failure(kind, message) if known else Failure("unreadable", text)
