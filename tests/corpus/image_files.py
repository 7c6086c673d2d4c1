"""Image files as camera folders hold them, good and bad, each with what must become of it.

    python tests/corpus/image_files.py FOLDER

makes them all. `KINDS` is the table; every file shows the same picture, or should have.
"""

import base64
import io
import os
import socket
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

SAME, CLOSE, READ = "same", "close", "read"
PNG_START = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: of the file, inside the corpus.
        write: makes it, at a path.
        outcome: `SAME`: read, with just the picture's pixels; `CLOSE`: nearly; `READ`: another
            picture; or the kind of the failure.
        warns: words that a warning holds; empty: there is none.
    """

    name: str
    write: Callable[[Path], object]
    outcome: str
    warns: str = ""


def picture() -> Image.Image:
    """Smooth, of 256 colours and 144x160 px, without symmetry."""
    coarse = np.random.default_rng(0).integers(0, 256, (8, 7, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((144, 160), Image.Resampling.BICUBIC)
    return smooth.quantize(256, dither=Image.Dither.NONE).convert("RGB")


PICTURE = picture()
DEEP = np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def data(content: bytes) -> Callable[[Path], object]:
    """Writes just these bytes."""
    return lambda path: path.write_bytes(content)


def saved(file_format: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    """The picture in a format, lossless where the format can be."""
    lossless = {"WEBP": {"lossless": True}, "JPEG2000": {"irreversible": False}}
    return encoded(image, file_format, **{**lossless.get(file_format, {}), **options})


def part(content: bytes, share: float) -> bytes:
    """The beginning of a file."""
    return content[: int(len(content) * share)]


def flipped(content: bytes, at: int) -> bytes:
    """The same with one byte inverted."""
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def exif(orientation: int) -> bytes:
    """An EXIF block that asks for a turn."""
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def stored_turned(orientation: int) -> Image.Image:
    """The picture as a camera stores it with this orientation."""
    t = Image.Transpose
    back = {2: t.FLIP_LEFT_RIGHT, 3: t.ROTATE_180, 4: t.FLIP_TOP_BOTTOM, 5: t.TRANSPOSE}
    back |= {6: t.ROTATE_90, 7: t.TRANSVERSE, 8: t.ROTATE_270}
    return PICTURE.transpose(back[orientation]) if orientation in back else PICTURE


def block(name: bytes, content: bytes) -> bytes:
    """One block of a PNG."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(width: int, height: int, bits: int, colours: int, rows: bytes) -> bytes:
    """A PNG of any header over any rows."""
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    blocks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return PNG_START + b"".join(block(*one) for one in blocks)


def tiff(size_hw: tuple[int, int], bands: int, bits: int, sample: int, rows: bytes) -> bytes:
    """An uncompressed little-endian TIFF of one strip, black being zero."""
    height, width = size_hw
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (273, 4, 1, 134), (277, 3, 1, bands), (278, 4, 1, height)]
    entries += [(279, 4, 1, len(rows)), (339, 3, 1, sample)]
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + rows


def declaring(content: bytes, marker: bytes, size_hw: tuple[int, int]) -> bytes:
    """A JPEG whose header says another size."""
    at = content.index(marker) + 5
    return content[:at] + struct.pack(">HH", *size_hw) + content[at + 4 :]


def transparent() -> Image.Image:
    """The picture, its left half without any opacity."""
    clear = PICTURE.convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 72, 160))
    return clear


def link(target: str) -> Callable[[Path], object]:
    """Makes a symbolic link."""
    return lambda path: path.symlink_to(target)


