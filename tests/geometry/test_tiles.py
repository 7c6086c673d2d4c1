import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.geometry import ScoreGrid, plan_tiles

pairs = st.tuples(st.integers(1, 90), st.integers(1, 90))
small = st.tuples(st.integers(1, 12), st.integers(1, 12))
grids = st.builds(
    ScoreGrid,
    size_hw=pairs,
    stride_hw=small,
    crop_hw=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    origin_xy=st.tuples(st.integers(-20, 0), st.integers(-20, 0)),
    scale=st.floats(0.1, 4),
)
budgets = st.integers(1, 40_000)


@given(grid=grids, most=budgets)
def test_tiles_partition_the_score_map(grid, most):
    seen = np.zeros(grid.size_hw, int)
    for tile in plan_tiles(grid, most):
        seen[tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop] += 1
    assert (seen == 1).all()


@given(grid=grids, most=budgets)
def test_no_tile_is_above_the_budget_but_for_one_cell_high_or_wide(grid, most):
    for tile in plan_tiles(grid, most):
        pixels = len(tile.pixel_rows) * len(tile.pixel_cols)
        assert pixels <= most or 1 in (len(tile.rows), len(tile.cols))


@given(grid=grids, most=budgets, data=st.data())
def test_a_cell_of_a_tile_is_the_levels_cell(grid, most, data):
    tile = data.draw(st.sampled_from(plan_tiles(grid, most)))
    row, col = (data.draw(st.integers(0, side - 1)) for side in tile.grid.size_hw)
    own = tile.grid.windows_xyxy(np.array([row]), np.array([col]))
    level = grid.windows_xyxy(np.array([tile.rows[row]]), np.array([tile.cols[col]]))
    np.testing.assert_array_equal(own, level)
    rows, cols = tile.grid.size_hw
    for pixels, cells, stride, crop in zip(
        (tile.pixel_rows, tile.pixel_cols), (rows, cols), grid.stride_hw, grid.crop_hw, strict=True
    ):
        assert (len(pixels) - crop) // stride + 1 == cells


def test_tiles_of_a_large_level_are_nearly_square_and_as_large_as_allowed():
    grid = ScoreGrid((3000, 3000), (8, 8), (112, 56), (-8, -8), 1.0)
    tiles = plan_tiles(grid, 4_000_000)
    sizes = [(len(tile.pixel_rows), len(tile.pixel_cols)) for tile in tiles]
    assert all(0.8 < height / width < 1.25 for height, width in sizes)
    assert sum(map(math.prod, sizes)) < 1.12 * (3000 * 8) ** 2


def test_a_flat_level_is_cut_across():
    tiles = plan_tiles(ScoreGrid((10, 5000), (8, 8), (112, 56), (0, 0), 1.0), 1_000_000)
    assert {tile.rows for tile in tiles} == {range(10)}
    assert len(tiles) == 8
