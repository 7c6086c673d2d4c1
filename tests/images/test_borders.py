import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.geometry import Border, Level
from fcn_detect.images import (
    Halves,
    KeptBlocks,
    add_border,
    cut_region,
    level_part,
    resampling,
    resize,
    resize_to,
)
from fcn_detect.images.octaves import halvings
from fcn_detect.images.resampling import BLOCK

margins = st.integers(0, 30)


@functools.cache
def noise(height, width):
    image = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.where(np.indices((height, width)).sum(0)[..., None] % 64 < 32, image, 255 - image)


def level_of(image_hw, scale, border):
    frame_hw = (
        max(1, math.floor(image_hw[0] * scale + 1e-6)),
        max(1, math.floor(image_hw[1] * scale + 1e-6)),
    )
    return Level(scale, frame_hw, border)


def a_part(data, side):
    start = data.draw(st.integers(0, side - 1))
    return range(start, data.draw(st.integers(start + 1, side)))


@given(
    data=st.data(),
    height=st.integers(1, 400),
    width=st.integers(1, 700),
    scale=st.floats(0.05, 4),
    border=st.builds(Border, margins, margins, margins, margins),
)
@settings(deadline=None, max_examples=40)
def test_a_part_of_a_level_is_the_whole_level_cut(data, height, width, scale, border):
    image = noise(400, 700)[:height, :width]
    level = level_of((height, width), scale, border)
    whole = add_border(resize(image, level.frame_hw, scale), border)
    octaves = Halves(image)
    assert np.array_equal(level_part(octaves, level, *map(range, level.size_hw)), whole)
    for _ in range(2):
        rows, cols = (a_part(data, side) for side in level.size_hw)
        part = level_part(octaves, level, rows, cols)
        assert np.array_equal(part, whole[rows.start : rows.stop, cols.start : cols.stop])


@pytest.mark.parametrize("most", [3, 150])
def test_parts_that_share_kept_blocks_are_the_whole_level_cut(monkeypatch, most):
    """Tiles of three levels in turn, in a random order, some blocks long forgotten."""
    monkeypatch.setattr(resampling, "MOST_KEPT", most)
    octaves, kept = Halves(noise(1500, 1300)), KeptBlocks()
    no_border = Border(0, 0, 0, 0)
    levels = [level_of((1500, 1300), scale, no_border) for scale in (0.97, 0.71, 1.3)]
    rng = np.random.default_rng(0)
    for _ in range(40):
        level = levels[rng.integers(3)]
        ends = [np.sort(rng.choice(side + 1, 2, replace=False)) for side in level.size_hw]
        rows, cols = (range(int(first), int(last)) for first, last in ends)
        part = level_part(octaves, level, rows, cols, kept=kept)
        assert np.array_equal(part, level_part(octaves, level, rows, cols))


@pytest.mark.parametrize("scale", [0.06, 0.3, 0.5, 0.77, 1.0, 1.9])
def test_blocks_leave_no_seam(scale):
    """A ramp, resized, goes on evenly over the borders of blocks."""
    width = math.ceil(2.5 * BLOCK / scale)
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    image = np.repeat(np.tile(ramp, (math.ceil(3 / scale), 1))[..., None], 3, axis=2)
    level = resize(image, (2, math.floor(width * scale)), scale)[0, :, 0].astype(int)
    expected = (np.arange(level.size) + 0.5) / scale / width * 255
    assert np.abs(level - expected).max() <= 1.5
    assert (np.diff(level) >= 0).all()


@pytest.mark.parametrize("scale", [0.15, 0.31, 0.6, 0.93, 1.7])
def test_blocks_are_the_image_in_one_piece_to_a_grey_level(scale):
    side = math.ceil(1.3 * BLOCK / scale)
    image = noise(side, math.ceil(side / 3))
    size_hw = (math.floor(side * scale), math.floor(image.shape[1] * scale))
    times = halvings(scale)
    box = (0, 0, size_hw[1] / scale * 2.0**-times, size_hw[0] / scale * 2.0**-times)
    piece = Halves(image).picture(times).resize(size_hw[::-1], 2, box=box)  # 2: bilinear
    difference = np.abs(resize(image, size_hw, scale).astype(int) - np.asarray(piece, int))
    assert difference.max() <= 1


@given(st.integers(20, 200), st.integers(20, 200), st.floats(0.2, 3))
def test_the_region_of_a_whole_image_is_the_image_resized(height, width, scale):
    size_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
    region = cut_region(Halves(noise(height, width)), (0, 0, width, height), size_hw)
    np.testing.assert_array_equal(region, resize_to(noise(height, width), size_hw))


@given(st.data())
def test_a_region_of_whole_pixels_at_its_own_size_is_cut_out_with_edge_pixels_repeated(data):
    image = noise(60, 90)
    x0, y0 = (data.draw(st.integers(-100, 100)) for _ in "xy")
    height, width = (data.draw(st.integers(1, 120)) for _ in "hw")
    region = cut_region(Halves(image), (x0, y0, x0 + width, y0 + height), (height, width))
    rows, cols = (
        np.clip(np.arange(y0, y0 + height), 0, 59),
        np.clip(np.arange(x0, x0 + width), 0, 89),
    )
    np.testing.assert_array_equal(region, image[rows][:, cols])


@pytest.mark.parametrize("size", [9, 30, 97, 300])
def test_corners_between_pixels_are_kept(size):
    ramp = np.zeros((64, 200, 3), np.uint8) + np.arange(200, dtype=np.uint8)[:, None]
    region = cut_region(Halves(ramp), (50.37, 10.2, 110.37, 50.2), (size, size))
    middles = 50.37 + (np.arange(size) + 0.5) * 60 / size - 0.5
    np.testing.assert_allclose(region[size // 2, :, 0], middles, atol=1.25)  # halves are rounded
