import struct
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcn_detect.errors import ImageError
from fcn_detect.images import read_image
from fcn_detect.images.large import StreamingRules, huge_header, store_image

MOST = 1000
RULES = StreamingRules(max_pixels=10_000_000)
SAVED = {
    "a.jpg": {"quality": 90},
    "progressive.jpg": {"quality": 90, "progressive": True},
    "a.png": {},
    "a.tif": {},
    "deflate.tif": {"compression": "tiff_adobe_deflate"},
    "a.webp": {"quality": 80},
}


def pixels(height=301, width=203):
    coarse = np.random.default_rng(3).integers(0, 256, (height // 7 + 1, width // 7 + 1, 3))
    return np.kron(coarse, np.ones((7, 7, 1)))[:height, :width].astype(np.uint8)


def stored(path, rules=RULES):
    header = huge_header(path, MOST)
    assert header is not None
    return store_image(path, header, rules)


def whole(store):
    return np.asarray(store.part(0, *map(range, store.image_hw)))


@pytest.fixture(params=["libvips", "Pillow"])
def reader(request, monkeypatch):
    """Both readers, one after the other."""
    if request.param == "libvips":
        pytest.importorskip("pyvips")
    else:
        monkeypatch.setitem(sys.modules, "pyvips", None)
    return request.param


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", SAVED)
def test_both_readers_give_the_pixels_of_a_whole_reading(name, tmp_path):
    Image.fromarray(pixels()).save(tmp_path / name, **SAVED[name])
    np.testing.assert_array_equal(
        whole(stored(tmp_path / name)), read_image(tmp_path / name).pixels
    )


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_other_pixels_become_colours_as_in_a_whole_reading(mode, tmp_path):
    image = Image.fromarray(pixels()).convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(pixels()[..., 1]))
    image.save(tmp_path / "a.png")
    store, expected = stored(tmp_path / "a.png"), read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(whole(store), expected.pixels)
    assert tuple(store.notes) == expected.warnings


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_orientation_is_applied(orientation, suffix, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(pixels()).save(path, exif=exif)
    np.testing.assert_array_equal(whole(stored(path)), read_image(path).pixels)


@pytest.mark.usefixtures("reader")
def test_a_second_page_is_left_out_and_said(tmp_path):
    image = Image.fromarray(pixels())
    image.save(tmp_path / "a.tif", save_all=True, append_images=[image])
    assert stored(tmp_path / "a.tif").notes == ["the file has 2 frames; only the first was taken"]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", SAVED)
def test_half_a_file_is_truncated(name, tmp_path):
    path = tmp_path / name
    Image.fromarray(pixels()).save(path, **SAVED[name])
    header = huge_header(path, MOST)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError) as caught:
        store_image(path, header, RULES)
    assert caught.value.kind == "truncated"
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_truncated_file_is_taken_as_far_as_it_goes_where_allowed(name, tmp_path):
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 256, (301, 203, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, **SAVED[name])
    expected = read_image(path).pixels
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    store = stored(path, StreamingRules(10_000_000, allow_truncated=True))
    np.testing.assert_array_equal(whole(store)[:100], expected[:100])
    assert any("ends early" in note for note in store.notes)


def test_damage_in_the_middle_is_corrupt(tmp_path):
    pytest.importorskip("pyvips")
    for name in ("a.jpg", "a.png", "deflate.tif"):
        path = tmp_path / name
        Image.fromarray(pixels()).save(path, **SAVED[name])
        data = bytearray(path.read_bytes())
        data[len(data) // 2 : len(data) // 2 + 40] = bytes([255, 1, 7, 9]) * 10
        path.write_bytes(data)
        with pytest.raises(ImageError) as caught:
            stored(path)
        assert caught.value.kind == "corrupt"
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["16 bits", "CMYK", "float"])
def test_pixels_without_a_plain_meaning_are_read_whole_while_that_can_be(
    kind, tmp_path, monkeypatch
):
    pytest.importorskip("pyvips")
    path = tmp_path / "a.tif"
    grey = pixels()[..., 0]
    image = {
        "16 bits": Image.fromarray(grey.astype(np.uint16) * 257),
        "CMYK": Image.fromarray(pixels()).convert("CMYK"),
        "float": Image.fromarray(grey.astype(np.float32)),
    }[kind]
    image.save(path)
    if kind != "float":
        np.testing.assert_array_equal(whole(stored(path)), read_image(path).pixels)
    monkeypatch.setattr("fcn_detect.images.large.DEFAULT_MAX_PIXELS", 2000)
    with pytest.raises(ImageError, match="8-bit grey or RGB") as caught:
        stored(path)
    assert caught.value.kind == "unsupported_pixels"


def test_without_libvips_the_extra_is_named(tmp_path, monkeypatch):
    Image.fromarray(pixels()).save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "pyvips", None)
    monkeypatch.setattr("fcn_detect.images.large.DEFAULT_MAX_PIXELS", 2000)
    with pytest.raises(ImageError, match=r"fcn-detect\[large\]") as caught:
        stored(tmp_path / "a.png")
    assert caught.value.kind == "too_large"


def test_formats_that_are_only_read_whole_are_refused_above_the_limit(tmp_path, monkeypatch):
    Image.fromarray(pixels()).save(tmp_path / "a.bmp")
    np.testing.assert_array_equal(whole(stored(tmp_path / "a.bmp")), pixels())
    monkeypatch.setattr("fcn_detect.images.large.DEFAULT_MAX_PIXELS", 2000)
    with pytest.raises(ImageError, match="JPEG, PNG, TIFF, WEBP") as caught:
        stored(tmp_path / "a.bmp")
    assert caught.value.kind == "too_large"


def test_a_bomb_is_refused_by_its_header(tmp_path):
    def block(name, data):
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 200_000, 200_000, 1, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", b""))
    with pytest.raises(ImageError, match="max_pixels") as caught:
        stored(path)
    assert caught.value.kind == "too_large"


def test_pixels_that_a_small_file_unfolds_to_are_a_bomb(tmp_path):
    Image.new("1", (3000, 3000)).save(tmp_path / "bits.png")
    with pytest.raises(ImageError, match="as bombs have") as caught:
        stored(tmp_path / "bits.png")
    assert caught.value.kind == "too_large"
    Image.new("RGB", (3000, 3000)).save(tmp_path / "flat.png")  # as far as deflate goes
    rules = replace(RULES, max_expansion=1e6)
    assert stored(tmp_path / "bits.png", rules).image_hw == (3000, 3000)  # raised
    huge = huge_header(tmp_path / "flat.png", MOST)
    assert 3 * huge.pixels < RULES.max_expansion * (tmp_path / "flat.png").stat().st_size


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xd8\xff", b"II*\0\x08\0\0\0"])
def test_what_has_no_header_is_left_to_the_plain_reader(content, tmp_path):
    (tmp_path / "a.jpg").write_bytes(content)
    assert huge_header(tmp_path / "a.jpg", MOST) is None
    assert huge_header(tmp_path, MOST) is None
    assert huge_header(tmp_path / "none.jpg", MOST) is None


def test_small_images_are_not_huge(tmp_path):
    Image.fromarray(pixels(20, 30)).save(tmp_path / "a.png")
    assert huge_header(tmp_path / "a.png", MOST) is None
