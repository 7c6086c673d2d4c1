"""The pyramid by tables of whole numbers is the pyramid by Pillow, to the last byte."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fcn_detect.backends.device_pyramid import DevicePyramid, halve
from fcn_detect.geometry import Canvas, Pass, PassRows, PyramidPlan, plan_passes, plan_pyramid
from fcn_detect.images import Halves, level_part, paint_passes, plan_frame

CPU = torch.device("cpu")
STRIDE = (8, 8)


def _noise(*size_hw: int) -> np.ndarray:
    return np.random.default_rng(sum(size_hw)).integers(0, 256, (*size_hw, 3), dtype=np.uint8)


def _painted(frames: np.ndarray, *planned) -> list[np.ndarray]:
    pyramid = DevicePyramid(plan_frame(frames.shape[1:3], *planned), CPU)
    return [canvas.numpy() for canvas in pyramid.paint(torch.from_numpy(frames))]


def _check(image_hw, plan, most, halved=0):
    levels = tuple(plan_pyramid(image_hw, plan))
    passes = plan_passes(tuple(level.size_hw for level in levels), STRIDE, most)
    frame = np.array(Halves(_noise(*image_hw)).picture(halved))
    expected = paint_passes(Halves(frame, image_hw, halved), levels, passes)
    painted = _painted(frame[None], image_hw, halved, levels, tuple(map(PassRows, passes)))
    assert [canvas.shape[1:] for canvas in painted] == [canvas.shape for canvas in expected]
    for own, canvas in zip(painted, expected, strict=True):
        np.testing.assert_array_equal(own[0], canvas)


@examples(max_examples=25)
@given(
    st.tuples(st.integers(60, 300), st.integers(60, 300)),
    st.floats(12, 70),
    st.floats(1.05, 2.5),
    st.floats(0, 2),
)
def test_canvases_are_those_of_the_processor(image_hw, min_height, step, border):
    plan = PyramidPlan((56, 28), STRIDE, (4.0, 4.0, 24.0, 52.0), min_height, None, step, border)
    if plan_pyramid(image_hw, plan):
        _check(image_hw, plan, 60_000)


@pytest.mark.parametrize("image_hw, min_height", [((577, 769), 60), ((640, 1301), 45)])
def test_so_are_those_of_levels_above_the_resamplers_blocks(image_hw, min_height):
    _check(image_hw, PyramidPlan((56, 28), STRIDE, (4.0, 4.0, 24.0, 52.0), min_height), 2_000_000)


@pytest.mark.parametrize("halved", [1, 2])
def test_so_are_those_of_a_frame_that_was_read_at_reduced_size(halved):
    plan = PyramidPlan((56, 28), STRIDE, (4.0, 4.0, 24.0, 52.0), min_height=200)
    _check((300, 412), plan, 60_000, halved)


def test_each_of_several_frames_is_painted_as_it_is_alone():
    frames = np.stack([_noise(90, 120), _noise(90, 120)[::-1]])
    levels = tuple(plan_pyramid((90, 120), PyramidPlan((24, 16), (4, 4), (4, 4, 12, 20), 12)))
    parts = tuple(map(PassRows, plan_passes(tuple(one.size_hw for one in levels), (4, 4), 9000)))
    together = _painted(frames, (90, 120), 0, levels, parts)
    for i, frame in enumerate(frames):
        alone = _painted(frame[None], (90, 120), 0, levels, parts)
        for several, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(several[i], one[0])


def test_rows_of_a_large_level_are_the_levels_own():
    image = _noise(90, 120)
    (level, *_) = plan_pyramid((90, 120), PyramidPlan((24, 16), (4, 4), (4, 4, 12, 20), 10))
    one = Pass((0,), Canvas(level.size_hw, ((0, 0),)))
    rows = [range(60), range(40, 101), range(100, level.size_hw[0])]
    strips = _painted(image[None], (90, 120), 0, (level,), tuple(PassRows(one, r) for r in rows))
    for strip, some in zip(strips, rows, strict=True):
        own = level_part(Halves(image), level, some, range(level.size_hw[1]))
        np.testing.assert_array_equal(strip[0], own)


@pytest.mark.parametrize("size_hw", [(2, 2), (7, 4), (4, 7), (9, 9), (1, 5)])
def test_halves_are_pillows(size_hw):
    image = _noise(*size_hw)
    halved = halve(torch.from_numpy(image)[None])[0].numpy()
    np.testing.assert_array_equal(halved, np.asarray(Halves(image).picture(1)))
