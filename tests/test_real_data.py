"""What must hold on real photos; skipped where the data is not here."""

import numpy as np
import pytest

from fcn_detect import Detector
from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.detect import level_plan
from fcn_detect.detect.verify import compare_level
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_coco_annotations
from fcn_detect.images import read_image
from fcn_detect.nets import ARCHITECTURES
from fcn_detect.results import TOLERANCE


@pytest.mark.parametrize("net", ARCHITECTURES)
def test_the_map_of_a_real_frame_equals_the_sliding_window(net, data):
    path = sorted((data / "background_frames" / "val").glob("*.jpg"))[0]
    pixels = read_image(path).pixels[:192, :160]
    backend = TorchBackend(*untrained(net))
    level = level_plan(backend.header).level(pixels.shape[:2], 1.0)
    found = compare_level(backend, path.name, pixels, level)
    assert found.head_difference <= TOLERANCE
    if backend.header.exact:
        assert found.max_difference <= TOLERANCE
        assert found.flipped == 0
    else:
        assert found.max_difference > TOLERANCE


def test_the_shipped_model_finds_people_in_real_photos(data):
    truth = read_coco_annotations(data / "penn_fudan" / "annotations.json")
    some = type(truth)(truth.images[:5], truth.classes)
    detector = Detector.load("person", min_height=96)
    results = [
        detector.result(data / "penn_fudan" / image.image, image.image)[0] for image in some.images
    ]
    figures = evaluate(results, some).classes["person"].figures
    assert figures.ap50 > 0.7
    assert np.isfinite(figures.log_average_miss_rate)


@pytest.mark.slow
def test_the_shipped_model_keeps_its_figures(data):
    truth = read_coco_annotations(data / "penn_fudan" / "annotations.json")
    detector = Detector.load("person", min_height=96)
    results = [
        detector.result(data / "penn_fudan" / image.image, image.image)[0] for image in truth.images
    ]
    assert evaluate(results, truth).classes["person"].figures.ap50 > 0.8
