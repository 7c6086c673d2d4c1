import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import OFFSET_NAMES, apply_offsets, encode_offsets

BOX = (8.0, 10.0, 48.0, 106.0)  # 40 wide, 96 tall


@given(
    x=st.floats(-20, 60), y=st.floats(-20, 100), width=st.floats(1, 90), height=st.floats(1, 200)
)
def test_applying_encoded_offsets_gives_the_object_back(x, y, width, height):
    objects = np.array([[x, y, x + width, y + height]])
    back = apply_offsets(np.array([BOX]), encode_offsets(objects, BOX), OFFSET_NAMES)
    assert np.allclose(back, objects, atol=1e-9)


def test_offsets_by_hand():
    lower = np.array([[8.0, 19.6, 48.0, 115.6]])  # a tenth of 96 px lower
    assert np.allclose(encode_offsets(lower, BOX), [[0, 1, 0, 0]])
    taller = np.array([[28 - 22.0, 58 - 52.8, 28 + 22.0, 58 + 52.8]])  # 1.1 times
    assert np.allclose(encode_offsets(taller, BOX), [[0, 0, np.log(1.1) / 0.2, 0]])
    wider = np.array([[4.0, 10.0, 52.0, 106.0]])  # 1.2 times as wide
    assert np.allclose(encode_offsets(wider, BOX), [[0, 0, 0, np.log(1.2) / 0.2]])


def test_offsets_that_are_not_told_are_zero():
    boxes = np.array([BOX, (0.0, 0.0, 4.0, 9.6)])
    assert np.array_equal(apply_offsets(boxes, np.zeros((2, 0)), ()), boxes)
    moved = apply_offsets(boxes, np.array([[1.0], [-1.0]]), ("y",))
    assert np.allclose(moved - boxes, [[0, 9.6, 0, 9.6], [0, -0.96, 0, -0.96]])


@given(scale=st.floats(0.1, 10))
def test_offsets_do_not_depend_on_the_unit_of_length(scale):
    offsets = np.array([[0.3, -0.4, 0.5, -0.2]])
    large = apply_offsets(np.array([BOX]) * scale, offsets, OFFSET_NAMES)
    assert np.allclose(large, apply_offsets(np.array([BOX]), offsets, OFFSET_NAMES) * scale)
