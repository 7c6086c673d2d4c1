"""Windows and their mirror images: the mean, wherever a window lies and whatever searches it."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from fcn_detect.backends import MirroredBackend
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, TiledSearch, cut_windows
from fcn_detect.errors import SettingsError
from fcn_detect.geometry import ScoreGrid
from fcn_detect.nets import build_net

CROP_HW = (56, 48)


@functools.cache
def torch_backend() -> TorchBackend:
    header, _ = untrained("valid-small", CROP_HW)
    header = header.model_copy(update={"labels": ("cat", "dog"), "offsets": ("x", "y", "scale")})
    torch.manual_seed(5)
    net = build_net("valid-small", CROP_HW, header.channels)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5)
    return TorchBackend(header, net.eval())


def noise(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), dtype=np.uint8)


@given(
    height=st.integers(CROP_HW[0], 130), width=st.integers(CROP_HW[1], 130), seed=st.integers(0, 99)
)
@settings(deadline=None, max_examples=30)
def test_every_window_gets_the_mean_of_itself_and_its_mirror_image(height, width, seed):
    backend = torch_backend()
    image = noise(seed, height, width)
    maps = MirroredBackend(backend).maps(image)[0]
    grid = ScoreGrid(maps.shape[1:], backend.header.stride_hw, CROP_HW, (0, 0), 1.0)
    rows, cols = (axis.ravel() for axis in np.indices(grid.size_hw))
    windows = cut_windows(image[0], grid, rows, cols)
    own, mirrored = (
        backend.maps(some)[..., 0, 0] for some in (windows, windows[:, :, ::-1].copy())
    )
    mirrored[:, backend.header.outputs] *= -1  # the shift to the right
    expected = ((own + mirrored) / 2).T.reshape(maps.shape)
    np.testing.assert_allclose(maps, expected, atol=1e-5)


def test_the_mirror_image_has_the_mirrored_map():
    backend = MirroredBackend(torch_backend())
    stride = backend.header.stride_hw[1]
    image = noise(1, 90, CROP_HW[1] + 7 * stride)
    maps, other = backend.maps(image), backend.maps(image[:, :, ::-1].copy())[..., ::-1]
    other[:, backend.header.outputs] *= -1
    np.testing.assert_array_equal(maps, other)


def test_tiles_and_whole_images_agree(tmp_path):
    detector, tiled = (
        Detector(torch_backend(), DetectSettings(mirrored=True, keep=0.0, stream_pixels=pixels))
        for pixels in (50_000_000, 20_000)
    )
    path = tmp_path / "noise.png"
    Image.fromarray(noise(3, 300, 400)[0]).save(path)
    whole = detector.search(path)
    result, search = tiled.result(path)
    assert isinstance(search, TiledSearch)
    assert len(result.detections) > 10
    np.testing.assert_allclose(whole.detections.boxes, result.detections.boxes, atol=1e-3)


def test_models_to_which_mirrored_objects_are_none_are_refused():
    backend = torch_backend()
    digits = backend.header.model_copy(update={"training": {"augment": {"flip": 0.0}}})
    aside = backend.header.model_copy(update={"object_box": (2.0, 4.0, 40.0, 50.0)})
    for header, message in ((digits, "no objects"), (aside, "3 px off the middle")):
        with pytest.raises(SettingsError, match=message):
            Detector(TorchBackend(header, build_net("valid-small", CROP_HW, 6)),
                     DetectSettings(mirrored=True))  # fmt: skip
