from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_detect.evaluate import Mistake, evaluate
from fcn_detect.report import write_mistake_sheets
from fcn_detect.report.mistake_sheets import CELL, draw_mistake, find_picture
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult


def _mistake(box, score=0.5, others=()):
    boxes = np.array(others, np.float32).reshape(-1, 4)
    return Mistake(("a.png", "a.png"), "person", np.array(box, np.float32), score, boxes)


def _evaluation(images=3):
    """Each image holds one object that is missed and one false alarm."""
    truth, results = [], []
    for i in range(images):
        box = np.array([[10, 10, 40, 70 + i]], np.float32)
        false = np.array([[60, 20, 90, 80]], np.float32)
        truth.append(ImageAnnotations(f"x/{i}.png", 100, 90, box, ["p"], np.zeros(1, np.bool_)))
        found = Detections(false, np.array([0.5]), ["p"])
        results.append(ImageResult(f"y/{i}.png", 100, 90, found))
    return evaluate(results, Annotations(truth, ["p"]))


def _photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (100, 90), "blue").save(path)


def test_missing_and_damaged_pictures_are_counted_and_the_rest_is_shown(tmp_path):
    _photo(tmp_path / "photos/x/0.png")
    (tmp_path / "photos/1.png").write_bytes(b"no picture")
    sheets = write_mistake_sheets(_evaluation(), tmp_path / "photos", tmp_path / "plots")
    assert [sheet.path.name for sheet in sheets] == ["misses.png", "false_alarms.png"]
    for sheet in sheets:
        assert (sheet.shown, sheet.missing) == (1, 2)
        with Image.open(sheet.path) as picture:
            assert picture.size == (CELL + 4, CELL + 28)


def test_without_any_picture_there_is_no_sheet_and_no_older_one_stays(tmp_path):
    (tmp_path / "misses.png").write_bytes(b"old")
    told = []
    sheets = write_mistake_sheets(
        _evaluation(), tmp_path / "none", tmp_path, lambda *progress: told.append(progress[1:])
    )
    assert [(sheet.shown, sheet.missing) for sheet in sheets] == [(0, 3), (0, 3)]
    assert list(tmp_path.iterdir()) == []
    assert told == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize(
    "there, name, found",
    [
        ("a/b/c.png", "a/b/c.png", "a/b/c.png"),
        ("b/c.png", "/home/me/a/b/c.png", "b/c.png"),
        ("c.png", "a\\b\\c.png", "c.png"),
        ("c.png", "../../c.png", "c.png"),
        ("d.png", "c.png", None),
    ],
)
def test_a_picture_is_found_by_the_longest_ending_of_its_name(tmp_path, there, name, found):
    _photo(tmp_path / there)
    expected = None if found is None else tmp_path / found
    assert find_picture([name], tmp_path) == expected
    assert find_picture(["nothing.png", name], tmp_path) == expected


def test_a_mistake_fills_half_of_its_cell_with_its_own_pixels():
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[100:200, 140:180] = 200
    cell = draw_mistake(photo, _mistake([140, 100, 180, 200]))
    scale = CELL / 200
    top, left = round(50 * scale), round(80 * scale)
    inside = cell[top + 4 : CELL - top - 4, left + 4 : CELL - left - 4]
    assert (inside == 200).all()
    assert (cell[4 : top - 4] == 0).all()


def test_objects_are_green_and_detections_red_whichever_is_the_mistake():
    photo = np.zeros((100, 100, 3), np.uint8)
    alarm = draw_mistake(photo, _mistake([20, 20, 60, 60], 0.5, [[30, 30, 50, 50]]))
    miss = draw_mistake(photo, _mistake([20, 20, 60, 60], None, [[30, 30, 50, 50]]))
    y = CELL // 2
    for cell, outer in ((alarm, 0), (miss, 1)):  # red, green
        assert cell[y, CELL // 4].argmax() == outer
        assert cell[y, CELL // 4 + CELL // 8].argmax() == 1 - outer


@pytest.mark.parametrize(
    "box",
    [
        [-1e9, -1e9, 1e9, 1e9],
        [500, 500, 600, 600],
        [5, 5, 5, 5],
        [-50, 10, 2, 40],
        [99, 0, 100, 90],
    ],
)
def test_boxes_of_any_size_and_place_are_drawn(box):
    photo = np.full((90, 100, 3), 10, np.uint8)
    assert draw_mistake(photo, _mistake(box)).shape == (CELL, CELL, 3)


def test_long_names_of_any_letters_fit_in_a_caption(tmp_path):
    name = "folder " * 20 + b"\xff\n.png".decode(errors="surrogateescape")
    box = np.array([[10, 10, 40, 70]], np.float32)
    truth = ImageAnnotations(name, 100, 90, box, ["p"], np.zeros(1, np.bool_))
    result = ImageResult(name, 100, 90, Detections.empty())
    evaluation = evaluate([result], Annotations([truth], ["p"]))
    _photo(tmp_path / Path(name))
    assert write_mistake_sheets(evaluation, tmp_path, tmp_path / "plots")[0].shown == 1
