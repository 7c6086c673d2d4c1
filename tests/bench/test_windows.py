import numpy as np
import pytest

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.bench import windows
from fcn_detect.bench.turns import Times
from fcn_detect.detect import level_plan
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="none",
    crop_hw=(16, 8),
    labels=("object",),
    object_box=(0.0, 0.0, 8.0, 16.0),
    stride_hw=(4, 4),
    exact=True,
)


class Watched(FakeBackend):
    """Remembers the shapes of what it was given."""

    def __init__(self, header):
        super().__init__(header)
        self.seen = []

    def maps(self, images):
        self.seen.append(images.shape)
        return super().maps(images)


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(windows, "MOST_BATCHED", 30)
    monkeypatch.setattr(windows, "MOST_ALONE", 3)
    monkeypatch.setattr(windows, "BATCH", 20)
    image = np.zeros((40, 32, 3), np.uint8)
    level = level_plan(HEADER).level((40, 32), 1.0)
    return windows.WindowBench(Watched(HEADER), image, level)


def test_each_way_gets_its_windows(bench):
    seen = {}
    for name, work in bench.works().items():
        bench.backend.seen.clear()
        work()
        seen[name] = list(bench.backend.seen)
    assert seen == {
        windows.DENSE: [(1, 40, 32, 3)],
        windows.BATCHED: [(20, 16, 8, 3), (10, 16, 8, 3)],
        windows.ONE_BY_ONE: [(1, 16, 8, 3)] * 3,
    }


def test_times_of_a_sample_stand_for_all_windows(bench):
    assert bench.windows == 7 * 7
    times = Times({windows.DENSE: [1.0], windows.BATCHED: [30.0], windows.ONE_BY_ONE: [6.0]})
    # a pass over h x w pixels multiplies h * w times
    found = bench.result(times, lambda hw: hw[0] * hw[1])
    batched, alone = found.crops
    assert (batched.seconds, batched.measured) == (pytest.approx(49.0), 30)
    assert (alone.seconds, alone.measured) == (pytest.approx(98.0), 3)
    assert found.faster == pytest.approx(49.0)
    assert found.less_arithmetic == pytest.approx(49 * 16 * 8 / (40 * 32))
