import os

import cv2
import numpy as np
import pytest
from clips import read_clip, rendered_frames

from fcn_detect.video import ClipFile


def facts(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    return capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("rate", [0.25, 9.99, 25, 29.97003, 123.4567, 240])
def test_a_clip_has_its_frames_and_its_rate_again(tmp_path, rate):
    frames = rendered_frames(6, (60, 80))
    with ClipFile(tmp_path / "deep" / "a.mp4", rate) as clip:
        for frame in frames:
            clip.write(frame)
    assert facts(tmp_path / "deep" / "a.mp4") == (6, pytest.approx(rate, abs=0.006))
    found = read_clip(tmp_path / "deep" / "a.mp4")
    for one, frame in zip(found, frames, strict=True):
        assert np.abs(one.astype(int) - frame).mean() < 12
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("rate, taken", [(0, 25), (1e-9, 0.1), (90_000, 25)])
def test_rates_that_no_player_takes_are_brought_into_range(tmp_path, rate, taken):
    with ClipFile(tmp_path / "a.mp4", rate) as clip:
        for frame in rendered_frames(3, (60, 80)):
            clip.write(frame)
    assert facts(tmp_path / "a.mp4") == (3, pytest.approx(taken, rel=1e-3))


def test_odd_sides_become_even_and_later_sizes_that_of_the_first(tmp_path):
    with ClipFile(tmp_path / "a.mp4", 10) as clip:
        clip.write(rendered_frames(1, (61, 83))[0])
        clip.write(rendered_frames(1, (90, 120))[0])
    assert [frame.shape for frame in read_clip(tmp_path / "a.mp4")] == [(62, 84, 3)] * 2


def test_an_interruption_keeps_what_was_written(tmp_path):
    def write():
        with ClipFile(tmp_path / "a.mp4", 10) as clip:
            clip.write(rendered_frames(1, (60, 80))[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert len(read_clip(tmp_path / "a.mp4")) == 1


def test_without_a_frame_there_is_no_file(tmp_path):
    with ClipFile(tmp_path / "a.mp4", 10):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_could_not_be_written_is_an_error_and_leaves_nothing(tmp_path):
    def write(folder, lost):
        with ClipFile(folder / "a.mp4", 10) as clip:
            clip.write(rendered_frames(1, (60, 80))[0])
            clip.frames += lost  # as if the disk had not taken them

    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        write(tmp_path / "file" / "below", 0)
    for folder, lost in ((tmp_path, 1), (tmp_path / os.fsdecode(b"\xff"), 0)):
        folder.mkdir(exist_ok=True)
        with pytest.raises(OSError, match="cannot be written"):
            write(folder, lost)
        assert not list(folder.glob("*.mp4")) + list(folder.glob(".*"))
