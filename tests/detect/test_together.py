"""Frames given to the network's device, several images at once, and what short memory changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from frames_backend import FramesBackend

from fcn_detect.backends.device_frames import DeviceFrames
from fcn_detect.backends.fake import FakeBackend
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, dense, score_pyramid
from fcn_detect.images import LoadedImage, PreparedImage, paint_passes
from fcn_detect.results import ModelHeader

CPU = torch.device("cpu")
HW = (90, 70)
FAKE = ModelHeader(
    net="fake",
    crop_hw=(24, 16),
    labels=("spot",),
    object_box=(4, 4, 12, 20),
    stride_hw=(4, 4),
    exact=True,
)


def _images(count, image_hw=HW):
    rng = np.random.default_rng(3)
    return [
        PreparedImage(
            image_hw, (), None, LoadedImage(rng.integers(0, 256, (*image_hw, 3), dtype=np.uint8))
        )
        for _ in range(count)
    ]


def _detector(backend, **settings):
    return Detector(backend, DetectSettings(min_height=8, **settings))


def _expected(detector, images):
    """Level by level, or packed, with the processor's pyramid."""
    plain = FakeBackend(detector.header)
    levels = detector.levels(images[0].image_hw)
    return [score_pyramid(plain, one.image.halves(), levels) for one in images]


def _assert_same(found, expected):
    assert len(found) == len(expected)
    for score_maps, true in zip(found, expected, strict=True):
        assert [one.grid for one in score_maps] == [one.grid for one in true]
        for one, other in zip(score_maps, true, strict=True):
            np.testing.assert_array_equal(one.logits, other.logits)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("most", [3000, 30_000, dense.MAX_PASS_PIXELS])
def test_frames_are_scored_as_by_the_processors_pyramid(exact, most, monkeypatch):
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", most)  # 3000: large levels go in strips
    backend = FramesBackend(FAKE.model_copy(update={"exact": exact}))
    detector, images = _detector(backend), _images(2)
    expected = _expected(detector, images)
    _assert_same(detector.start(images)(), [expected[0], expected[1]])
    one = detector.search(images[0].image.pixels)
    _assert_same([one.score_maps], expected[:1])


def test_a_frame_that_was_read_at_half_its_size_is_scored_alike():
    pixels = _images(1)[0].image.pixels
    loaded = LoadedImage(pixels, (), 1, (180, 139))
    detector = Detector(FramesBackend(FAKE), DetectSettings(min_height=40))
    assert detector.halvings == 1
    image = PreparedImage(loaded.image_hw, (), None, loaded)
    _assert_same(detector.start([image])(), _expected(detector, [image]))


@pytest.mark.parametrize("packed", [False, True])
def test_images_give_together_what_they_give_alone_whoever_comes_with_them(packed):
    backend = FramesBackend(FAKE)
    detector, images = _detector(backend, images_per_pass=3), _images(5)
    expected = _expected(detector, images)
    if packed:
        levels = detector.levels(HW)
        passes = dense.pyramid_passes(levels, FAKE.stride_hw)
        images = [
            replace(one, canvases=paint_passes(one.image.halves(), levels, passes), image=None)
            for one in images
        ]
    _assert_same(detector.start(images)(), expected)
    assert [shape[0] for shape in backend.passes] == [3, 3]  # the last place is filled up
    _assert_same(detector.start(images[:1])(), expected[:1])


def test_together_torch_gives_what_it_gives_alone_to_rounding():
    header, classifier = untrained("valid-small", (56, 48))
    alone, together = (TorchBackend(header, classifier, "cpu") for _ in range(2))
    together.frames = DeviceFrames(together.run, CPU)
    images = _images(3, (80, 110))
    true = [_detector(alone, step=1.6).score_prepared(one) for one in images]
    found = _detector(together, step=1.6, images_per_pass=4).start(images)()
    for score_maps, expected in zip(found, true, strict=True):
        for one, other in zip(score_maps, expected, strict=True):
            np.testing.assert_allclose(one.logits, other.logits, atol=1e-5)


def _canvas_pixels(detector):
    (one,) = dense.pyramid_passes(detector.levels(HW), FAKE.stride_hw)
    return one.canvas.size_hw[0] * one.canvas.size_hw[1]


@pytest.mark.parametrize("canvases, together", [(4.0, 4), (2.5, 2), (1.0, 1), (0.6, 1), (0.1, 1)])
def test_where_memory_is_short_less_is_taken_at_once_and_the_scores_are_the_same(
    canvases, together
):
    backend = FramesBackend(FAKE)
    detector, images = _detector(backend, images_per_pass=4), _images(4)
    backend.memory = int(canvases * _canvas_pixels(detector))
    for _ in range(2):
        _assert_same(detector.start(images)(), _expected(detector, images))
    assert detector.scorer.together == together
    assert all(np.prod(shape[:3]) <= backend.memory for shape in backend.passes)


@pytest.mark.parametrize("exact", [True, False])
def test_where_no_part_fits_there_is_no_result(exact):
    backend = FramesBackend(FAKE.model_copy(update={"exact": exact}), memory=300)
    with pytest.raises(MemoryError, match="do not fit"):
        _detector(backend, images_per_pass=2).start(_images(2))
