"""Streams that the tests feed: which frames come through, and what is counted."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from clips import matroska_frame, matroska_head, rendered_frames, write_matroska

from fcn_detect.video import Patience, StreamReader, StreamSource, stream_source

HASTE = Patience(stall_s=100.0, first_pause_s=0.05, longest_pause_s=0.2)
STALL = replace(HASTE, stall_s=5.0)
HW = (60, 80)
# FFmpeg looks at so many, or at the end of what there is, before it gives the first.
AHEAD = 60


@pytest.fixture(scope="module")
def frames():
    return rendered_frames(AHEAD + 12, HW)


class Feed:
    """Writes to a pipe what a test says, from a thread, since opening it waits for a reader."""

    def __init__(self, path, *parts):
        os.mkfifo(path)
        self.path, self.parts = path, parts
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        """Each part is written at once; between them waits what it is followed by."""
        with suppress(BrokenPipeError):
            for connection in self.parts:
                with self.path.open("wb", buffering=0) as pipe:
                    for part in connection:
                        part() if callable(part) else pipe.write(part)
                time.sleep(0.3)  # the reader sees the end


def reader_of(path, wanted, patience=HASTE, waiting=lambda: None, seconds=600):
    """A reader that is stopped once it has given so many frames."""
    end = time.monotonic() + seconds

    def stopped():
        assert time.monotonic() < end, f"{reader.given} of {wanted} frames came"
        return reader.given >= wanted

    reader = StreamReader(stream_source(str(path)), stopped, patience, waiting)
    return reader


def blocks(frames, first=0):
    return [matroska_frame(frame, 100 * (first + i)) for i, frame in enumerate(frames)]


def test_a_reader_that_is_slow_gets_the_newest_frame_and_the_others_are_counted(frames, tmp_path):
    go, rest = threading.Event(), blocks(frames)
    Feed(tmp_path / "pipe", [matroska_head(HW), *rest[:AHEAD], go.wait, *rest[AHEAD:]])
    reader, found = reader_of(tmp_path / "pipe", 2), []
    for frame in reader.frames():
        found.append(frame)
        go.set()
        end = time.monotonic() + 600
        while len(found) == 1 and reader.arrived < len(frames) and time.monotonic() < end:
            time.sleep(0.02)  # the search takes so long that all others have come
    assert found[-1].video.number == len(frames) - 1
    np.testing.assert_array_equal(found[-1].pixels, frames[-1])
    assert found[-1].video.time_s == (len(frames) - 1) / 10
    assert abs(found[-1].video.arrived_s - time.time()) < 3600
    assert (reader.arrived, reader.given, reader.reconnects) == (len(frames), 2, 0)


def test_a_reader_that_waits_gets_every_frame(frames, tmp_path):
    may_come = [threading.Event() for _ in frames]
    parts = [matroska_head(HW)]
    for event, block in zip(may_come, blocks(frames), strict=True):
        parts += [partial(event.wait, 60), block]
    Feed(tmp_path / "pipe", parts)
    for event in may_come[: AHEAD + 1]:
        event.set()
    reader, found = reader_of(tmp_path / "pipe", 10**9), []
    reader._stopped = lambda: found[-1:] == [len(frames) - 1]
    for frame in reader.frames():
        found.append(frame.video.number)
        for event in may_come[: found[-1] + 2]:
            event.set()
    assert found[-11:] == list(range(AHEAD + 1, AHEAD + 12))


def test_a_stream_that_ends_and_comes_back_goes_on_with_its_numbers(frames, tmp_path):
    whole = [matroska_head(HW), *blocks(frames[:12])]
    Feed(tmp_path / "pipe", whole, whole, whole)
    reader = reader_of(tmp_path / "pipe", 10**9)
    reader._stopped = lambda: reader.arrived >= 36
    found = list(reader.frames())
    assert reader.arrived == 36
    assert reader.reconnects >= 2
    numbers = [frame.video.number for frame in found]
    assert numbers == sorted(set(numbers))
    for frame in found:
        np.testing.assert_array_equal(frame.pixels, frames[frame.video.number % 12])


class Camera(ThreadingHTTPServer):
    """Serves a stream: the first answer stalls behind some frames, the second is none."""

    daemon_threads = True

    def __init__(self, frames):
        self.frames, self.answers, self.closed = frames, 0, threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)

    def handle_error(self, *_):
        pass  # a reader that hangs up


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.answers += 1
        stalls = self.server.answers == 1
        if self.server.answers == 2:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "video/x-matroska")
        self.end_headers()
        parts = [matroska_head(HW), *blocks(self.server.frames)]
        for part in parts[: AHEAD + 1] if stalls else parts:
            self.wfile.write(part)
        if stalls:
            self.server.closed.wait(600)

    def log_message(self, *_):
        pass


def test_a_stream_that_stalls_is_opened_anew_until_it_is_back(frames):
    with Camera(frames) as camera:
        threading.Thread(target=camera.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{camera.server_port}/camera"
        reader, looks = reader_of(address, 10**9, STALL), []
        reader._waiting = lambda: looks.append(reader.arrived)
        reader._stopped = lambda: reader.arrived > AHEAD
        found = list(reader.frames())
        camera.closed.set()
        camera.shutdown()
    assert camera.answers >= 3
    assert reader.reconnects >= 2
    assert len(looks) > 10
    assert reader.arrived > AHEAD >= found[0].video.number


def test_a_file_that_grows_is_followed(frames, tmp_path):
    times_ms = range(0, 100 * AHEAD, 100)
    path = write_matroska(tmp_path / "a.mkv", frames[:AHEAD], times_ms)
    reader, found = reader_of(path, 10**9, STALL), []
    reader._stopped = lambda: reader.arrived >= len(frames) - 1
    for frame in reader.frames():
        if not found:
            with path.open("ab") as file:
                file.write(b"".join(blocks(frames[AHEAD:], AHEAD)))
        found.append(frame)
    assert reader.reconnects == 0
    assert found[0].video.number < AHEAD <= reader.arrived


def test_it_ends_while_it_waits_for_a_stream_that_never_comes(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = StreamReader(
        stream_source(str(tmp_path / "pipe")),
        lambda: reader.reconnects > 1,
        Patience(stall_s=0.2, first_pause_s=0.1),
        lambda: None,
    )
    assert list(reader.frames()) == []


def test_pauses_grow_and_a_frame_ends_that(frames, tmp_path, monkeypatch):
    path, pauses = tmp_path / "a.mkv", []
    path.write_bytes(b"not yet")
    reader = StreamReader(
        StreamSource(str(path), "pipe"), lambda: len(pauses) == 6, Patience(9.0, 1.0, 3.0), list
    )

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 4:
            write_matroska(path, frames[:12], range(12))

    monkeypatch.setattr(reader, "_sleep", sleep)
    assert list(reader.frames())
    assert pauses == [1, 2, 3, 3, 1, 1]


@pytest.mark.parametrize(
    "address, shown",
    [
        ("rtsp://user:secret@cam.local:554/main?token=1", "rtsp://cam.local:554/main"),
        ("http://cam/a.mjpg", "http://cam/a.mjpg"),
    ],
)
def test_passwords_are_not_shown(address, shown):
    source = stream_source(address)
    assert (source.kind, source.shown, source.address) == ("address", shown, address)


def test_what_is_a_stream(tmp_path):
    (tmp_path / "a.mkv").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    kinds = {"a.mkv": "file", "pipe": "pipe"}
    for name, kind in kinds.items():
        assert stream_source(str(tmp_path / name)).kind == kind
    assert stream_source("/dev/null").kind == "device"
    for other in (
        str(tmp_path),
        "s3://bucket/camera",
        "http://host/camera/",
        str(tmp_path / "missing"),
        "a\0b",
    ):
        assert stream_source(other) is None
