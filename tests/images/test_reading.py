import io
import os
import socket
import stat
import struct
import sys
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin, features

from fcn_detect.errors import ImageError
from fcn_detect.images import Halves, from_pil, read_image
from fcn_detect.results import FAILURE_KINDS

LOSSLESS = {
    "PNG": {},
    "TIFF": {},
    "BMP": {},
    "PPM": {},
    "WEBP": {"lossless": True, "exact": True},
    "JPEG2000": {"irreversible": False},
}


def photo(height=40, width=56, seed=0):
    """A smooth picture with no symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(pixels, file_format, **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    picture.save(stream, file_format, **options)
    return stream.getvalue()


def exif_with(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


def png_block(name, data, checksum=None):
    crc = zlib.crc32(name + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def png_of(width, height, bits, colour_type, data):
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    blocks = (b"IHDR", header), (b"IDAT", data), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_block(*block) for block in blocks)


def tiff_of(height, width, bands, bits, sample_format, data):
    """An uncompressed little-endian TIFF of one strip."""
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, bits), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (273, 4, 1, 0), (277, 3, 1, bands), (278, 3, 1, height)]
    entries += [(279, 4, 1, len(data)), (339, 3, 1, sample_format)]
    start = 8 + 2 + 12 * len(entries) + 4
    entries[5] = (273, 4, 1, start)
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + data


def failure(source, **options):
    with pytest.raises(ImageError) as caught:
        read_image(source, **options)
    assert caught.value.kind in FAILURE_KINDS
    assert "\n" not in str(caught.value)
    return caught.value.kind, str(caught.value)


# ---- what is read


@pytest.mark.parametrize("file_format", LOSSLESS)
def test_a_lossless_file_gives_its_pixels(file_format):
    loaded = read_image(encoded(photo(), file_format, **LOSSLESS[file_format]))
    assert np.array_equal(loaded.pixels, photo())
    assert loaded.warnings == ()


@pytest.mark.parametrize("file_format", ["JPEG", "GIF", "WEBP", "AVIF"])
def test_a_lossy_file_gives_what_pillow_decodes(file_format):
    if file_format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF decoder")
    data = encoded(photo(), file_format)
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.array(picture.convert("RGB"))
    loaded = read_image(data)
    assert np.array_equal(loaded.pixels, expected)
    assert loaded.warnings == ()


def test_pixels_are_writable_contiguous_rgb_bytes():
    pixels = read_image(encoded(photo(), "JPEG", exif=exif_with(6))).pixels
    assert pixels.dtype == np.uint8
    assert pixels.shape == (56, 40, 3)
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


@pytest.mark.parametrize("name", ["a b.jpg", "caf\u00e9 \u732b.png", "line\nbreak", "-x[1]*.jpg"])
def test_neither_the_name_nor_its_extension_matters(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(encoded(photo(), "PNG"))
    assert np.array_equal(read_image(path).pixels, photo())
    assert np.array_equal(read_image(str(path)).pixels, photo())


# ---- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_pictures_are_turned_as_exif_asks(file_format, orientation):
    if file_format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF decoder")
    options = {"TIFF": {"compression": "tiff_lzw"}, "WEBP": {"lossless": True}}
    options = options.get(file_format, {})
    plain = read_image(encoded(photo(), file_format, **options)).pixels
    turned = {
        1: plain,
        2: plain[:, ::-1],
        3: plain[::-1, ::-1],
        4: plain[::-1],
        5: plain.transpose(1, 0, 2),
        6: np.rot90(plain, -1),
        7: plain[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(plain),
    }[orientation]
    loaded = read_image(encoded(photo(), file_format, exif=exif_with(orientation), **options))
    assert np.array_equal(loaded.pixels, turned)
    assert loaded.warnings == ()


def test_an_uncompressed_tiff_is_turned_once():
    loaded = read_image(encoded(photo(), "TIFF", exif=exif_with(6)))
    assert np.array_equal(loaded.pixels, np.rot90(photo(), -1))


def test_an_exif_block_after_the_pixels_of_a_png_counts():
    block = png_block(b"eXIf", exif_with(6).removeprefix(b"Exif\0\0"))
    data = encoded(photo(), "PNG")
    loaded = read_image(data[:-12] + block + data[-12:])
    assert np.array_equal(loaded.pixels, np.rot90(photo(), -1))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_a_truncated_picture_is_turned_too(file_format):
    plain = encoded(photo(), file_format)
    data = encoded(photo(), file_format, exif=exif_with(6))
    cut, plain_cut = (
        read_image(whole[: len(whole) - len(plain) // 4], allow_truncated=True).pixels
        for whole in (data, plain)
    )
    assert np.array_equal(cut, np.rot90(plain_cut, -1))


def test_a_truncated_tiff_of_deep_grey_is_turned_too():
    ramp = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) * 100
    data = encoded(ramp, "TIFF", exif=exif_with(6))
    loaded = read_image(data[:-300], allow_truncated=True)
    assert loaded.pixels.shape == (30, 20, 3)
    # stored rows run from right to left, so that the missing ones are on the left
    assert np.array_equal(loaded.pixels[:, 10:], read_image(data).pixels[:, 10:])


@pytest.mark.parametrize("orientation", [0, 9, 4711])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_an_invalid_orientation_warns_and_turns_nothing(file_format, orientation):
    plain = read_image(encoded(photo(), file_format)).pixels
    loaded = read_image(encoded(photo(), file_format, exif=exif_with(orientation)))
    assert np.array_equal(loaded.pixels, plain)
    assert len(loaded.warnings) == 1
    assert str(orientation) in loaded.warnings[0]


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0not a TIFF header at all",
        b"Exif\0\0II*\0",
        exif_with(6)[:-8],
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x99" * 40,
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_block_warns_and_keeps_the_picture(file_format, block):
    plain = read_image(encoded(photo(), file_format)).pixels
    loaded = read_image(encoded(photo(), file_format, exif=block))
    assert np.array_equal(loaded.pixels, plain)
    assert loaded.warnings
    assert all("\n" not in warning for warning in loaded.warnings)


def test_a_broken_colour_profile_is_no_matter():
    data = encoded(photo(), "JPEG", icc_profile=b"not a profile")
    assert read_image(data).pixels.shape == (40, 56, 3)


# ---- pixels of other kinds


def test_grey_one_bit_and_palette_pictures_are_plain():
    for mode in ["L", "1", "P"]:
        picture = Image.fromarray(photo()).convert(mode)
        loaded = read_image(encoded(picture, "PNG"))
        assert np.array_equal(loaded.pixels, np.array(picture.convert("RGB"))), mode
        assert loaded.warnings == (), mode


def half_transparent(mode):
    picture = Image.fromarray(photo()).convert("RGBA")
    alpha = np.full((40, 56), 255, np.uint8)
    alpha[:, :20] = 0
    picture.putalpha(Image.fromarray(alpha))
    return picture.convert(mode)


@pytest.mark.parametrize(
    "mode, file_format",
    [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "TIFF"), ("RGBA", "WEBP"), ("P", "PNG")],
)
def test_transparent_pixels_become_white_and_a_warning(mode, file_format):
    loaded = read_image(encoded(half_transparent(mode), file_format))
    assert (loaded.pixels[:, :19] == 255).all()
    assert (loaded.pixels[:, 21:] != 255).any()
    assert len(loaded.warnings) == 1
    assert "white" in loaded.warnings[0]


def test_half_opaque_pixels_are_mixed_with_white():
    picture = Image.new("RGBA", (4, 4), (0, 100, 200, 128))
    loaded = read_image(encoded(picture, "PNG"))
    assert np.abs(loaded.pixels[0, 0].astype(int) - [127, 177, 227]).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_a_transparent_key_colour_becomes_white(mode):
    picture = Image.new(mode, (4, 4), 0)
    key = (0, 0, 0) if mode == "RGB" else 0
    loaded = read_image(encoded(picture, "PNG", transparency=key))
    assert (loaded.pixels == 255).all()
    assert len(loaded.warnings) == 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opaque_alpha_channel_is_no_matter(mode):
    picture = Image.fromarray(photo()).convert(mode)
    loaded = read_image(encoded(picture, "PNG"))
    assert np.array_equal(loaded.pixels, np.array(picture.convert("RGB")))
    assert loaded.warnings == ()


def test_cmyk_pictures_are_converted_with_a_warning():
    picture = Image.fromarray(photo()).convert("CMYK")
    loaded = read_image(encoded(picture, "JPEG", quality=100))
    assert np.abs(loaded.pixels.astype(int) - photo()).max() < 30
    assert len(loaded.warnings) == 1
    assert "CMYK" in loaded.warnings[0]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("white", [4095, 65535])
def test_deep_grey_is_scaled_by_the_range_it_uses(file_format, white):
    ramp = np.linspace(0, white, 64).round().astype(np.uint16).reshape(8, 8)
    loaded = read_image(encoded(ramp, file_format))
    expected = np.round(ramp * (255 / white))
    assert np.abs(loaded.pixels[..., 0] - expected).max() <= 1
    assert loaded.pixels.min() == 0
    assert loaded.pixels.max() == 255
    assert len(loaded.warnings) == 1
    assert f"{white} is white" in loaded.warnings[0]


def test_big_endian_deep_grey_is_read_in_its_own_order():
    ramp = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    data = b"P5 8 8 65535\n" + ramp.astype(">u2").tobytes()
    assert np.abs(read_image(data).pixels[..., 0] - ramp / 257).max() <= 1


def test_deep_colour_is_read_as_eight_bits():
    values = np.arange(12, dtype=np.uint16) * 5000
    row = b"\0" + values.astype(">u2").tobytes()
    loaded = read_image(png_of(4, 1, 16, 2, zlib.compress(row)))
    assert np.array_equal(loaded.pixels.ravel(), values >> 8)


def test_float_pixels_are_refused_by_name():
    kind, message = failure(encoded(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8), "TIFF"))
    assert kind == "unsupported_pixels"
    assert "float" in message


def test_float_pixels_with_nan_are_refused():
    values = np.full((8, 8), np.nan, np.float32)
    assert failure(encoded(values, "TIFF"))[0] == "unsupported_pixels"


def test_lab_pixels_are_refused_by_name():
    kind, message = failure(encoded(Image.new("LAB", (8, 8)), "TIFF"))
    assert kind == "unsupported_pixels"
    assert "LAB" in message


@pytest.mark.parametrize("value", [-1, 65536])
def test_whole_numbers_outside_sixteen_bits_are_refused_by_name(value):
    kind, message = failure(encoded(np.full((8, 8), value, np.int32), "TIFF"))
    assert kind == "unsupported_pixels"
    assert str(value) in message


def test_many_bands_are_refused_with_their_number():
    kind, message = failure(tiff_of(6, 4, 5, 8, 1, bytes(6 * 4 * 5)))
    assert kind == "unsupported_pixels"
    assert "5 bands of 8 bits" in message


def test_doubles_are_refused_with_their_type():
    kind, message = failure(tiff_of(6, 4, 1, 64, 3, bytes(6 * 4 * 8)))
    assert kind == "unsupported_pixels"
    assert "64 bits, float" in message


# ---- frames


@pytest.mark.parametrize("file_format", ["GIF", "TIFF", "PNG", "WEBP"])
def test_the_first_of_several_frames_is_taken_with_a_warning(file_format):
    options = {"lossless": True} if file_format == "WEBP" else {}
    first, *rest = (Image.fromarray(photo(seed=seed)) for seed in range(3))
    data = encoded(first, file_format, save_all=True, append_images=rest, **options)
    loaded = read_image(data)
    with Image.open(io.BytesIO(data)) as picture:
        expected = np.array(picture.convert("RGB"))
    assert np.array_equal(loaded.pixels, expected)
    assert len(loaded.warnings) == 1
    assert "3 frames" in loaded.warnings[0]


def test_a_stereo_picture_is_plain():
    pair = [Image.fromarray(photo(seed=seed)) for seed in range(2)]
    data = encoded(pair[0], "MPO", save_all=True, append_images=pair[1:])
    loaded = read_image(data)
    assert np.array_equal(loaded.pixels, read_image(encoded(pair[0], "JPEG")).pixels)
    assert loaded.warnings == ()


# ---- what is no image


def test_an_empty_file_is_called_empty(tmp_path):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"")
    assert failure(path)[0] == "empty"
    assert failure(b"")[0] == "empty"


@pytest.mark.parametrize(
    "data, words",
    [
        (b"<!DOCTYPE html>\n<html><body>404</body>", "HTML"),
        (b"  \n<HTML>", "HTML"),
        (b"\xef\xbb\xbf<!-- hi --><html>", "HTML"),
        (b"<?xml version='1.0'?><svg/>", "XML"),
        (b"not found\n", "text that starts with 'not found'"),
        ("caf\u00e9".encode() * 500, "text"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"%PDF-1.7\n\x00", "PDF"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "AppleDouble"),
        (bytes(5000), "zero bytes"),
        (b"\x01\x02\x03\x04\xfe\xdc", "01 02 03 04 fe dc"),
        (b"BM is the start of a text", "text"),
        (b"\xff", "ff"),
    ],
)
def test_the_first_bytes_of_what_is_no_image_are_named(data, words, tmp_path):
    kind, message = failure(data)
    assert kind == "not_an_image"
    assert words in message
    path = tmp_path / "x.jpg"
    path.write_bytes(data)
    assert failure(path) == (kind, message)


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"hevc"])
def test_heic_without_its_plugin_names_the_extra(brand, monkeypatch):
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    kind, message = failure(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(40))
    assert kind == "needs_plugin"
    assert "fcn-detect[heic]" in message


def test_avif_without_a_decoder_names_the_extra(monkeypatch):
    monkeypatch.setattr(features, "check", lambda _: False)
    kind, message = failure(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(40))
    assert kind == "needs_plugin"
    assert "fcn-detect[heic]" in message


# ---- what cannot be opened


def test_what_is_no_regular_file_is_unreadable_and_never_opened(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
    names = ["folder.jpg", "pipe.jpg", "dangling.jpg", "loop.jpg", "socket.jpg", "missing.jpg"]
    words = ["folder", "pipe", "No such file", "symbolic links", "socket", "No such file"]
    for name, word in zip(names, words, strict=True):
        kind, message = failure(tmp_path / name)
        assert kind == "unreadable", name
        assert word in message, name
    assert failure("/dev/null")[0] == "unreadable"
    assert failure("nul\0byte.jpg")[0] == "unreadable"
    assert failure("x" * 5000)[0] == "unreadable"


def test_a_file_without_permission_is_unreadable(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(encoded(photo(), "PNG"))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    kind, message = failure(path)
    assert kind == "unreadable"
    assert "Permission denied" in message


def test_memory_running_out_is_a_failure_of_the_file(monkeypatch):
    def run_out(*_):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", run_out)
    assert failure(encoded(photo(), "JPEG"))[0] == "out_of_memory"


# ---- truncation


def cuts(data, count=60):
    return sorted({*range(2, len(data), max(1, len(data) // count)), len(data) - 1})


WITH_THUMBNAIL = encoded(photo(), "JPEG", exif=b"Exif\0\0" + encoded(photo(8, 8), "JPEG"))
WHOLE = {
    "baseline JPEG": encoded(photo(), "JPEG"),
    "progressive JPEG": encoded(photo(), "JPEG", progressive=True),
    "restarting JPEG": encoded(photo(), "JPEG", restart_marker_rows=1),
    "JPEG with thumbnail": WITH_THUMBNAIL,
    "PNG": encoded(photo(), "PNG"),
    "GIF": encoded(photo(), "GIF"),
    "WebP": encoded(photo(), "WEBP"),
    "plain TIFF": encoded(photo(), "TIFF"),
    "LZW TIFF": encoded(photo(), "TIFF", compression="tiff_lzw"),
    "BMP": encoded(photo(), "BMP"),
    "PPM": encoded(photo(), "PPM"),
    "JPEG 2000": encoded(photo(), "JPEG2000"),
}
if features.check("avif"):
    WHOLE["AVIF"] = encoded(photo(), "AVIF")


@pytest.mark.parametrize("name", WHOLE)
def test_a_cut_file_is_truncated_wherever_the_cut_is(name):
    data = WHOLE[name]
    header = {"JPEG 2000": 12, "BMP": 18, "AVIF": 40}.get(name, 14)
    end = len(data) - 1 if name == "GIF" else len(data)  # a GIF needs no trailer
    for cut in cuts(data):
        if header < cut < end:
            kind, message = failure(data[:cut])
            assert (kind, cut) == ("truncated", cut), message


@pytest.mark.parametrize("name", WHOLE)
def test_allowing_truncation_gives_pixels_and_a_warning_or_a_truncation(name):
    data = WHOLE[name]
    for cut in cuts(data, 25):
        try:
            loaded = read_image(data[:cut], allow_truncated=True)
        except ImageError as error:
            assert error.kind in {"truncated", "not_an_image"}, (cut, str(error))  # noqa: PT017
        else:
            assert loaded.pixels.shape == (40, 56, 3)
            assert name == "GIF" or any("ends early" in note for note in loaded.warnings), cut


@pytest.mark.parametrize("name", ["baseline JPEG", "PNG", "plain TIFF", "BMP", "PPM", "GIF"])
def test_allowing_truncation_keeps_the_rows_that_are_there(name):
    data = WHOLE[name] if name != "PNG" else encoded(photo(), "PNG", compress_level=0)
    whole = read_image(data).pixels
    loaded = read_image(data[: len(data) * 3 // 4], allow_truncated=True)
    same_rows = (loaded.pixels == whole).all(axis=(1, 2))
    assert 8 <= same_rows.sum() < 40
    assert "stored rows are blank" in loaded.warnings[-1]


def test_a_jpeg_without_its_end_marker_only_is_whole_when_truncation_is_allowed():
    for name in ["baseline JPEG", "progressive JPEG"]:
        data = WHOLE[name]
        assert failure(data[:-2])[0] == "truncated"
        loaded = read_image(data[:-2], allow_truncated=True)
        assert np.array_equal(loaded.pixels, read_image(data).pixels)
        assert "0 of 40 stored rows" in loaded.warnings[-1]


def test_a_jpeg_filled_up_with_zeros_is_truncated():
    data = WHOLE["baseline JPEG"]
    assert failure(data[: len(data) // 2] + bytes(len(data)))[0] == "truncated"


def test_a_whole_picture_with_bytes_after_it_is_whole():
    for name in ["baseline JPEG", "PNG", "GIF", "plain TIFF", "WebP"]:
        loaded = read_image(WHOLE[name] + b"trailing bytes \xff\xe1\xff\xff")
        assert np.array_equal(loaded.pixels, read_image(WHOLE[name]).pixels), name
        assert loaded.warnings == (), name


# ---- damage


def test_a_wrong_png_checksum_is_corrupt():
    data = bytearray(WHOLE["PNG"])
    data[-13] ^= 1  # the last byte of the pixel block's checksum
    assert failure(bytes(data))[0] == "corrupt"
    assert failure(bytes(data), allow_truncated=True)[0] == "corrupt"


def test_a_wrong_checksum_in_the_png_header_is_corrupt():
    data = bytearray(WHOLE["PNG"])
    data[20] ^= 1
    assert failure(bytes(data))[0] == "corrupt"


def test_a_wrong_checksum_of_png_remarks_is_corrupt():
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Title", "x")
    data = encoded(photo(), "PNG", pnginfo=remarks).replace(b"Title\0x", b"Title\0y")
    assert failure(data)[0] == "corrupt"


def test_png_pixels_that_do_not_decompress_are_corrupt():
    assert failure(png_of(8, 8, 8, 2, b"this is not zlib data"))[0] == "corrupt"


def test_a_png_with_too_few_pixels_is_refused():
    kind, _ = failure(png_of(8, 8, 8, 2, zlib.compress(bytes(30))))
    assert kind in {"corrupt", "truncated"}


def test_a_jpeg_with_a_broken_table_is_corrupt():
    data = WHOLE["baseline JPEG"]
    table = data.index(b"\xff\xc4") + 4
    assert failure(data[:table] + b"\xff" * 17 + data[table + 17 :])[0] == "corrupt"


@pytest.mark.parametrize("marker", [b"\xff\xe1\xff\xff", b"\xff\xda\xff\xff", b"\xff\xc4"])
def test_a_false_marker_among_jpeg_pixels_is_not_truncation(marker):
    data = WHOLE["baseline JPEG"]
    middle = (data.index(b"\xff\xda") + len(data)) // 2
    damaged = data[:middle] + marker + data[middle + len(marker) :]
    try:
        read_image(damaged)
    except ImageError as error:
        assert error.kind == "corrupt"  # noqa: PT017


@given(
    name=st.sampled_from(sorted(WHOLE)),
    where=st.floats(0, 1, exclude_max=True),
    junk=st.binary(min_size=1, max_size=40),
    allow_truncated=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_give_a_picture_or_one_clear_reason(name, where, junk, allow_truncated):
    data = WHOLE[name]
    start = int(where * len(data))
    damaged = data[:start] + junk + data[start + len(junk) :]
    try:
        loaded = read_image(damaged, allow_truncated=allow_truncated, max_pixels=1_000_000)
    except ImageError as error:
        assert error.kind in FAILURE_KINDS  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert loaded.pixels.dtype == np.uint8
        assert loaded.pixels.ndim == 3


@given(data=st.binary(max_size=60), start=st.sampled_from(sorted(WHOLE)), kept=st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_any_bytes_after_a_file_start_give_one_clear_reason(data, start, kept):
    try:
        read_image(WHOLE[start][:kept] + data, max_pixels=1_000_000)
    except ImageError as error:
        assert error.kind in FAILURE_KINDS  # noqa: PT017


# ---- size


def bomb():
    """100 kB that decompress to 900 megapixels."""
    packer = zlib.compressobj(1)
    row = bytes(1 + 30_000 // 8)
    data = b"".join(packer.compress(row * 300) for _ in range(100)) + packer.flush()
    return png_of(30_000, 30_000, 1, 0, data)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(monkeypatch):
    data = bomb()
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load_prepare", None)  # decoding would fail
    kind, message = failure(data)
    assert kind == "too_large"
    assert "900,000,000" in message
    assert "178,956,970" in message


def test_the_limit_is_the_largest_size_allowed():
    data = encoded(photo(40, 56), "PNG")
    assert read_image(data, max_pixels=40 * 56).pixels.shape == (40, 56, 3)
    kind, message = failure(data, max_pixels=40 * 56 - 1)
    assert kind == "too_large"
    assert "56 x 40 = 2,240" in message


def test_a_file_of_too_many_bytes_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(photo(40, 56), "PNG"))
    with path.open("r+b") as file:
        file.truncate(5_000_000_000)  # a hole: it takes no room on the disk
    kind, message = failure(path)
    assert kind == "too_large"
    assert "max_file_bytes" in message
    (tmp_path / "film.jpg").write_bytes(b"\0\0\0\x18ftypisom")
    os.truncate(tmp_path / "film.jpg", 5_000_000_000)
    assert failure(tmp_path / "film.jpg")[0] == "not_an_image"


def test_the_limit_replaces_the_one_of_pillow(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(encoded(photo(), "PNG")).pixels.shape == (40, 56, 3)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_pillow_bomb_guards_inside_formats_give_too_large(monkeypatch):
    data = WHOLE["WebP"]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert failure(data)[0] == "too_large"


# ---- several threads


def test_threads_do_not_mix_their_warnings():
    broken = encoded(photo(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0")
    outcomes = []

    def work(data):
        outcomes.extend((data, read_image(data).warnings) for _ in range(15))

    threads = [threading.Thread(target=work, args=(d,)) for d in (broken, WHOLE["baseline JPEG"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 30
    assert all(bool(warnings) == (data is broken) for data, warnings in outcomes)


def test_the_file_is_not_changed(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(WHOLE["PNG"])
    path.chmod(stat.S_IRUSR)
    read_image(path)
    assert path.read_bytes() == WHOLE["PNG"]


def test_a_pil_image_gives_what_its_file_gives(tmp_path):
    pixels = np.arange(12 * 9 * 3, dtype=np.uint8).reshape(12, 9, 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    with Image.open(path) as image:
        assert np.array_equal(from_pil(image).pixels, read_image(path).pixels)
    assert read_image(path).pixels.shape == (9, 12, 3)
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (from_pil(clear).pixels == 255).all()
    with pytest.raises(ImageError) as caught:
        from_pil(Image.new("RGB", (0, 5)))
    assert caught.value.kind == "too_small"


def smooth(height, width):
    """A picture that a JPEG keeps well, at most 200 bright."""
    rows, cols = np.mgrid[:height, :width]
    waves = [np.sin(rows / a + cols / b) for a, b in ((9, 14), (17, 8), (11, 23))]
    return (100 + 95 * np.stack(waves, axis=2)).astype(np.uint8)


@pytest.mark.parametrize("halvings", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_jpeg_is_halved_by_its_decoder_as_often_as_is_allowed(halvings, orientation, tmp_path):
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(smooth(64, 96)).save(tmp_path / "a.jpg", quality=95, exif=exif)
    whole = read_image(tmp_path / "a.jpg")
    image = read_image(tmp_path / "a.jpg", halvings=halvings)
    assert image.halved == min(halvings, 3)
    assert image.image_hw == whole.image_hw == whole.pixels.shape[:2]
    halves = Halves(whole.pixels).picture(image.halved)
    assert image.pixels.shape[:2] == (halves.height, halves.width)
    assert np.abs(image.pixels.astype(int) - np.asarray(halves)).mean() < 2  # grey levels


@pytest.mark.parametrize("size_hw, halved", [((64, 98), 1), ((63, 96), 0), ((4, 4), 2)])
def test_sides_that_do_not_divide_are_not_halved(size_hw, halved, tmp_path):
    Image.fromarray(smooth(*size_hw)).save(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg", halvings=3).halved == halved


def test_only_jpegs_are_halved_and_truncated_ones_are_not(tmp_path):
    Image.fromarray(smooth(64, 96)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", halvings=3).halved == 0
    Image.fromarray(smooth(64, 96)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    image = read_image(data[: len(data) * 3 // 4], halvings=3, allow_truncated=True)
    assert image.pixels.shape == (64, 96, 3)
    assert image.halved == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_as_its_exif_asks(tmp_path, orientation):
    """OpenCV gives its pixels, Pillow those of a shallow one: both turn, and neither twice."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8)
    _, coded = cv2.imencode(".tif", pixels[..., ::-1].astype(np.uint16) * 257)
    (tmp_path / "deep.tif").write_bytes(with_orientation(coded.tobytes(), orientation))
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    found = read_image(tmp_path / "deep.tif")
    assert np.array_equal(found.pixels, read_image(tmp_path / "turned.png").pixels)
    assert "65535 is white" in found.warnings[0]


def with_orientation(tiff, orientation):
    """A little-endian TIFF of one directory, which is written anew at the end with the tag."""
    assert tiff[:2] == b"II"
    start = int.from_bytes(tiff[4:8], "little")
    count = int.from_bytes(tiff[start : start + 2], "little")
    at = range(start + 2, start + 2 + 12 * count, 12)
    entries = [tiff[i : i + 12] for i in at if tiff[i : i + 2] != struct.pack("<H", 274)]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    tiff += bytes(len(tiff) % 2)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + directory
