"""The results format: JSON Lines, one line an image, sorted by the image's name.

{"image": "a.jpg", "width": 768, "height": 576, "detections": [{"label": "person",
"score": 0.981642, "box": [312.0, 88.5, 352.0, 184.5]}], "failure": null, "warnings": []}

A frame of a video has one more key at the end, "video": {"frame": 12, "time_s": 0.48}, and of a
stream also "arrived_s", in seconds since 1970.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError

from fcn_detect.bounded import bounded_lines
from fcn_detect.errors import DataError, first_misfit
from fcn_detect.files import open_atomically
from fcn_detect.formats.names import FileName, Side
from fcn_detect.formats.rows import by_image, detection_rows, json_text
from fcn_detect.results import Detections, Failure, ImageResult, VideoFrame

RESULTS_NAME: Final = "results.jsonl"
TIME_DECIMALS: Final = 6

_BEFORE_NAME = b'{"image": "'
_NO_DETECTIONS = b'"detections": null'

_Pixels = Annotated[float, Field(ge=-1e9, le=1e9)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


# InstanceOf[str] where a name may not be UTF-8: pydantic's own `str` refuses lone surrogates.
class _DetectionRecord(_Strict):
    label: InstanceOf[str]
    score: float
    box: Annotated[list[_Pixels], Field(min_length=4, max_length=4)]


class _FailureRecord(_Strict):
    kind: str
    message: InstanceOf[str]


class _VideoRecord(_Strict):
    frame: Annotated[int, Field(ge=0, lt=2**63)]
    time_s: float
    arrived_s: float | None = None


class _Record(_Strict):
    image: FileName
    width: Side | None
    height: Side | None
    detections: list[_DetectionRecord] | None
    failure: _FailureRecord | None
    warnings: list[InstanceOf[str]]
    video: _VideoRecord | None = None


def format_result(result: ImageResult) -> str:
    """The result as one line of JSON, without the line's end; how names are written: `json_text`.

    Scores have 6 decimals (below 1 they never round to 1), boxes 2, times 6; detections are sorted
    by score descending, ties by box.
    """
    found, failure = result.detections, result.failure
    return json_text(
        {
            "image": result.image,
            "width": result.width,
            "height": result.height,
            "detections": None if found is None else [r._asdict() for r in detection_rows(found)],
            "failure": None if failure is None else asdict(failure),
            "warnings": list(result.warnings),
            **_video_keys(result.video),
        }
    )


def parse_result(line: str) -> ImageResult:
    """The result that `format_result` wrote.

    Raises:
        DataError: the line is not JSON, lacks a key, has one too many or a value out of range.
    """
    try:
        return _result(_Record.model_validate(json.loads(line)))
    except ValidationError as error:
        raise DataError(first_misfit(error, "record")) from None
    except (ValueError, RecursionError) as error:
        raise DataError(str(error)) from None


def record_name(record: bytes) -> str | None:
    """The image that a line of results.jsonl is about, without parsing all of it; None: none."""
    if not record.startswith(_BEFORE_NAME):
        return None
    try:
        return str(scanstring(record.decode("utf-8"), len(_BEFORE_NAME))[0])
    except ValueError:
        return None


def is_failure(record: bytes) -> bool:
    """Whether a line of results.jsonl is about an image that failed."""
    return _NO_DETECTIONS in record


def read_jsonl_results(path: Path) -> list[ImageResult]:
    """The results in a `results.jsonl`, or in a run's folder that holds one.

    Raises:
        DataError: there is no such file, or a line of it is bad; names the file and the line.
    """
    return list(iterate_results(path))


def iterate_results(path: Path) -> Iterator[ImageResult]:
    """The results that `read_results` gives, one at a time: there may be millions.

    Raises:
        DataError: while iterating, as `read_results`.
    """
    file = path / RESULTS_NAME if path.is_dir() else path
    if not file.is_file():
        raise DataError(
            f"{file}: no such file; expected a run's folder, or its "
            f"{RESULTS_NAME}; `fcn-detect batch FOLDER -o RUN` makes them"
        )
    with file.open("rb") as opened:
        number = 1
        try:
            for line in bounded_lines(opened):
                yield parse_result(line.decode())
                number += 1
        except ValueError as error:  # a DataError is one
            raise DataError(f"{file}, line {number}: {error}") from None


def write_results(results: Iterable[ImageResult], path: Path) -> None:
    """Writes a results file, sorted by the UTF-8 bytes of `image`, in one step.

    Raises:
        OSError: the file cannot be written.
    """
    with open_atomically(path) as file:
        for result in sorted(results, key=by_image):
            file.write(format_result(result).encode() + b"\n")


def _video_keys(video: VideoFrame | None) -> dict[str, Any]:
    """What a record has more when it is of a frame."""
    if video is None:
        return {}
    keys: dict[str, Any] = {"frame": video.number, "time_s": round(video.time_s, TIME_DECIMALS)}
    if video.arrived_s is not None:
        keys["arrived_s"] = round(video.arrived_s, TIME_DECIMALS)
    return {"video": keys}


def _result(record: _Record) -> ImageResult:
    failed = record.failure
    failure = None if failed is None else Failure(failed.kind, failed.message)
    found = None if record.detections is None else _detections(record.detections)
    warnings = tuple(record.warnings)
    frame = record.video
    video = None if frame is None else VideoFrame(frame.frame, frame.time_s, frame.arrived_s)
    return ImageResult(record.image, record.width, record.height, found, failure, warnings, video)


def _detections(records: list[_DetectionRecord]) -> Detections:
    return Detections(
        np.array([record.box for record in records], np.float32).reshape(-1, 4),
        np.array([record.score for record in records], np.float32),
        [record.label for record in records],
    )
