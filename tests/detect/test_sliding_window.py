import numpy as np
import pytest
import torch
from torch import nn

from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.detect import classify_windows, cut_windows, level_pixels, level_plan, score_level
from fcn_detect.geometry import ScoreGrid
from fcn_detect.nets import ARCHITECTURES

UNPADDED = [name for name, row in ARCHITECTURES.items() if "not exact" not in row.about]


@pytest.mark.parametrize("scale", [1.0, 0.8])
@pytest.mark.parametrize("name", UNPADDED)
def test_the_sliding_window_gives_the_dense_map_of_every_unpadded_net(
    name: str, scale: float
) -> None:
    header, classifier = untrained(name, (56, 48))
    header = header.model_copy(update={"object_box": (6, 4, 42, 50)})
    for module in classifier.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, 0, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    backend = TorchBackend(header, classifier, "cpu")
    image = np.random.default_rng(2).integers(0, 256, (81, 99, 3), dtype=np.uint8)
    level = level_plan(header).level((81, 99), scale)
    dense = score_level(backend, image, level)
    window = classify_windows(backend.classify, level_pixels(image, level), dense.grid, 7)
    assert window.grid == dense.grid
    assert window.logits.size >= 20
    scale_of_logits = max(1.0, float(np.abs(window.logits).max()))
    assert np.abs(dense.logits - window.logits).max() / scale_of_logits <= 1e-4


def test_windows_are_cut_where_the_grid_places_them() -> None:
    grid = ScoreGrid((3, 4), (5, 3), (6, 4), (-2, -1), 0.5)
    pixels = np.random.default_rng(3).integers(0, 256, (16, 13, 3), dtype=np.uint8)
    rows, cols = np.array([2, 0, 1]), np.array([3, 0, 2])
    windows = cut_windows(pixels, grid, rows, cols)
    assert windows.shape == (3, 6, 4, 3)
    for window, xyxy in zip(windows, grid.windows_xyxy(rows, cols), strict=True):
        x0, y0, x1, y1 = (xyxy * grid.scale + np.array([2, 1, 2, 1])).astype(int)  # less the border
        np.testing.assert_array_equal(window, pixels[y0:y1, x0:x1])


def test_a_map_holds_every_window_in_its_place_whatever_the_batch() -> None:
    grid = ScoreGrid((3, 4), (5, 3), (6, 4), (0, 0), 1.0)
    pixels = np.random.default_rng(3).integers(0, 256, (16, 13, 3), dtype=np.uint8)

    def corners(crops: np.ndarray) -> np.ndarray:
        return crops[:, 0, 0, :2].astype(np.float32)

    for batch_size in (1, 5, 12, 100):
        logits = classify_windows(corners, pixels, grid, batch_size).logits
        np.testing.assert_array_equal(logits, pixels[:11:5, :10:3, :2].transpose(2, 0, 1))
