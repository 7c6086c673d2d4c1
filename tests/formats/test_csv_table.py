import csv
from pathlib import Path

import numpy as np

from fcn_detect.formats import write_csv
from fcn_detect.results import Detections, Failure, ImageResult

HEADER = "image,width,height,label,score,x0,y0,x1,y1,failure,message"


def _table(results: list[ImageResult], folder: Path) -> list[str]:
    write_csv(results, folder / "t.csv")
    return (folder / "t.csv").read_text(encoding="utf-8").splitlines()


def test_each_image_has_a_row_for_each_detection_or_one_row(tmp_path: Path) -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 3, 4.125, 5]], np.float32)
    two = Detections(boxes, np.array([0.25, 0.5], np.float32), ["a", "b"])
    results = [
        ImageResult("c.jpg", None, None, None, Failure("empty", "no bytes, none")),
        ImageResult("b.jpg", 8, 9, Detections.empty()),
        ImageResult("a.jpg", 6, 7, two),
    ]
    assert _table(results, tmp_path) == [
        HEADER,
        "a.jpg,6,7,b,0.5,2.0,3.0,4.12,5.0,,",
        "a.jpg,6,7,a,0.25,0.0,0.0,1.0,1.0,,",
        "b.jpg,8,9,,,,,,,,",
        'c.jpg,,,,,,,,,empty,"no bytes, none"',
    ]


def test_names_with_commas_quotes_and_newlines_read_back(tmp_path: Path) -> None:
    name = 'a "b", c\nd.jpg'
    write_csv([ImageResult(name, 1, 1, Detections.empty())], tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["image"] == name


def test_names_that_are_not_utf8_are_escaped(tmp_path: Path) -> None:
    name = b"\xff.jpg".decode(errors="surrogateescape")
    assert _table([ImageResult(name, 1, 1, Detections.empty())], tmp_path)[1].startswith("\\udcff.")
