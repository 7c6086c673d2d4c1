import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_detect.geometry import Border
from fcn_detect.images import (
    Halves,
    add_border,
    halvings,
    paint_with_border,
    resize,
    resize_part,
    resize_to,
)

sides = st.integers(1, 60)
scales = st.floats(0.1, 4)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def level_hw(image, scale):
    height, width = image.shape[:2]
    return max(1, math.floor(height * scale + 1e-6)), max(1, math.floor(width * scale + 1e-6))


def centre_of_mass_xy(image):
    weights = image[..., 0].astype(float)
    rows, cols = (np.arange(side) + 0.5 for side in weights.shape)
    return (weights.sum(0) @ cols / weights.sum(), weights.sum(1) @ rows / weights.sum())


@given(height=sides, width=sides, scale=scales, value=st.integers(0, 255))
@settings(deadline=None)
def test_a_constant_image_stays_constant(height, width, scale, value):
    image = np.full((height, width, 3), value, np.uint8)
    level = resize(image, level_hw(image, scale), scale)
    assert level.shape == (*level_hw(image, scale), 3)
    assert (level == value).all()


@given(height=sides, width=sides, scale=scales, seed=st.integers(0, 99))
@settings(deadline=None)
def test_the_result_never_leaves_the_range_of_the_source(height, width, scale, seed):
    image = noise(height, width, seed) // 2 + 50
    level = resize(image, level_hw(image, scale), scale)
    for band in range(3):
        assert level[..., band].min() >= image[..., band].min()
        assert level[..., band].max() <= image[..., band].max()


def test_scale_one_at_the_same_size_gives_the_same_array():
    image = noise(20, 30)
    assert resize(image, (20, 30), 1.0) is image
    assert resize_to(image, (20, 30)) is image


def test_scale_one_at_a_smaller_size_cuts():
    image = noise(20, 30)
    assert np.array_equal(resize(image, (15, 12), 1.0), image[:15, :12])


@given(x=st.floats(14, 80), y=st.floats(14, 60), scale=st.floats(0.3, 4))
@settings(deadline=None)
def test_content_stays_in_place(x, y, scale):
    rows, cols = np.mgrid[:75, :95] + 0.5
    blob = 250 * np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 18)
    image = np.repeat(blob.round().astype(np.uint8)[..., None], 3, axis=2)
    height, width = level_hw(image, scale)
    level = resize(image, (height, width), scale)
    expected_xy = np.multiply(centre_of_mass_xy(image), scale)
    assert np.allclose(centre_of_mass_xy(level), expected_xy, atol=0.05 + 0.02 * scale)


def test_both_axes_have_the_same_scale_whatever_the_rounding():
    stripes = np.zeros((101, 67, 3), np.uint8)
    stripes[50] = 200
    stripes[:, 33] = 200
    level = resize(stripes, level_hw(stripes, 0.5), 0.5)  # 50 x 33: a row and a column are left out
    across, down = level[0, :, 0], level[:, 0, 0]
    assert across.argmax() == 16  # source column 33 lies in [32, 34)
    assert down.argmax() == 25
    assert np.array_equal(across[14:19], down[23:28][::-1])


def test_halving_averages_four_pixels():
    image = noise(8, 6)
    fours = image.reshape(4, 2, 3, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(resize(image, (4, 3), 0.5) - fours).max() <= 0.5


def test_other_scales_average_with_the_neighbours():
    image = np.zeros((12, 12, 3), np.uint8)
    image[:, 6:] = 120
    level = resize(image, (8, 8), 2 / 3)
    assert level[0, :, 0].tolist() == sorted(level[0, :, 0])
    assert 0 < level[0, 3, 0] < 60 < level[0, 4, 0] < 120


@pytest.mark.parametrize(
    "scale, times", [(4, 0), (1, 0), (0.51, 0), (0.5, 1), (0.4, 1), (0.25, 2), (0.2, 2), (0.1, 3)]
)
def test_an_image_is_halved_as_long_as_the_scale_allows(scale, times):
    assert halvings(scale) == times
    assert scale * 2**times > 0.5 or times == 0


@given(height=sides, width=sides, scale=st.floats(0.02, 0.5), seed=st.integers(0, 99))
@settings(deadline=None)
def test_shared_halves_give_the_same_levels(height, width, scale, seed):
    image = noise(height, width, seed)
    halves = Halves(image)
    for some in (scale, scale / 2, scale):
        size_hw = level_hw(image, some)
        shared = resize_part(halves, size_hw, some, *map(range, size_hw))
        assert np.array_equal(shared, resize(image, size_hw, some))


def test_an_output_that_reaches_over_the_edge_shares_what_there_is():
    image = noise(10, 10)
    assert np.array_equal(resize(image, (6, 6), 0.55), resize_to(image, (6, 6)))
    assert resize(noise(2, 400), (1, 40), 0.1).shape == (1, 40, 3)


@pytest.mark.parametrize("size_hw", [(21, 30), (20, 31), (40, 30)])
def test_outputs_wholly_outside_the_source_are_refused(size_hw):
    with pytest.raises(ValueError, match="does not fill"):
        resize(noise(20, 30), size_hw, 1.0)


def test_resize_to_scales_each_axis_on_its_own():
    image = np.zeros((10, 20, 3), np.uint8)
    image[5:, :] = 100
    image[:, 10:] += 100
    resized = resize_to(image, (40, 10))
    assert resized.shape == (40, 10, 3)
    assert [resized[r, c, 0] for r, c in [(0, 0), (39, 0), (0, 9), (39, 9)]] == [0, 100, 100, 200]


def test_views_of_an_image_are_resized_like_copies():
    image = noise(40, 40)
    view = image[::-1, 5:35]
    assert np.array_equal(resize(view, (20, 15), 0.5), resize(view.copy(), (20, 15), 0.5))


def test_results_are_writable_and_contiguous():
    for result in [resize(noise(9, 9), (4, 4), 0.5), add_border(noise(9, 9), Border(1, 0, 0, 2))]:
        assert result.flags.writeable
        assert result.flags.c_contiguous
        assert result.dtype == np.uint8


@given(margins=st.tuples(*[st.integers(0, 9)] * 4))
def test_a_border_repeats_the_edge_pixels(margins):
    top, left, bottom, right = margins
    image = noise(6, 5)
    wide = add_border(image, Border(*margins))
    rows = np.clip(np.arange(-top, 6 + bottom), 0, 5)
    cols = np.clip(np.arange(-left, 5 + right), 0, 4)
    assert np.array_equal(wide, image[rows][:, cols])


def test_no_border_gives_the_same_array():
    image = noise(6, 5)
    assert add_border(image, Border()) is image


def test_painting_leaves_all_else_alone():
    canvas = np.zeros((20, 20, 3), np.uint8)
    image, border = noise(4, 5), Border(1, 2, 3, 4)
    paint_with_border(canvas[3 : 3 + 8, 6 : 6 + 11], image, border)
    assert np.array_equal(canvas[3 : 3 + 8, 6 : 6 + 11], add_border(image, border))
    canvas[3 : 3 + 8, 6 : 6 + 11] = 0
    assert not canvas.any()
