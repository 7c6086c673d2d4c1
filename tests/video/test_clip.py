import os
import signal
from functools import partial

import numpy as np
import pytest
from clips import (
    matroska_frame,
    matroska_head,
    rendered_frames,
    send_complaining,
    turned_sideways,
    write_clip,
    write_matroska,
)

from fcn_detect.errors import ImageError
from fcn_detect.video import ClipReader, clip

MOST = 10**9


def read(path, stride=1, max_pixels=MOST, counts=False):
    """The frames, and the error that came behind them."""
    frames = []
    try:
        with ClipReader(path, stride, max_pixels, counts) as reader:
            for frame in reader.frames():
                frames.append(frame)
    except ImageError as error:
        return frames, error
    return frames, None


# one grey AV1 picture of 16x16 in an IVF file, by FFmpeg and libaom
AV1 = bytes.fromhex(
    "444b494600002000415630311000100005000000010000000100000000000000"
    "1a000000000000000000000012000a0a000000019ff9b5f20080320a1000f8000002c0008005"
)


@pytest.fixture(scope="module")
def frames():
    return rendered_frames(12, (60, 80))


def test_every_pixel_number_and_time_is_that_of_the_clip(frames, tmp_path):
    path = write_clip(tmp_path / "a.mkv", frames, rate=12.5)
    with ClipReader(path, 1, MOST) as reader:
        found = list(reader.frames())
        assert (reader.announced, reader.rate) == (12, 12.5)
    assert [one.video.number for one in found] == list(range(12))
    assert [one.video.time_s for one in found] == [i * 0.08 for i in range(12)]
    assert all(one.warnings == () and one.video.arrived_s is None for one in found)
    for one, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(one.pixels, frame)


def test_a_codec_without_a_decoder_is_no_damage(tmp_path):
    path = tmp_path / "a.ivf"
    path.write_bytes(AV1)
    found, error = read(path)
    if found:
        pytest.skip("AV1 is decoded here")
    assert error.kind == "needs_plugin"
    assert "no decoder for AV1; convert the video, as with ffmpeg" in str(error)


@pytest.mark.parametrize("stride", [2, 5, 12, 100])
def test_a_stride_takes_the_first_frame_and_every_nth_behind_it(frames, tmp_path, stride):
    found, error = read(write_clip(tmp_path / "a.mkv", frames), stride)
    assert error is None
    assert [one.video.number for one in found] == list(range(0, 12, stride))
    for one in found:
        np.testing.assert_array_equal(one.pixels, frames[one.video.number])


def test_times_of_a_variable_rate_are_those_of_the_container(frames, tmp_path):
    times_ms = [0, 40, 41, 500, 533, 2000, 2001, 9000, 9033, 9066, 60_000, 3_600_001]
    found, error = read(write_matroska(tmp_path / "a.mkv", frames, times_ms))
    assert error is None
    assert [one.video.time_s for one in found] == [ms / 1000 for ms in times_ms]
    for one, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(one.pixels, frame)


def test_frames_are_turned_as_the_file_asks(frames, tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames, codec="mp4v")
    upright, _ = read(path)
    path.write_bytes(turned_sideways(path.read_bytes()))
    turned, error = read(path)
    assert error is None
    for one, other in zip(upright, turned, strict=True):
        np.testing.assert_array_equal(np.rot90(one.pixels, -1), other.pixels)


def test_a_file_that_ends_early_gives_what_is_there_and_says_so(frames, tmp_path):
    path = write_matroska(tmp_path / "a.mkv", frames, range(0, 1200, 100))
    path.write_bytes(path.read_bytes()[:-100])
    found, error = read(path)
    assert error.kind == "truncated"
    assert "ends early: 11 frames were decoded" in str(error)
    assert len(found) == 11
    np.testing.assert_array_equal(found[-1].pixels, frames[10])


def test_an_avi_whose_announced_frames_are_not_there_ends_early(frames, tmp_path):
    path = write_clip(tmp_path / "a.avi", frames, codec="MJPG")
    assert read(path, counts=True)[1] is None
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"00dc", 0, len(data) // 2)])
    found, error = read(path, counts=True)
    assert error.kind == "truncated"
    assert "12 are announced" in str(error)
    assert 0 < len(found) < 12


