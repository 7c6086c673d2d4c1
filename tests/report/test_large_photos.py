import sys

import numpy as np
import pytest
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, TiledSearch
from fcn_detect.images import Halves
from fcn_detect.report import PhotoWriter, large_photos
from fcn_detect.results import Calibration, ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(24, 16),
    labels=("spot",),
    object_box=(4, 4, 12, 20),
    stride_hw=(4, 4),
    exact=True,
    threshold=0.7,
)


@pytest.fixture
def searched(tmp_path):
    """A photo with one white spot, searched in tiles: its record and the search."""
    pixels = np.zeros((300, 400, 3), np.uint8)
    y, x = np.mgrid[:300, :400]
    pixels[np.hypot(y - 200, x - 120) < 12] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    detector = Detector(FakeBackend(HEADER), DetectSettings(stream_pixels=1000))
    result, search = detector.result(tmp_path / "a.png", "a.png", heat=True)
    assert isinstance(search, TiledSearch)
    assert len(search.detections.above(0.7)) > 0
    return pixels, result, search


def test_a_large_image_is_drawn_as_an_overview_with_its_boxes(searched, tmp_path, monkeypatch):
    pixels, result, search = searched
    monkeypatch.setattr(large_photos, "OVERVIEW_PIXELS", 1000)
    monkeypatch.setattr(large_photos, "OVERVIEW_SIDE", 100)
    PhotoWriter(tmp_path / "out", lambda _: 0.7).write(result, search, HEADER.calibration)
    with Image.open(tmp_path / "out" / "a.png") as picture:
        assert picture.size == (100, 75)
        drawn = np.asarray(picture).astype(int)
    coloured = np.argwhere(drawn.max(axis=2) - drawn.min(axis=2) > 60)  # of the box and its tag
    (top, left), (bottom, right) = coloured.min(axis=0), coloured.max(axis=0)
    assert top < 200 / 4 < bottom
    assert left < 120 / 4 < right
    assert (bottom - top) * (right - left) < 100 * 75 / 2
    overview, scale = large_photos.overview(Halves(pixels))
    assert (overview.shape, scale) == ((75, 100, 3), 0.25)


def test_an_image_that_is_not_large_is_drawn_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    overview, scale = large_photos.overview(Halves(pixels))
    assert scale == 1
    np.testing.assert_array_equal(overview, pixels)


def test_crops_are_cut_out_at_full_size(searched, tmp_path):
    pixels, result, search = searched
    writer = PhotoWriter(tmp_path / "out", lambda _: 0.7, crops=True)
    writer.write(result, search, HEADER.calibration)
    x0, y0, x1, y1 = search.detections.boxes[0]
    box = (int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1)))
    with Image.open(tmp_path / "out" / "a.png.crops" / "spot-00.png") as crop:
        np.testing.assert_array_equal(np.asarray(crop), pixels[box[1] : box[3], box[0] : box[2]])


def test_a_heat_map_is_a_pyramid_of_tiles_that_says_its_scale(searched, tmp_path, monkeypatch):
    pyvips = pytest.importorskip("pyvips")
    _, result, search = searched
    monkeypatch.setitem(large_photos.TILES, "tile_width", 64)
    monkeypatch.setitem(large_photos.TILES, "tile_height", 64)
    writer = PhotoWriter(tmp_path / "out", lambda _: 0.7, heat_maps=True)
    writer.write(result, search, HEADER.calibration)
    path = tmp_path / "out" / "a.png.heatmap.tif"
    image = pyvips.Image.new_from_file(str(path))
    height, width = search.heat.pixels.shape
    assert (image.width, image.height, image.bands) == (width, height, 3)
    assert height == np.ceil(300 / search.heat.pixel)
    assert image.get("n-pages") == 2
    assert (
        image.get("image-description") == f"one pixel is {search.heat.pixel:g} pixels of the photo"
    )
    hottest = np.unravel_index(search.heat.pixels.argmax(), (height, width))
    assert np.abs((np.array(hottest) + 0.5) * search.heat.pixel - (200, 120)).max() < 15
    brightest = image.numpy().astype(int).sum(axis=2)
    assert brightest[hottest] > 2 * np.median(brightest)


def test_without_libvips_a_heat_map_is_a_plain_picture(searched, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvips", None)
    _, result, search = searched
    writer = PhotoWriter(tmp_path / "out", lambda _: 0.7, heat_maps=True)
    writer.write(result, search, Calibration())
    with Image.open(tmp_path / "out" / "a.png.heatmap.jpg") as picture:
        assert picture.size == search.heat.pixels.shape[::-1]
