import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from fcn_detect.images import taken_at


def save(path, written):
    exif = Image.Exif()
    exif[Base.Make] = "a camera"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = written
    Image.new("RGB", (8, 6)).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_the_date_is_what_the_camera_wrote(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", "2024:05:17 06:12:33")
    assert taken_at(path) == "2024:05:17 06:12:33"


@pytest.mark.parametrize(
    "written, expected",
    [
        ("0000:00:00 00:00:00", "0000:00:00 00:00:00"),
        ("  soon\nenough ", "soon enough"),
        ("", None),
    ],
)
def test_an_odd_date_is_kept_on_one_line(tmp_path, written, expected):
    assert taken_at(save(tmp_path / "a.jpg", written)) == expected


def test_a_date_of_any_length_is_cut(tmp_path):
    assert taken_at(save(tmp_path / "a.jpg", "9" * 5000)) == "9" * 40


def test_files_that_say_nothing_have_no_date(tmp_path):
    Image.new("RGB", (8, 6)).save(tmp_path / "plain.jpg")
    whole = save(tmp_path / "whole.jpg", "2024:05:17 06:12:33").read_bytes()
    spoilt = whole.replace(b"II*\x00", b"II*\x99").replace(b"MM\x00*", b"MM\x99*")
    (tmp_path / "spoilt.jpg").write_bytes(spoilt)
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("plain.jpg", "spoilt.jpg", "text.jpg", "missing.jpg", "."):
        assert taken_at(tmp_path / name) is None
