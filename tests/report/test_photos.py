import numpy as np
import pytest

from fcn_detect.report import draw_detections, draw_heat_map
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
