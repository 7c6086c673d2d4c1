import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import PyramidPlan, pack, plan_passes, plan_pyramid

sides = st.integers(1, 90)
pieces = st.lists(st.tuples(sides, sides), min_size=1, max_size=9)
strides = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(sizes=pieces, stride=strides)
def test_pieces_lie_inside_the_canvas_apart_and_on_whole_strides(sizes, stride):
    canvas = pack(sizes, stride)
    taken = np.zeros(canvas.size_hw, int)
    for (height, width), (top, left) in zip(sizes, canvas.corners_yx, strict=True):
        assert top % stride[0] == 0
        assert left % stride[1] == 0
        assert top + height <= canvas.size_hw[0]
        assert left + width <= canvas.size_hw[1]
        taken[top : top + height, left : left + width] += 1
    assert taken.max() == 1
    assert taken.sum() == sum(map(math.prod, sizes))


@given(size=st.tuples(sides, sides), stride=strides)
def test_one_piece_is_its_own_canvas_to_whole_strides(size, stride):
    canvas = pack([size], stride)
    assert canvas.corners_yx == ((0, 0),)
    assert all(
        0 <= whole - side < step
        for whole, side, step in zip(canvas.size_hw, size, stride, strict=True)
    )


def test_pyramids_waste_little():
    plan = PyramidPlan((56, 28), (4, 4), (4, 4, 24, 52), min_height=50, step=1.2)
    for image_hw in [(576, 768), (480, 640), (1080, 1920), (768, 576)]:
        sizes = [level.size_hw for level in plan_pyramid(image_hw, plan)]
        assert math.prod(pack(sizes, (4, 4)).size_hw) < 1.15 * sum(map(math.prod, sizes))


@given(sizes=pieces, most=st.integers(1, 20_000))
def test_passes_hold_every_piece_once_and_no_more_than_allowed(sizes, most):
    passes = plan_passes(tuple(sizes), (4, 4), most)
    assert sorted(i for one in passes for i in one.pieces) == list(range(len(sizes)))
    for one in passes:
        pixels = sum(math.prod(sizes[i]) for i in one.pieces)
        assert pixels <= most or len(one.pieces) == 1