def test_frames_behind_a_lost_one_are_decoded_and_keep_their_numbers(frames, tmp_path):
    parts = [matroska_frame(frame, 100 * i) for i, frame in enumerate(frames)]
    png = parts[5].index(b"IDAT") + 20
    parts[5] = parts[5][:png] + bytes(300) + parts[5][png + 300 :]
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska_head((60, 80)) + b"".join(parts))
    found, error = read(path)
    assert error.kind == "corrupt"
    assert "11 frames were decoded; 1 between them were lost; the decoder says" in str(error)
    assert [one.video.number for one in found] == [0, 1, 2, 3, 4, *range(6, 12)]
    assert found[5].video.time_s == 0.6
    assert found[5].warnings
    np.testing.assert_array_equal(found[5].pixels, frames[6])


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "truncated"),
        (b"\x1aE\xdf\xa3" + bytes(100), "corrupt"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(50), "corrupt"),
    ],
)
def test_what_cannot_be_opened_says_why(tmp_path, content, kind):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    found, error = read(path)
    assert (found, error.kind) == ([], kind)
    assert "cannot be opened: " in str(error)
    assert "\n" not in str(error)


def test_a_missing_file_says_so(tmp_path):
    _, error = read(tmp_path / "a.mp4")
    assert error.kind == "unreadable"


def test_frames_above_the_limit_are_not_decoded(frames, tmp_path):
    path = write_clip(tmp_path / "a.mkv", frames)
    assert read(path, max_pixels=4800)[1] is None
    found, error = read(path, max_pixels=4799)
    assert (found, error.kind) == ([], "too_large")


def test_names_of_any_bytes_are_opened(frames, tmp_path):
    whole = write_clip(tmp_path / "a.mkv", frames)
    for name in (b"\xff\xfe%03d.mkv", b"concat:a.mkv", "zwölf ✓.mkv".encode()):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(whole.read_bytes())
        found, error = read(path)
        assert (len(found), error) == (12, None)


def test_a_decoder_that_dies_is_said_and_does_not_take_us_with_it(tmp_path):
    path = write_clip(tmp_path / "a.mkv", rendered_frames(40))
    found = []
    with ClipReader(path, 1, MOST) as reader, pytest.raises(ImageError) as caught:  # noqa: PT012
        for frame in reader.frames():
            found.append(frame)
            os.kill(reader._process.pid, signal.SIGKILL)
    assert caught.value.kind == "crashed"
    assert 0 < len(found) < 40


def test_a_decoder_that_hangs_is_waited_for_and_then_said(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "SILENCE_S", 1.0)
    path = write_clip(tmp_path / "a.mkv", rendered_frames(40))
    found = []
    with ClipReader(path, 1, MOST) as reader, pytest.raises(ImageError, match="for 1 s") as caught:  # noqa: PT012
        for frame in reader.frames():
            found.append(frame)
            os.kill(reader._process.pid, signal.SIGSTOP)
    assert caught.value.kind == "timeout"
    assert 0 < len(found) < 40


def test_what_is_not_asked_for_is_not_decoded(tmp_path):
    """The decoder waits for who reads: of any length a clip takes the memory of a few frames."""
    path = write_clip(tmp_path / "a.mkv", rendered_frames(40, (400, 500)))
    with ClipReader(path, 1, MOST) as reader:
        frames = reader.frames()
        next(frames)
        os.kill(reader._process.pid, signal.SIGKILL)  # what was sent by now is in the pipe
        assert reader._process.exit_code == -signal.SIGKILL
        left = 0
        with pytest.raises(ImageError):  # noqa: PT012
            for _ in frames:
                left += 1
    assert left <= 2


def test_frames_of_which_there_are_no_pixels_are_none(tmp_path, monkeypatch):
    """OpenCV gives interlaced frames without pixels, and says so on standard error alone."""
    said = "Cannot convert interlaced to progressive frames or vice versa"
    monkeypatch.setattr(clip, "send_clip", partial(send_complaining, said))
    path = write_clip(tmp_path / "a.mkv", rendered_frames(4))
    with ClipReader(path, 1, MOST) as reader, pytest.raises(ImageError, match="yadif") as caught:
        list(reader.frames())
    assert caught.value.kind == "needs_plugin"