def listening(path: Path) -> None:
    """Makes a socket; its path must be short, so it is bound from its folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


JPEG, PNG, TIFF = saved("JPEG", quality=95), saved("PNG"), saved("TIFF")
GREY = PICTURE.convert("L")
FRAMES = {"save_all": True, "append_images": [GREY.convert("RGB")]}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def deep_rows(picture: Image.Image, factor: int) -> bytes:
    """Rows of a PNG whose values have 16 bits: those of a picture, times a factor."""
    values = np.asarray(picture).astype(np.uint16) * np.uint16(factor)
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)


ROWS, DIM_ROWS = deep_rows(PICTURE, 257), deep_rows(PICTURE, 16)
CLEAR_ROWS = deep_rows(transparent(), 257)
# no encoder at hand writes arithmetic codes: a small picture, as it is
ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNy"
    "wtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT09PT09PT09PT09PT09PT0//yQARCACQAFADASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPw"
    "DSYRqLokqdndZuA7oLByyrg9cQIDuK0j3/AD9VmkDitFKebdiINMPpSDyOHvBmsINN1LQgSUtNv37+Qpta9EsoRxLZ"
    "4lvmPLqzyjReTd2WoyXyfLeW0f6iEZBKyIbh6qmwDZ1mb1zip22WZrTj6kt2wJPiihdUaYTuSN5s2W8S8hFf1KboRJ"
    "Dcxx9+hxHoJ2eALf4mpA18wKAEnMDoh6dTOj5nMJzdkq/AXeuT7QNZ+jOexn0SJXJmqNuvw2Qw7r+fGGcSgIW25Q4I"
    "pgT/AK/YBeJXS0QHXyaSTQGmZI7kfoR50Y9nA/b+PtXbTyl3/llN+85u4jql7XVrA3dB6IAUM/kvqMZPCcEm64LK6J"
    "sdOumOcBSHebZksnkVb2JgerEVGvQnJjv9nikbIg/X/rjrimt8AwpXJ4dIbWSWKm3ZMoXtp9ZvAn/I7Ncz/bPNdrz+"
    "9SZAJn8z9fPJd+lTLQOoLoEgY0EETaRVP3xS6M3ZJRbzHT62ED743MZ/kkrqhfRp3ns7Fj9DMrEqceh2B70iv6QKas"
    "LGG3Q5Hf4pRB89Xg7jaI5zriDAlrfgzFb94KZ+yJO7O5kM1l1C2oQm63kz9IKWyw3kJ6jHhk5y6XUNL0PGpUDyocgA"
    "Y2pKauRBU5+YXwb/AIO8Tnlkv1HW3MkrSzhIbUcJD0JC5rfgOlROMDNaRZWPDH8yjvCiWJzLF29n17rDf1KNOBA5Yl"
    "5sR8eirzwwHVi1WANtsBy04FjHUwcnbUH6zUVZ00StpuA/+jqZWeR7pgCzbwSjoEGR1QKiD5d0e0zfyK8IMTAW5OvT"
    "Bp7cbfDEm0KQY3vpwmX5nKwSsacudvJZI0xx1hy1ll3zDYGlei9pHHLqgNvh28Z1cM78ZtaBkNtZcuyTfntx1AkLFH"
    "dlP4Ya/SWW9Tkr62jJNnE5uyby/wBdcOuXwaU4djSdsfCwJnva6zhl3xxiHhjcIdNsUeIJr0gO7xiI2JXNv6b/2Q=="
)

_NOTHING = {
    "empty.jpg": (b"", "empty"),
    "one-byte.jpg": (b"\xff", "not_an_image"),
    "zeros.jpg": (bytes(5000), "not_an_image"),
    "text.jpg": (b"the camera was off\n", "not_an_image"),
    "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "not_an_image"),
    "drawing.png": (b"<?xml version='1.0'?><svg/>", "not_an_image"),
    "document.jpg": (b"%PDF-1.7\n", "not_an_image"),
    "archive.jpg": (b"PK\x03\x04" + bytes(40), "not_an_image"),
    "pointer.png": (b"version https://git-lfs.github.com/spec/v1\n", "not_an_image"),
    "film.jpg": (b"\0\0\0\x18ftypisom" + bytes(40), "not_an_image"),
    "notes-of-macos.jpg": (b"\0\x05\x16\x07" + bytes(60), "not_an_image"),
    "photoshop.tif": (b"8BPS\0\x01" + bytes(60), "not_an_image"),
    "noise.jpg": (np.random.default_rng(1).bytes(3000), "not_an_image"),
    "heic.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400), "needs_plugin"),
}

_CUT = {
    "start-only.jpg": b"\xff\xd8",
    "half-header.jpg": part(JPEG, 0.01),
    "quarter.jpg": part(JPEG, 0.25),
    "half.jpg": part(JPEG, 0.5),
    "nearly-whole.jpg": part(JPEG, 0.99),
    "no-end-mark.jpg": JPEG[:-2],
    "zeros-at-end.jpg": part(JPEG, 0.6) + bytes(len(JPEG) * 4 // 10),
    "half-progressive.jpg": part(saved("JPEG", progressive=True), 0.5),
    "half-header.png": PNG[:20],
    "tenth.png": part(PNG, 0.1),
    "half.png": part(PNG, 0.5),
    "no-end.png": PNG[:-12],
    "half.tif": part(TIFF, 0.5),
    "directory-behind-end.tif": TIFF[:4] + struct.pack("<I", len(TIFF) - 4) + TIFF[8:],
    "half.bmp": part(saved("BMP"), 0.5),
    "half.gif": part(saved("GIF"), 0.5),
    "half.webp": part(saved("WEBP"), 0.5),
    "half.ppm": part(saved("PPM"), 0.5),
    "half.jp2": part(saved("JPEG2000"), 0.5),
}

_DAMAGED = {
    "pixels.png": flipped(PNG, len(PNG) // 2),
    "header.png": flipped(PNG, 20),
    "checksum.png": flipped(PNG, len(PNG) - 14),
    "deflate.tif": flipped(saved("TIFF", compression="tiff_adobe_deflate"), 200),
    "table.jpg": flipped(JPEG, JPEG.index(b"\xff\xc4") + 5),
}

_TOO_LARGE = {
    "bomb.png": png(30_000, 30_000, 1, 0, bytes(3751 * 30_000)),
    "declared.png": png(2**31 - 1, 2**31 - 1, 8, 2, b"\0"),
    "declared.jpg": declaring(JPEG, b"\xff\xc0", (65_500, 65_500)),
    "declared.tif": tiff((60_000, 60_000), 1, 8, 1, bytes(100)),
    "declared.bmp": saved("BMP")[:18] + struct.pack("<ii", 60_000, 60_000) + saved("BMP")[26:],
    "declared.gif": b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + saved("GIF")[10:],
}

_PIXELS = [
    Kind("plain.png", data(PNG), SAME),
    Kind("interlaced-name.jpg", data(PNG), SAME),
    Kind("plain.jpg", data(JPEG), CLOSE),
    Kind("jpeg-inside.png", data(JPEG), CLOSE),
    Kind("progressive.jpg", data(saved("JPEG", quality=95, progressive=True)), CLOSE),
    Kind("grey.jpg", data(saved("JPEG", GREY)), READ),
    Kind("bytes-behind.jpg", data(JPEG + bytes(500)), CLOSE),
    Kind("plain.tif", data(TIFF), SAME),
    Kind("deflate-whole.tif", data(saved("TIFF", compression="tiff_adobe_deflate")), SAME),
    Kind("lzw.tif", data(saved("TIFF", compression="tiff_lzw")), SAME),
    Kind("plain.bmp", data(saved("BMP")), SAME),
    Kind("plain.ppm", data(saved("PPM")), SAME),
    Kind("plain.gif", data(saved("GIF")), SAME),
    Kind("plain.webp", data(saved("WEBP")), SAME),
    Kind("plain.jp2", data(saved("JPEG2000")), SAME),
    Kind("one-bit.png", data(saved("PNG", PICTURE.convert("1"))), READ),
    Kind("four-bit.png", data(saved("PNG", PICTURE.quantize(16), bits=4)), READ),
    Kind("palette.png", data(saved("PNG", PICTURE.quantize(256))), SAME),
    Kind("grey.png", data(saved("PNG", GREY)), READ),
    Kind("grey-alpha.png", data(saved("PNG", GREY.convert("LA"))), READ),
    Kind("opaque.png", data(saved("PNG", PICTURE.convert("RGBA"))), SAME),
    Kind("clear.png", data(saved("PNG", transparent())), READ, "white background"),
    Kind("clear.webp", data(saved("WEBP", transparent())), READ, "white background"),
    Kind("deep-grey.png", data(saved("PNG", Image.fromarray(DEEP))), READ, "65535 is white"),
    Kind("twelve-bit.png", data(saved("PNG", Image.fromarray(DEEP // 16))), READ, "4095 is white"),
    Kind("deep-colour.png", data(png(144, 160, 16, 2, ROWS)), SAME, "65535 is white"),
    Kind("deep-clear.png", data(png(144, 160, 16, 6, CLEAR_ROWS)), READ, "white background"),
    Kind("twelve-bit-colour.png", data(png(144, 160, 16, 2, DIM_ROWS)), CLOSE, "4095 is white"),
    Kind("cmyk.jpg", data(saved("JPEG", PICTURE.convert("CMYK"), quality=95)), CLOSE, "CMYK"),
    Kind("lab.tif", data(saved("TIFF", PICTURE.convert("LAB"))), "unsupported_pixels"),
    Kind("float.tif", data(saved("TIFF", GREY.convert("F"))), "unsupported_pixels"),
    Kind("int32.tif", data(saved("TIFF", GREY.convert("I").point(lambda v: v * 9000)))  ,
         "unsupported_pixels"),
    Kind("double.tif", data(tiff((160, 144), 1, 64, 3, bytes(160 * 144 * 8))),
         "unsupported_pixels"),
    Kind("seven-bands.tif", data(tiff((160, 144), 7, 8, 1, bytes(160 * 144 * 7))),
         "unsupported_pixels"),
    Kind("animated.gif", data(saved("GIF", **FRAMES)), SAME, "2 frames"),
    Kind("animated.png", data(saved("PNG", **FRAMES)), SAME, "2 frames"),
    Kind("animated.webp", data(saved("WEBP", **FRAMES)), SAME, "2 frames"),
    Kind("pages.tif", data(saved("TIFF", **FRAMES)), SAME, "2 frames"),
    Kind("stereo.jpg", data(saved("MPO", quality=95, **FRAMES)), CLOSE),
    Kind("arithmetic.jpg", data(ARITHMETIC), READ),
    Kind("profile.jpg", data(saved("JPEG", quality=95, icc_profile=PROFILE)), CLOSE),
    Kind("broken-profile.png", data(saved("PNG", icc_profile=b"no profile")), SAME),
    Kind("broken-exif.jpg", data(saved("JPEG", quality=95, exif=b"Exif\0\0II*\0\xff")), CLOSE,
         "broken"),
    Kind("no-such-turn.jpg", data(saved("JPEG", quality=95, exif=exif(9))), CLOSE, "not one of 1"),
    Kind("zero-turn.png", data(saved("PNG", exif=exif(0))), SAME, "not one of 1"),
    Kind("dot.png", data(png(1, 1, 8, 2, bytes(4))), "too_small"),
    Kind("line.png", data(png(1, 100_000, 8, 0, bytes(200_000))), "too_small"),
    Kind("row.png", data(png(100_000, 1, 8, 0, bytes(100_001))), "too_small"),
]  # fmt: skip

_NAMES = [
    "with space.png",
    "quo'te\".png",
    "new\nline.png",
    "tab\t.png",
    "-rf.png",
    "--help.png",
    "[1]*?.png",
    "%20%00.png",
    "$(id);`id`&.png",
    "<img src=x onerror=alert(1)>.png",
    "=1+1.png",
    "con.png",
    "trailing .png",
    "back\\slash.png",
    "caf\u00e9.png",
    "cafe\u0301.png",
    "\u732b\U0001f600.png",
    "\u202egnp.png",
    os.fsdecode(b"not-utf8-\xff\xfe.png"),
    "n" * 251 + ".png",
    "UPPER.PNG",
    "two.dots.png",
]

_PLACES = [
    Kind("link.png", link("plain.png"), SAME),
    Kind("dangling.png", link("nowhere.png"), "unreadable"),
    Kind("loop.png", link("loop.png"), "unreadable"),
    Kind("device.png", link("/dev/zero"), "unreadable"),
    Kind("pipe.jpg", os.mkfifo, "unreadable"),
    Kind("socket.jpg", listening, "unreadable"),
]

KINDS: list[Kind] = [
    *(Kind(name, data(content), outcome) for name, (content, outcome) in _NOTHING.items()),
    *(Kind(f"cut/{name}", data(content), "truncated") for name, content in _CUT.items()),
    *(Kind(f"damaged/{name}", data(content), "corrupt") for name, content in _DAMAGED.items()),
    *(Kind(f"huge/{name}", data(content), "too_large") for name, content in _TOO_LARGE.items()),
    *_PIXELS,
    *(
        Kind(f"turned/{n}.{suffix}", data(saved(form, stored_turned(n), exif=exif(n))), outcome)
        for n in range(1, 9)
        for suffix, form, outcome in (("jpg", "JPEG", CLOSE), ("png", "PNG", SAME))
    ),
    *(Kind(f"names/{name}", data(PNG), SAME) for name in _NAMES),
    *_PLACES,
]

# in the folder, and not listed: no record, and nothing is lost by it
LEFT_OUT = {
    "Thumbs.db": b"a store of thumbnails",
    ".hidden.png": PNG,
    "._notes.jpg": b"\0\x05\x16\x07",
    "@eaDir/small.png": PNG,
    "raw.nef": b"II*\0",
    "clip.mp4": b"\0\0\0\x18ftypisom",
    "folder.jpg/readme.txt": b"a folder with the name of a picture",
}


def make_corpus(folder: Path) -> None:
    """All kinds of file, and those that are left out, in a folder that is made."""
    for kind in KINDS:
        path = folder / kind.name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind.write(path)
    for name, content in LEFT_OUT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    make_corpus(Path(sys.argv[1]))
    print(f"{len(KINDS)} kinds of file, and {len(LEFT_OUT)} that are not listed")
