import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fcn_detect.geometry import Border, Level, PyramidPlan, plan_pyramid

HW = tuple[int, int]

images_hw = st.tuples(st.integers(1, 900), st.integers(1, 900))


@st.composite
def plans(draw: st.DrawFn, borders: tuple[float, ...] = (0.0, 0.5, 1.0)) -> PyramidPlan:
    crop_h, crop_w = draw(st.tuples(st.integers(8, 128), st.integers(8, 128)))
    fraction = st.floats(0, 0.3)
    x0, x1 = draw(fraction) * crop_w, crop_w - draw(fraction) * crop_w
    y0, y1 = draw(fraction) * crop_h, crop_h - draw(fraction) * crop_h
    min_height = draw(st.floats(5, 200))
    taller = st.floats(1, 10).map(lambda ratio: min_height * ratio)
    return PyramidPlan(
        crop_hw=(crop_h, crop_w),
        stride_hw=draw(st.tuples(st.integers(1, 32), st.integers(1, 32))),
        object_box_xyxy=(x0, y0, x1, y1),
        min_height=min_height,
        max_height=draw(st.none() | taller),
        step=draw(st.floats(1.02, 2)),
        border=draw(st.sampled_from(borders)),
        max_enlargement=draw(st.sampled_from([1.0, 4.0, 64.0])),
    )


@given(images_hw, plans())
def test_scales_fall_in_equal_ratios_of_at_most_the_step(image_hw: HW, plan: PyramidPlan) -> None:
    scales = np.array([level.scale for level in plan_pyramid(image_hw, plan)])
    ratios = scales[:-1] / scales[1:]
    assert (ratios > 1).all()
    assert (ratios <= plan.step * (1 + 1e-6)).all()
    np.testing.assert_allclose(ratios, ratios[:1].repeat(len(ratios)), rtol=1e-9)


@given(images_hw, plans())
def test_the_largest_scale_fits_the_smallest_object_or_is_the_largest_allowed(
    image_hw: HW, plan: PyramidPlan
) -> None:
    levels = plan_pyramid(image_hw, plan)
    assume(levels)
    expected = min(plan.object_height / plan.min_height, plan.max_enlargement)
    assert levels[0].scale == expected


@given(images_hw, plans())
def test_the_smallest_scale_fits_the_largest_object_or_is_the_last_with_a_window(
    image_hw: HW, plan: PyramidPlan
) -> None:
    levels = plan_pyramid(image_hw, plan)
    assume(levels)
    fits = max(plan.smallest_scale(image_hw), 1e-6)
    wanted = 0.0 if plan.max_height is None else plan.object_height / plan.max_height
    assert levels[-1].scale == pytest.approx(min(max(fits, wanted), levels[0].scale), rel=1e-6)


@given(images_hw, plans())
def test_the_windows_of_a_level_end_exactly_at_its_edge(image_hw: HW, plan: PyramidPlan) -> None:
    for level in plan_pyramid(image_hw, plan):
        rows, cols = level.grid(plan.crop_hw, plan.stride_hw).size_hw
        assert min(rows, cols) >= 1
        assert level.size_hw == (
            (rows - 1) * plan.stride_hw[0] + plan.crop_hw[0],
            (cols - 1) * plan.stride_hw[1] + plan.crop_hw[1],
        )


@given(images_hw, plans())
def test_a_grid_holds_all_windows_wholly_inside_its_level(image_hw: HW, plan: PyramidPlan) -> None:
    for level in plan_pyramid(image_hw, plan):
        grid = level.grid(plan.crop_hw, plan.stride_hw)
        (height, width), (crop_h, crop_w) = level.size_hw, plan.crop_hw
        tops = range(0, height - crop_h + 1, plan.stride_hw[0])
        lefts = range(0, width - crop_w + 1, plan.stride_hw[1])
        assert grid.size_hw == (len(tops), len(lefts))
        assert grid.origin_xy == (-level.border.left, -level.border.top)
        assert (grid.stride_hw, grid.crop_hw) == (plan.stride_hw, plan.crop_hw)
        assert grid.scale == level.scale


@given(images_hw, plans(), st.floats(0, 1))
def test_every_height_looked_for_is_within_half_a_step_of_a_level(
    image_hw: HW, plan: PyramidPlan, place: float
) -> None:
    levels = plan_pyramid(image_hw, plan)
    assume(levels)
    found = [plan.object_height / level.scale for level in levels]
    smallest = max(plan.min_height, plan.object_height / plan.max_enlargement)
    largest = plan.object_height / max(plan.smallest_scale(image_hw), 1e-6)
    if plan.max_height is not None:
        largest = min(largest, plan.max_height)
    assume(smallest <= largest)
    height = smallest * (largest / smallest) ** place
    off = min(max(height / level, level / height) for level in found)
    assert off <= math.sqrt(plan.step) * (1 + 1e-6)


