"""A folder of small images, a detector without a network, and a job that puts them together."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import ENGINES, BatchJob
from fcn_detect.batch.machine import Machine
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("light",),
    object_box=(1.0, 2.0, 7.0, 14.0),
    stride_hw=(4, 4),
    exact=True,
)


@pytest.fixture(scope="session")
def header():
    return HEADER


class InlineEngine:
    """Searches in this process, image after image: what the real engines must equal."""

    def __init__(self, job, detector):
        self.machine, self.job, self.detector = Machine.of(detector.backend), job, detector

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def search(self, names, count=None):  # noqa: ARG002
        for name in names:
            yield self.detector.result(self.job.folder / name, name)[0], self.machine


@pytest.fixture
def inline(monkeypatch, job):
    """The job, given to an engine without processes."""
    monkeypatch.setitem(ENGINES, "inline", InlineEngine)
    return replace(job, engine="inline")


@pytest.fixture
def detector():
    return Detector(FakeBackend(HEADER), DetectSettings(keep=0.3))


@pytest.fixture
def job(tmp_path):
    rng = np.random.default_rng(1)
    for i in range(20):
        folder = tmp_path / "images" / f"cam{i % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 120, (60, 80, 3), dtype=np.uint8)
        pixels[20:32, 30 + i : 36 + i] = 250
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")
    (tmp_path / "model").write_bytes(b"weights")
    return BatchJob(tmp_path / "images", tmp_path / "run", tmp_path / "model", workers=2)


@pytest.fixture
def machine():
    return Machine("fake", "1", "cpu", 1, "any")
