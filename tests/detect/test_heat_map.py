import numpy as np
import pytest

from fcn_detect.detect import heat_map
from fcn_detect.geometry import ScoreGrid
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration, ScoreMap

CALIBRATION = Calibration(slope=1.5, bias=0.5)


def _map(
    logits: np.ndarray, scale: float = 1.0, origin_xy: tuple[int, int] = (0, 0), stride: int = 8
) -> ScoreMap:
    grid = ScoreGrid(logits.shape[1:], (stride, stride), (17, 9), origin_xy, scale)
    return ScoreMap(logits.astype(np.float32), grid)


def _noise(classes: int = 1, size_hw: tuple[int, int] = (4, 5)) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 2, (classes, *size_hw))


@pytest.mark.parametrize("classes", [1, 3])
def test_each_cell_is_seen_at_its_windows_centre(classes: int) -> None:
    score_map = _map(_noise(classes))
    best = probabilities(score_map.logits, CALIBRATION).max(axis=0)
    heat = heat_map([score_map], CALIBRATION, (60, 60))
    assert (heat.dtype, heat.shape) == (np.float32, (60, 60))
    # windows of 17x9 px are centred in pixel (8, 4): an odd crop has a middle pixel
    np.testing.assert_allclose(heat[8 : 8 + 4 * 8 : 8, 4 : 4 + 5 * 8 : 8], best, atol=1e-5)


def test_between_two_centres_heat_is_interpolated() -> None:
    heat = heat_map([_map(np.array([[[-1.0, 2.0], [-1.0, 2.0]]]))], CALIBRATION, (30, 30))
    left, right = heat[8, 4], heat[8, 12]
    np.testing.assert_allclose(heat[8, 4:13], np.linspace(left, right, 9), atol=0.02)


def test_a_level_of_half_the_size_lies_twice_as_far_apart() -> None:
    logits = np.full((1, 3, 3), -20.0)
    logits[0, 1, 2] = 20
    heat = heat_map([_map(logits, scale=0.5)], Calibration(), (80, 80))
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    # centre of cell (1, 2), in level pixels (16.5, 20.5)
    assert abs(y + 0.5 - 33) <= 1
    assert abs(x + 0.5 - 41) <= 1


def test_a_border_moves_the_centres() -> None:
    logits = np.full((1, 3, 3), -20.0)
    logits[0, 1, 1] = 20
    heat = heat_map([_map(logits, origin_xy=(-3, -6))], Calibration(), (40, 40))
    assert np.unravel_index(heat.argmax(), heat.shape) == (8 + 8 - 6, 4 + 8 - 3)


def test_the_best_level_is_seen_at_each_pixel() -> None:
    a, b = _map(_noise()), _map(_noise(size_hw=(2, 3)), scale=0.5)
    together = heat_map([a, b], CALIBRATION, (50, 50))
    alone = [heat_map([m], CALIBRATION, (50, 50)) for m in (a, b)]
    np.testing.assert_array_equal(together, np.maximum(*alone))


@pytest.mark.parametrize("image_hw", [(1, 1), (7, 200), (5, 40_000)])
def test_heat_lies_between_zero_and_one_on_any_image(image_hw: tuple[int, int]) -> None:
    heat = heat_map([_map(_noise() * 50)], CALIBRATION, image_hw)
    assert heat.shape == image_hw
    assert heat.min() >= 0
    assert heat.max() <= 1


def test_there_is_no_heat_far_from_every_window() -> None:
    heat = heat_map([_map(np.full((1, 2, 2), 9.0))], CALIBRATION, (90, 90))
    assert heat[:, 40:].max() == heat[40:].max() == 0
