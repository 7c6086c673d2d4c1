"""COCO's JSON: reading true boxes, writing results together with their images.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and
https://cocodataset.org/#format-data.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from fcn_detect.errors import DataError
from fcn_detect.files import open_atomically
from fcn_detect.formats.bounded import read_json
from fcn_detect.formats.names import FileName
from fcn_detect.formats.rows import Shown, detection_rows, json_text, rounded_length, write_list
from fcn_detect.formats.stored import in_order
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult

COCO_NAME: Final = "coco.json"
MAX_BYTES: Final = 2_000_000_000

_Pixels = Annotated[float, Field(ge=-1e9, le=1e9)]
_Length = Annotated[float, Field(ge=0, le=1e9)]
_Side = Annotated[int, Field(ge=0, le=10**9)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Image(_Entry):
    id: int
    file_name: FileName
    width: _Side
    height: _Side


class _Category(_Entry):
    id: int
    name: InstanceOf[str]


class _Box(_Entry):
    image_id: int
    category_id: int
    bbox: tuple[_Pixels, _Pixels, _Length, _Length]
    ignore: int = 0
    iscrowd: int = 0


class _Dataset(_Entry):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Box]


def read_coco_annotations(path: Path) -> Annotations:
    """The true boxes of a COCO dataset file; `ignore: 1` and `iscrowd: 1` both mean ignore.

    Classes and images come in the file's order, images without boxes included. A box may reach
    outside its image.

    Raises:
        DataError: the file is missing or not JSON, lacks a key, names an unknown image or
            category, repeats an image or a category, or has a box with a length that is negative
            or a number that is not finite.
    """
    dataset = read_json(path, _Dataset, MAX_BYTES, "a COCO dataset")
    _check_unique(path, "image id", [image.id for image in dataset.images])
    _check_unique(path, "file_name", [image.file_name for image in dataset.images])
    _check_unique(path, "category id", [category.id for category in dataset.categories])
    _check_unique(path, "category name", [category.name for category in dataset.categories])
    names = {category.id: category.name for category in dataset.categories}
    boxes = _boxes_by_image(path, dataset, names)
    images = [_annotated(image, boxes[image.id], names) for image in dataset.images]
    return Annotations(images, list(names.values()))


def write_coco_results(
    results: Collection[ImageResult], path: Path, classes: Sequence[str]
) -> None:
    """Writes the results as a COCO dataset whose annotations carry a `score`.

    Images are sorted by name and numbered from 1, categories are `classes` numbered from 1. Images
    that failed have no size to give and stand in a list of their own, `failures`.

    Raises:
        DataError: a detection's label is not one of `classes`.
        OSError: the file cannot be written.
    """
    ordered = in_order(results)
    category_ids = {name: number for number, name in enumerate(classes, start=1)}
    categories = [{"id": number, "name": name} for name, number in category_ids.items()]
    with open_atomically(path) as file:
        file.write(b'{"images": ')
        write_list(file, (_image_entry(number, r) for number, r in _searched(ordered)))
        file.write(f', "categories": {json_text(categories)}, "annotations": '.encode())
        boxes = (box for number, r in _searched(ordered) for box in _found(number, r, category_ids))
        write_list(file, ({"id": number, **box} for number, box in enumerate(boxes, start=1)))
        file.write(b', "failures": ')
        write_list(file, _failures(ordered))
        file.write(b"}\n")


def export_coco(results: Collection[ImageResult], folder: Path, shown: Shown) -> Path:
    """Writes `coco.json` into a run's folder; its path."""
    write_coco_results(results, folder / COCO_NAME, shown.labels)
    return folder / COCO_NAME


def _searched(results: Iterable[ImageResult]) -> Iterator[tuple[int, ImageResult]]:
    """The images that did not fail, numbered from 1."""
    return enumerate((result for result in results if result.failure is None), start=1)


def _failures(results: Iterable[ImageResult]) -> Iterator[dict[str, Any]]:
    for result in results:
        if (failure := result.failure) is not None:
            named = {"kind": failure.kind, "message": failure.message}
            yield {"file_name": result.image, **named}


def _check_unique(path: Path, noun: str, values: Sequence[int | str]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise DataError(f"{path}: {noun} {repeated[0]!r} occurs twice ({len(repeated)} repeated)")


def _boxes_by_image(
    path: Path, dataset: _Dataset, names: Mapping[int, str]
) -> defaultdict[int, list[_Box]]:
    images = {image.id for image in dataset.images}
    boxes: defaultdict[int, list[_Box]] = defaultdict(list)
    for number, box in enumerate(dataset.annotations):
        if box.image_id not in images:
            raise DataError(f"{path}: annotations.{number}: no image has id {box.image_id}")
        if box.category_id not in names:
            raise DataError(f"{path}: annotations.{number}: no category has id {box.category_id}")
        boxes[box.image_id].append(box)
    return boxes


def _annotated(image: _Image, boxes: Sequence[_Box], names: Mapping[int, str]) -> ImageAnnotations:
    corners = np.array([box.bbox for box in boxes], np.float64).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]  # width and height -> x1, y1
    return ImageAnnotations(
        image.file_name.replace("\\", "/"),
        image.width,
        image.height,
        corners.astype(np.float32),
        [names[box.category_id] for box in boxes],
        np.array([bool(box.ignore or box.iscrowd) for box in boxes], np.bool_),
    )


def _image_entry(number: int, result: ImageResult) -> dict[str, Any]:
    size = {"width": result.width, "height": result.height}
    return {"id": number, "file_name": result.image, **size}


def _found(
    image_id: int, result: ImageResult, category_ids: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    assert result.detections is not None  # failed images are listed apart
    for label, score, (x0, y0, x1, y1) in detection_rows(result.detections):
        if label not in category_ids:
            raise DataError(f"{result.image}: label '{label}' is not one of {list(category_ids)}")
        width, height = rounded_length(x1 - x0), rounded_length(y1 - y0)
        yield {
            "image_id": image_id,
            "category_id": category_ids[label],
            "bbox": [x0, y0, width, height],
            "area": rounded_length(width * height),
            "iscrowd": 0,
            "score": score,
        }