@given(images_hw, plans(borders=(1.0,)))
def test_with_a_whole_border_the_object_boxes_reach_all_four_edges_of_the_frame(
    image_hw: HW, plan: PyramidPlan
) -> None:
    for level in plan_pyramid(image_hw, plan):
        grid = level.grid(plan.crop_hw, plan.stride_hw)
        ends = np.array([0, grid.size_hw[0] - 1]), np.array([0, grid.size_hw[1] - 1])
        first, last = grid.parts_xyxy(*ends, plan.object_box_xyxy) * level.scale
        height, width = level.frame_hw
        assert (first[:2] <= 1e-9).all()
        assert (last[2:] >= np.array([width, height]) - 1e-9).all()


@given(plans(borders=(1.0,)), st.tuples(st.integers(0, 200), st.integers(0, 200)))
def test_an_object_flush_with_the_frames_edge_lies_inside_a_window_to_the_pixel(
    plan: PyramidPlan, free_hw: HW
) -> None:
    x0, y0, x1, y1 = plan.object_box_xyxy
    frame_hw = math.ceil(y1 - y0) + free_hw[0], math.ceil(x1 - x0) + free_hw[1]
    grid = plan.level(frame_hw, 1.0).grid(plan.crop_hw, plan.stride_hw)
    ends = np.array([0, grid.size_hw[0] - 1]), np.array([0, grid.size_hw[1] - 1])
    first, last = grid.windows_xyxy(*ends)
    object_wh, frame_wh = np.array([x1 - x0, y1 - y0]), np.array(frame_hw[::-1])
    stride_wh = np.array(plan.stride_hw[::-1])
    # margins are whole pixels: an object box of broken pixels may lose one of them
    assert (first[:2] <= 0).all()
    assert (first[2:] >= object_wh - 1).all()
    # whole strides: the last window may lie less than a stride too far out
    assert (last[:2] - stride_wh < frame_wh - object_wh + 1e-9).all()
    assert (last[2:] >= frame_wh).all()


@given(images_hw, plans())
def test_a_frame_has_no_level_exactly_when_its_smallest_scale_is_not_allowed(
    image_hw: HW, plan: PyramidPlan
) -> None:
    needed = max(plan.smallest_scale(image_hw), 1e-6)
    if plan.max_height is not None:
        needed = max(needed, plan.object_height / plan.max_height)
    allowed = min(plan.object_height / plan.min_height, plan.max_enlargement)
    assert bool(plan_pyramid(image_hw, plan)) == (needed <= allowed * (1 + 1e-9))


def test_a_frame_too_small_gives_no_level() -> None:
    plan = PyramidPlan((128, 64), (8, 8), (0, 0, 64, 128), min_height=128)
    assert plan_pyramid((127, 64), plan) == []
    assert plan_pyramid((128, 63), plan) == []
    assert [level.size_hw for level in plan_pyramid((128, 64), plan)] == [(128, 64)]


def test_a_frame_as_large_as_the_object_has_one_window_with_a_border() -> None:
    plan = PyramidPlan((128, 64), (8, 8), (12.3, 16, 51.7, 112), min_height=96)
    (level,) = plan_pyramid((96, 38), plan)
    assert level == Level(1.0, (96, 38), Border(16, 13, 16, 13))
    assert level.grid(plan.crop_hw, plan.stride_hw).size_hw == (1, 1)


def test_the_frame_of_a_level_never_has_more_pixels_than_the_scaled_image() -> None:
    plan = PyramidPlan((8, 8), (1, 1), (0, 0, 8, 8), min_height=1)
    for scale in (0.3, 1 / 3, 0.9999999, 1.0, 1.7):
        height, width = plan.level((10, 33), scale).frame_hw
        assert height <= 10 * scale + 1e-6 < height + 1
        assert width <= 33 * scale + 1e-6 < width + 1


@given(images_hw, plans(borders=(1.0,)), st.floats(1.0, 4.0))
def test_a_border_wider_than_the_margins_brings_no_objects_larger_than_the_frame(
    image_hw: tuple[int, int], plan: PyramidPlan, border: float
) -> None:
    wider = replace(plan, border=border)
    assert wider.smallest_scale(image_hw) == plan.smallest_scale(image_hw)
    scales = [[level.scale for level in plan_pyramid(image_hw, one)] for one in (plan, wider)]
    assert scales[0] == scales[1]
