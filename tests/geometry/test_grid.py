import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import ScoreGrid

side = st.integers(1, 40)
step = st.integers(1, 16)
shift = st.integers(-20, 0)

grids = st.builds(
    ScoreGrid,
    size_hw=st.tuples(side, side),
    stride_hw=st.tuples(step, step),
    crop_hw=st.tuples(side, side),
    origin_xy=st.tuples(shift, shift),
    scale=st.sampled_from([0.25, 0.5, 0.87, 1.0, 1.3, 4.0]),
)


@given(grids, st.data())
def test_a_window_is_its_level_rectangle_divided_by_the_scale(
    grid: ScoreGrid, data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, grid.size_hw[0] - 1))
    col = data.draw(st.integers(0, grid.size_hw[1] - 1))
    left = grid.origin_xy[0] + col * grid.stride_hw[1]
    top = grid.origin_xy[1] + row * grid.stride_hw[0]
    level_xyxy = [left, top, left + grid.crop_hw[1], top + grid.crop_hw[0]]
    window = grid.windows_xyxy(np.array([row]), np.array([col]))
    assert window.dtype == np.float64
    np.testing.assert_allclose(window, [[v / grid.scale for v in level_xyxy]], rtol=1e-12)


@given(grids)
def test_the_part_that_is_the_whole_crop_is_the_window(grid: ScoreGrid) -> None:
    rows, cols = (axis.ravel() for axis in np.indices(grid.size_hw))
    crop_h, crop_w = grid.crop_hw
    whole = grid.parts_xyxy(rows, cols, (0, 0, crop_w, crop_h))
    np.testing.assert_array_equal(whole, grid.windows_xyxy(rows, cols))


@given(grids)
def test_a_part_keeps_its_place_in_every_window(grid: ScoreGrid) -> None:
    rows, cols = (axis.ravel() for axis in np.indices(grid.size_hw))
    part = np.array([0.25, 0.5, 0.75, 1.0])
    inside = grid.parts_xyxy(rows, cols, (*part,)) - grid.windows_xyxy(rows, cols)[:, [0, 1, 0, 1]]
    np.testing.assert_allclose(inside, np.tile(part / grid.scale, (len(rows), 1)), atol=1e-9)


def test_no_cells_give_no_boxes() -> None:
    none = np.zeros(0, int)
    assert ScoreGrid((2, 2), (8, 8), (16, 16), (0, 0), 1.0).windows_xyxy(none, none).shape == (0, 4)
