import os

import pytest
from PIL import Image

from fcn_detect.images import container, is_clip, place


@pytest.mark.parametrize(
    "head, name",
    [
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "MP4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "MP4"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"\x1aE\xdf\xa3\x01\0\0\0", "Matroska"),
        ((b"G" + bytes(187)) * 4, "MPEG-TS"),
        (b"\0\0\x01\xba\x44", "MPEG-PS"),
        (b"OggS\0\x02", "Ogg"),
        (b"FLV\x01\x05", "FLV"),
        # pictures in boxes, lists of other files, and nothing
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
        (b"\0\0\0\x18ftypavis\0\0\0\0avisavif", None),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n", None),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", None),
        (b"G" + bytes(500), None),
        (b"", None),
    ],
)
def test_clips_are_told_by_their_content(tmp_path, head, name):
    path = tmp_path / "a.jpg"
    path.write_bytes(head)
    assert container(path) == name
    assert is_clip(path) == (name is not None)


def test_pictures_pipes_and_what_is_not_there_are_no_clips(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.mp4", "PNG")
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("a.mp4", "pipe.mp4", "missing.mp4", "a\0.mp4", "."):
        assert not is_clip(tmp_path / name)


def test_at_an_address_the_name_decides():
    assert is_clip(place("s3://bucket/a.MP4"))
    assert not is_clip(place("s3://bucket/a.jpg"))
