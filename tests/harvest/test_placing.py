import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.harvest import CropPlace
from fcn_detect.headers import read_header
from fcn_detect.results import ModelHeader

PLACE = CropPlace((64, 32), (6.0, 8.0, 26.0, 56.0))
IMAGE_HW = (480, 640)
sides = st.floats(4, 300)


def in_crop(box, region, place):
    """Where a box of the image lies in the crop of a region, in pixels of the crop."""
    x0, y0, x1, y1 = region
    scale = np.array([place.crop_hw[1] / (x1 - x0), place.crop_hw[0] / (y1 - y0)] * 2)
    return (np.asarray(box) - [x0, y0, x0, y0]) * scale


@given(st.floats(10, 300), st.floats(10, 150), st.floats(4, 300))
def test_a_box_of_the_models_shape_comes_to_lie_in_its_object_box(x0, y0, height):
    box = np.array([[x0, y0, x0 + height * 20 / 48, y0 + height]])
    region = PLACE.regions(box, IMAGE_HW)[0]
    np.testing.assert_allclose(in_crop(box[0], region, PLACE), PLACE.object_box, atol=1e-9)


@given(st.floats(10, 300), st.floats(10, 150), sides, sides)
def test_a_box_of_another_shape_keeps_its_height_its_centre_and_one_scale(x0, y0, width, height):
    box = np.array([[x0, y0, x0 + width, y0 + height]])
    region = PLACE.regions(box, (2000, 2000))[0]
    found = in_crop(box[0], region, PLACE)
    assert found[[1, 3]] == pytest.approx([8, 56])
    assert (found[0] + found[2]) / 2 == pytest.approx(16)
    assert (region[2] - region[0]) / 32 == pytest.approx((region[3] - region[1]) / 64)


@pytest.mark.parametrize(
    "cut, whole",
    [
        ((0, 100, 8, 148), (-12, 100, 8, 148)),
        ((632, 100, 640, 148), (632, 100, 652, 148)),
        ((100, 0, 120, 30), (100, -18, 120, 30)),
        ((100, 460, 120, 480), (100, 460, 120, 508)),
    ],
)
def test_a_box_cut_by_the_frames_edge_is_completed(cut, whole):
    found, expected = PLACE.regions(np.array([cut, whole], np.float64), IMAGE_HW)
    np.testing.assert_allclose(found, expected)


def test_the_place_is_that_of_the_training_crops_not_of_the_window():
    header = ModelHeader(
        net="valid-half",
        crop_hw=(56, 28),
        labels=("person",),
        object_box=(4.0, 4.0, 24.0, 52.0),
        stride_hw=(4, 4),
        exact=True,
        training={"model": {"crop": "32x64", "window": "28x56"}},
    )
    assert CropPlace.of(header) == PLACE


def test_a_model_without_training_settings_has_its_own_crops(model):
    header = read_header(model).model_copy(update={"training": {"imported": True}})
    assert CropPlace.of(header) == CropPlace((128, 64), (7.5, 16, 56.5, 112))
