import numpy as np
import pytest

from fcn_detect.report import draw_detections, draw_heat_map, drawing
from fcn_detect.report.photos import safe_name
from fcn_detect.results import Detections


@pytest.mark.parametrize(
    "image, expected",
    [
        ("street.jpg", "street.jpg"),
        ("cam1/0001.PNG", "cam1/0001.PNG"),
        ("/data/a.jpeg", "data/a.jpeg"),
        ("../../secret.jpg", "secret.jpg"),
        ("scan.tif", "scan.tif.jpg"),
        ("C:\\photos\\a.jpg", "C_/photos/a.jpg"),
        ("..", "image.jpg"),
    ],
)
def test_pictures_stay_below_their_folder(image, expected):
    assert safe_name(image) == expected


def test_drawing_leaves_the_photo_as_it_was_and_marks_the_box():
    photo = np.full((120, 90, 3), 100, np.uint8)
    found = Detections(
        np.array([[20.0, 40.0, 60.0, 100.0]], np.float32), np.array([0.9], np.float32), ["dress"]
    )
    drawn = draw_detections(photo, found)
    assert (photo == 100).all()
    assert drawn.shape == photo.shape
    edge, middle = drawn[70, 20], drawn[70, 40]
    assert (edge != 100).any()
    assert (middle == 100).all()
    assert np.array_equal(draw_detections(photo, Detections.empty()), photo)


@pytest.mark.parametrize("box", [[-5, -5, 10, 10], [80, 0, 90, 5], [0, 0, 90, 120]])
def test_a_box_at_the_edge_is_drawn_inside(box):
    photo = np.zeros((120, 90, 3), np.uint8)
    clipped = np.clip(np.array([box], np.float32), 0, None)
    found = Detections(clipped, np.array([1.0], np.float32), ["a very long label indeed"])
    assert draw_detections(photo, found).shape == photo.shape


def test_a_heat_map_is_bright_where_it_is_hot():
    heat = np.zeros((50, 60), np.float32)
    heat[20:30, 10:20] = 1
    drawn = draw_heat_map(np.full((50, 60, 3), 80, np.uint8), heat)
    assert drawn[25, 15].sum() > drawn[45, 55].sum() + 200


@pytest.mark.parametrize("size_hw", [(75, 100), (480, 640), (200, 20_000), (3000, 4000)])
def test_lines_and_letters_follow_the_size_of_the_photo(size_hw):
    height, width = size_hw
    box = np.array([[0.3 * width, 0.5 * height, 0.6 * width, 0.9 * height]], np.float32)
    found = Detections(box, np.array([0.9], np.float32), ["x"])
    photo = np.full((height, width, 3), 128, np.uint8)
    changed = (draw_detections(photo, found) != 128).any(axis=2)
    side = (height * width) ** 0.5
    line = changed[round(0.8 * height), : round(0.45 * width)].sum()
    assert max(1, side / 320) <= line <= max(5, side / 150)
    tag = changed[: round(0.5 * height) - 1, round(0.3 * width) + 2].sum()
    assert max(10, side / 60) <= tag <= max(18, side / 30)


def test_labels_of_neighbours_do_not_hide_each_other():
    boxes = np.array([[50 + 20 * i, 100 + 4 * i, 120 + 20 * i, 300] for i in range(4)], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8, 0.7, 0.6], np.float32), ["person"] * 4)
    plates = []
    place = drawing._place_tag

    def watch(*arguments):
        plates.append(place(*arguments).plate)
        return place(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_place_tag", watch)
        draw_detections(np.zeros((400, 600, 3), np.uint8), found)
    assert len(plates) == 4
    for i, plate in enumerate(plates):
        assert not any(drawing._meet(plate, other) for other in plates[:i])


def test_a_crowd_is_drawn_best_on_top():
    boxes = np.tile(np.array([[10, 10, 30, 40]], np.float32), (50, 1))
    found = Detections(boxes, np.linspace(0.9, 0.5, 50).astype(np.float32), ["person"] * 50)
    photo = np.zeros((60, 80, 3), np.uint8)
    alone = Detections(boxes[:1], np.array([0.9], np.float32), ["person"])
    first = draw_detections(photo, alone) > 0
    assert (draw_detections(photo, found)[first] > 0).mean() > 0.9
