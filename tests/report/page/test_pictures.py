import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.report.page.pictures import draw_heat, draw_pictures
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("light",),
    object_box=(1.0, 2.0, 7.0, 14.0),
    stride_hw=(4, 4),
    exact=True,
)


def size_of(path):
    with Image.open(path) as image:
        assert not image.getexif()
        return image.size


@pytest.mark.parametrize(
    "size, picture, thumbnail",
    [
        ((2000, 1000), (900, 450), (400, 200)),
        ((500, 800), (500, 800), (250, 400)),
        ((9, 5), (9, 5), (9, 5)),
    ],
)
def test_pictures_fit_and_are_never_enlarged(tmp_path, size, picture, thumbnail):
    Image.new("RGB", size).save(tmp_path / "a.png")
    drawn = draw_pictures(
        tmp_path / "a.png", tmp_path / "t" / "t.jpg", tmp_path / "p" / "p.jpg", 900
    )
    assert drawn.picture
    assert size_of(tmp_path / "p" / "p.jpg") == picture
    assert size_of(tmp_path / "t" / "t.jpg") == thumbnail


def test_pictures_are_turned_as_a_viewer_shows_them(tmp_path):
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    Image.new("RGB", (300, 200)).save(tmp_path / "a.jpg", exif=exif)
    draw_pictures(tmp_path / "a.jpg", tmp_path / "t.jpg", tmp_path / "p.jpg", 900)
    assert size_of(tmp_path / "p.jpg") == (200, 300)


def test_what_cannot_be_read_has_a_note_and_no_picture(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    drawn = draw_pictures(tmp_path / "a.jpg", tmp_path / "t.jpg", tmp_path / "p.jpg", 900)
    assert (drawn.picture, drawn.note.split(":")[0]) == (False, "empty")
    assert not (tmp_path / "t.jpg").exists()


@pytest.mark.parametrize("stream_pixels", [10_000_000, 30_000], ids=["whole", "in tiles"])
def test_a_heat_map_is_hot_where_the_light_is(tmp_path, stream_pixels):
    pixels = np.zeros((300, 200, 3), np.uint8)
    pixels[40:80, 120:150] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    settings = DetectSettings(keep=0.3, min_height=12, stream_pixels=stream_pixels)
    detector = Detector(FakeBackend(HEADER), settings)
    assert draw_heat(detector, tmp_path / "a.png", tmp_path / "heat" / "a.png")
    heat = np.asarray(Image.open(tmp_path / "heat" / "a.png").convert("RGBA")).astype(int)
    assert heat.shape == (300, 200, 4)
    assert heat[60, 135, :3].sum() > 600
    assert heat[200, 60, 3] == 0


def test_an_image_that_cannot_be_searched_has_no_heat_map(tmp_path):
    detector = Detector(FakeBackend(HEADER), DetectSettings())
    assert not draw_heat(detector, tmp_path / "none.png", tmp_path / "heat.png")
    assert not (tmp_path / "heat.png").exists()


def test_another_picture_under_the_name_is_not_drawn(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg")
    where = (tmp_path / "a.jpg", tmp_path / "t.jpg", tmp_path / "p.jpg", 900)
    assert draw_pictures(*where, (30, 40)).picture
    drawn = draw_pictures(*where, (40, 30))
    assert (drawn.picture, drawn.note) == (False, "another picture: it has 40x30 px, and had 30x40")
