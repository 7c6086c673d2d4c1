import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_detect.errors import DataError
from fcn_detect.formats import read_coco_annotations, write_coco_results
from fcn_detect.results import Detections, Failure, ImageResult

DATASET: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "b.jpg", "width": 20, "height": 10},
        {"id": 3, "file_name": "sub\\a.jpg", "width": 5, "height": 6},
    ],
    "categories": [{"id": 2, "name": "car"}, {"id": 1, "name": "person"}],
    "annotations": [
        {"image_id": 7, "category_id": 1, "bbox": [-1, 2, 3, 4.5]},
        {"image_id": 7, "category_id": 2, "bbox": [0, 0, 1, 1], "ignore": 1, "iscrowd": 0},
        {"image_id": 7, "category_id": 2, "bbox": [0, 0, 1, 1], "iscrowd": 1, "area": 1},
    ],
}


def _write(folder: Path, dataset: object) -> Path:
    path = folder / "annotations.json"
    path.write_text(json.dumps(dataset))
    return path


def test_boxes_become_corners_and_both_flags_mean_ignore(tmp_path: Path) -> None:
    annotations = read_coco_annotations(_write(tmp_path, DATASET))
    assert annotations.classes == ["car", "person"]
    first, second = annotations.images
    assert (first.image, first.width, first.height) == ("b.jpg", 20, 10)
    assert first.labels == ["person", "car", "car"]
    assert first.ignore.tolist() == [False, True, True]
    assert first.boxes.dtype == np.float32
    assert first.boxes[0].tolist() == [-1, 2, 2, 6.5]
    assert (second.image, second.boxes.shape, second.labels) == ("sub/a.jpg", (0, 4), [])


@pytest.mark.parametrize(
    "part, index, change, said",
    [
        ("annotations", 0, {"bbox": None}, r"annotations\.0\.bbox"),
        ("annotations", 0, {"bbox": [0, 0, -1, 1]}, r"annotations\.0\.bbox\.2"),
        ("annotations", 0, {"bbox": [0, 0, float("nan"), 1]}, r"annotations\.0\.bbox\.2"),
        ("annotations", 0, {"bbox": [float("inf"), 0, 1, 1]}, r"annotations\.0\.bbox\.0"),
        ("annotations", 0, {"bbox": [0, 0, 1]}, r"annotations\.0\.bbox"),
        ("annotations", 1, {"image_id": 99}, r"annotations\.1: no image has id 99"),
        ("annotations", 2, {"category_id": 99}, r"annotations\.2: no category has id 99"),
        ("images", 1, {"id": 7}, "image id 7 occurs twice"),
        ("images", 1, {"file_name": "b.jpg"}, "file_name 'b.jpg' occurs twice"),
        ("images", 0, {"width": -1}, r"images\.0\.width"),
        ("categories", 0, {"id": 1}, "category id 1 occurs twice"),
        ("categories", 0, {"name": "person"}, "category name 'person' occurs twice"),
    ],
)
def test_a_broken_entry_is_named(
    tmp_path: Path, part: str, index: int, change: dict[str, Any], said: str
) -> None:
    dataset = copy.deepcopy(DATASET)
    dataset[part][index] |= change
    with pytest.raises(DataError, match=said) as caught:
        read_coco_annotations(_write(tmp_path, dataset))
    assert "annotations.json" in str(caught.value)


@pytest.mark.parametrize("part", ["images", "categories", "annotations"])
def test_a_missing_part_is_named(tmp_path: Path, part: str) -> None:
    with pytest.raises(DataError, match=f"{part}: Field required"):
        read_coco_annotations(
            _write(tmp_path, {key: value for key, value in DATASET.items() if key != part})
        )


@pytest.mark.parametrize("part, key", [("images", "file_name"), ("annotations", "bbox")])
def test_a_missing_key_is_named(tmp_path: Path, part: str, key: str) -> None:
    dataset = copy.deepcopy(DATASET)
    del dataset[part][0][key]
    with pytest.raises(DataError, match=rf"{part}\.0\.{key}: Field required"):
        read_coco_annotations(_write(tmp_path, dataset))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"3"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "annotations.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match="expected a COCO dataset"):
        read_coco_annotations(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_coco_annotations(tmp_path / "none.json")


def _results() -> list[ImageResult]:
    boxes = np.array([[1, 2, 4, 6.5], [0, 0, 1, 1]], np.float32)
    found = Detections(boxes, np.array([0.5, 0.9999999], np.float32), ["person", "car"])
    failure = Failure("empty", "no bytes")
    return [
        ImageResult("c.jpg", 20, 10, found),
        ImageResult("b.jpg", None, None, None, failure),
        ImageResult("a.jpg", 5, 6, Detections.empty()),
    ]


def test_results_are_numbered_from_one_and_failures_stand_apart(tmp_path: Path) -> None:
    write_coco_results(_results(), tmp_path / "r.json", ["person", "car"])
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["images"] == [
        {"id": 1, "file_name": "a.jpg", "width": 5, "height": 6},
        {"id": 2, "file_name": "c.jpg", "width": 20, "height": 10},
    ]
    assert written["categories"] == [{"id": 1, "name": "person"}, {"id": 2, "name": "car"}]
    assert written["failures"] == [{"file_name": "b.jpg", "kind": "empty", "message": "no bytes"}]
    assert [a["score"] for a in written["annotations"]] == [0.999999, 0.5]
    assert written["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 1,
        "bbox": [1.0, 2.0, 3.0, 4.5],
        "area": 13.5,
        "iscrowd": 0,
        "score": 0.5,
    }


def test_written_results_read_back_as_boxes(tmp_path: Path) -> None:
    write_coco_results(_results(), tmp_path / "r.json", ["person", "car"])
    read = read_coco_annotations(tmp_path / "r.json")
    assert [image.image for image in read.images] == ["a.jpg", "c.jpg"]
    assert read.images[1].boxes.tolist() == [[0, 0, 1, 1], [1, 2, 4, 6.5]]


def test_the_order_of_the_results_changes_no_byte(tmp_path: Path) -> None:
    write_coco_results(_results(), tmp_path / "a", ["person", "car"])
    write_coco_results(_results()[::-1], tmp_path / "b", ["person", "car"])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_label_that_is_not_a_class_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"c\.jpg: label 'car' is not one of \['person'\]"):
        write_coco_results(_results(), tmp_path / "r.json", ["person"])
    assert not list(tmp_path.iterdir())
