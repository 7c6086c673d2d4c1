"""A clip's frames are searched as their pictures are; the clip's own troubles are one record."""

import numpy as np
import pytest
from clips import rendered_frames, write_clip, write_matroska
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import ClipSearch, Detector
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("light",),
    object_box=(1.0, 2.0, 7.0, 14.0),
    stride_hw=(4, 4),
    exact=True,
)


def fake_detector(**settings):
    return Detector(FakeBackend(HEADER), DetectSettings(keep=0.3, **settings))


def searched(detector, path):
    with ClipSearch(detector, path) as clip:
        return list(clip), clip


def check_against_pictures(detector, frames, folder):
    """Every frame of a clip without loss has the boxes of the same frame as a PNG."""
    times_ms = [33 * i + i % 3 for i in range(len(frames))]
    found, clip = searched(detector, write_matroska(folder / "a.mkv", frames, times_ms))
    assert clip.failure is None
    assert len(found) == len(frames)
    boxes = 0
    for i, (one, frame) in enumerate(zip(found, frames, strict=True)):
        Image.fromarray(frame).save(folder / "frame.png")
        photo, _ = detector.result(folder / "frame.png", one.result.image)
        assert one.result.image == f"{(folder / 'a.mkv').as_posix()}/frame-{i:09d}"
        assert one.result.detections == photo.detections
        assert (one.result.width, one.result.height) == (photo.width, photo.height)
        assert (one.result.video.number, one.result.video.time_s) == (i, times_ms[i] / 1000)
        boxes += len(photo.detections)
    assert boxes > len(frames)


def test_boxes_of_frames_are_those_of_their_pictures(tmp_path):
    check_against_pictures(fake_detector(), rendered_frames(30, (80, 100)), tmp_path)


@pytest.mark.slow
def test_boxes_of_300_frames_are_those_of_their_pictures_by_a_network(dress_model, tmp_path):
    detector = Detector.load(dress_model, backend="torch")
    check_against_pictures(detector, rendered_frames(300), tmp_path)


@pytest.mark.parametrize("stride", [1, 4, 7])
def test_a_stride_searches_each_nth_frame_and_says_how_many_and_how_fast(tmp_path, stride):
    path = write_clip(tmp_path / "a.mkv", rendered_frames(15, (60, 80)), rate=20)
    found, clip = searched(fake_detector(frame_stride=stride), path)
    numbers = list(range(0, 15, stride))
    assert [one.result.video.number for one in found] == numbers
    assert (clip.expected, clip.rate) == (len(numbers), 20 / stride)


def test_what_the_decoder_says_of_a_frame_is_its_warning_and_the_clip_fails(tmp_path):
    path = write_matroska(tmp_path / "a.mkv", rendered_frames(8, (60, 80)), range(0, 800, 100))
    path.write_bytes(path.read_bytes()[:-60])
    found, clip = searched(fake_detector(), path)
    assert len(found) == 7
    assert all(one.result.failure is None for one in found)
    assert (clip.failure.image, clip.failure.failure.kind) == (path.as_posix(), "truncated")
    assert clip.failure.video is None
    found, clip = searched(fake_detector(allow_truncated=True), path)
    assert (len(found), clip.failure) == (7, None)


def test_a_clip_that_cannot_be_opened_is_one_failure(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2")
    found, clip = searched(fake_detector(), tmp_path / "a.mp4")
    assert found == []
    assert clip.failure.failure.kind == "truncated"


def test_frames_that_cannot_be_searched_fail_one_by_one(tmp_path):
    frames = [np.zeros((4, 4, 3), np.uint8)] * 3
    path = write_matroska(tmp_path / "a.mkv", frames, [0, 100, 200])
    found, clip = searched(fake_detector(max_enlargement=1.0, border=0.0), path)
    assert [one.result.failure.kind for one in found] == ["too_small"] * 3
    assert [one.result.video.number for one in found] == [0, 1, 2]
    assert clip.failure is None
