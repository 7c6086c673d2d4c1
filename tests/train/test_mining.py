from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.detect import Detector, cut_windows
from fcn_detect.geometry import ScoreGrid
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration, ModelHeader, silent
from fcn_detect.train.mining import FalseAlarms, Surroundings, find_false_alarms, list_photos
from fcn_detect.train.run import _Training

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("cat",),
    object_box=(1, 2, 7, 14),
    stride_hw=(4, 4),
    exact=True,
)
AROUND = Surroundings((24, 12), (4, 2))


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        pixels = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        pixels[20 + i : 40, 30:44] = 255
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return tmp_path


def test_a_window_and_what_lies_around_it():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    grid = ScoreGrid((7, 6), (4, 4), (16, 8), (0, 0), 1.0)
    rows, cols = np.array([0, 3, 6]), np.array([0, 2, 5])
    wide = AROUND.cut(pixels, grid, rows, cols)
    assert wide.shape == (3, 24, 12, 3)
    assert np.array_equal(wide[:, 4:20, 2:10], cut_windows(pixels, grid, rows, cols))
    assert (wide[0, :4, 2:] == wide[0, 4, 2:]).all()  # beyond the level its edge is repeated
    assert np.array_equal(wide[1], pixels[8:32, 6:18])


def test_false_alarms_come_with_their_surroundings_and_logits_and_bad_photos_are_named(photos):
    detector = Detector(FakeBackend(HEADER))
    files = sorted(photos.iterdir())
    alarms, skipped = find_false_alarms(detector, files, 2, AROUND, silent)
    assert [skip.path for skip in skipped] == [files[3].as_posix()]
    assert alarms.photos == 3
    assert len(alarms.windows) == len(alarms.logits) == len(alarms.labels)
    assert 3 <= len(alarms.windows) <= 6
    assert alarms.windows.shape[1:] == (24, 12, 3)
    centres = alarms.windows[:, 4 + 8, 2 + 4].mean(axis=1)  # what the fake backend looks at
    assert np.allclose((centres - 127.5) / 12.75, alarms.logits[:, 0], atol=1e-4)
    assert alarms.cells == 3 * detector.windows((60, 80))


def test_scores_of_false_alarms_are_those_of_the_labels_given():
    logits = np.random.default_rng(2).normal(0, 2, (5, 3)).astype(np.float32)
    labels = np.array([0, 1, 1, 0, 1])
    alarms = FalseAlarms(np.zeros((5, 2, 2, 3), np.uint8), logits, labels, 1, 100)
    calibration = Calibration(slope=1.7, bias=-0.4)
    shares = probabilities(logits.T, calibration)
    assert alarms.scores(calibration).tolist() == [shares[c, i] for i, c in enumerate(labels)]


@given(count=st.integers(1, 60), share=st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.5, 0.7, 0.9, 1.0]))
def test_photos_are_used_or_held_back_in_whole_runs_of_neighbours(count, share, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i in range(count):
        Image.new("RGB", (4, 4)).save(folder / f"{i:03d}.png")
    used, held = list_photos(folder, share)
    assert sorted(used + held) == sorted(folder.iterdir())
    length = max(1, min(8, count // 10, int(count * min(share, 1 - share))))
    runs = [{int(path.stem) // length for path in photos} for photos in (used, held)]
    assert not runs[0] & runs[1]
    if share in (0.0, 1.0):
        assert len(held) == count * share
    assert abs(len(held) - count * share) <= length


@pytest.mark.parametrize("count, expected", [(9, 0), (10, 1), (20, 2), (60, 6), (80, 8), (200, 16)])
def test_a_tenth_of_ten_photos_or_more_is_held_back(count, expected, tmp_path):
    for i in range(count):
        (tmp_path / f"{i:03d}.png").touch()
    assert len(list_photos(tmp_path, 0.1)[1]) == expected


@pytest.mark.parametrize(
    "counts, done",
    [
        ([2.0, 1.0], False),
        ([1.0, 1.0], True),
        ([1.0, 2.0], True),
        ([0.0, 0.0], True),
        ([100.0, 100.0], False),
    ],
)
def test_mining_ends_where_a_round_made_false_alarms_no_rarer(counts, done):
    training = object.__new__(_Training)
    training.negatives = SimpleNamespace(by_phase=counts, held_back=["a.png"])
    training.say = lambda _line: None
    assert training._is_done(2) is done
