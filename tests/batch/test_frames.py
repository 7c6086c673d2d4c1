"""Runs whose network makes the pyramids itself and takes several images at once."""

import pytest
from frames_backend import FramesBackend

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import run_batch
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.formats import format_result


def _detector(backend, together):
    return Detector(backend, DetectSettings(keep=0.3, images_per_pass=together))


@pytest.mark.parametrize("together", [1, 3])
def test_records_are_what_detect_finds_with_the_processors_pyramid(job, header, together):
    _, results = run_batch(job, _detector(FramesBackend(header), together))
    plain = _detector(FakeBackend(header), 1)
    assert len(results) == 20
    for found in results:
        expected, _ = plain.result(job.folder / found.image, found.image)
        assert format_result(found) == format_result(expected)


def test_a_network_without_memory_fails_image_by_image(job, header):
    _, results = run_batch(job, _detector(FramesBackend(header, memory=100), 2))
    assert [one.failure.kind for one in results] == ["out_of_memory"] * 20
