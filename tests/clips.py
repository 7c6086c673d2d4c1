"""Clips that tests make themselves, without loss: frames of which every pixel is known."""

import struct

import cv2
import numpy as np

from fcn_detect.scenes import render_scene
from fcn_detect.video import decoding


def rendered_frames(count, size_hw=(160, 200), seed=3):
    """A rendered scene with objects, seen through a window that moves a pixel a frame; RGB."""
    height, width = size_hw
    rng = np.random.default_rng(seed)
    scene = render_scene(rng, (height, width + count), 2, (height // 2, height * 9 // 10)).image
    return [np.ascontiguousarray(scene[:, i : i + width]) for i in range(count)]


def write_clip(path, frames, rate=10, codec="FFV1"):
    """A clip at a constant rate, as OpenCV writes it; FFV1 in .mkv is without loss."""
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def matroska_head(size_hw):
    """The beginning of a Matroska file of PNG pictures, in milliseconds, of unknown length."""
    height, width = size_hw
    bitmap = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MPNG", 0, 0, 0, 0, 0)
    video = _element(b"\xb0", _number(width)) + _element(b"\xba", _number(height))
    track = b"".join(
        [
            _element(b"\xd7", _number(1)),
            _element(b"\x73\xc5", _number(1)),
            _element(b"\x83", _number(1)),
            _element(b"\x86", b"V_MS/VFW/FOURCC"),
            _element(b"\x63\xa2", bitmap),
            _element(b"\xe0", video),
        ]
    )
    ebml = _element(b"\x1a\x45\xdf\xa3", _element(b"\x42\x82", b"matroska"))
    info = _element(b"\x15\x49\xa9\x66", _element(b"\x2a\xd7\xb1", _number(1_000_000)))
    tracks = _element(b"\x16\x54\xae\x6b", _element(b"\xae", track))
    return ebml + b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7 + info + tracks


def matroska_frame(frame, time_ms):
    """A frame, RGB, as a cluster of its own: PNG, shown at a time."""
    whole, png = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    assert whole
    block = b"\x81" + struct.pack(">hB", 0, 0x80) + png.tobytes()
    cluster = _element(b"\xe7", _number(time_ms)) + _element(b"\xa3", block)
    return _element(b"\x1f\x43\xb6\x75", cluster)


def write_matroska(path, frames, times_ms):
    """A clip whose frames are shown at any times."""
    parts = [matroska_frame(*pair) for pair in zip(frames, times_ms, strict=True)]
    path.write_bytes(matroska_head(frames[0].shape[:2]) + b"".join(parts))
    return path


def read_clip(path):
    """All frames of a clip, RGB."""
    capture, frames = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while (read := capture.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    return frames


def turned_sideways(mp4):
    """The bytes of an MP4 whose track says that it is shown turned by 90 degrees clockwise."""
    place = mp4.index(b"tkhd") + 4 + 40  # version 0
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    assert mp4[place : place + 4] == struct.pack(">i", 1 << 16)
    return mp4[:place] + matrix + mp4[place + 36 :]


def _element(name, content):
    return name + (len(content) | 1 << 56).to_bytes(8) + content


def _number(value):
    return value.to_bytes(8)


def send_complaining(said, connection, *arguments):
    """`send_clip`, in a process whose decoder complains of each frame."""
    decoding.Complaints.take = lambda _self: (said,)
    decoding.send_clip(connection, *arguments)
