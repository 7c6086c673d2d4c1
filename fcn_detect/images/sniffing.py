"""What a file is, by its first bytes: its name says nothing reliable."""

import re

HEAD_BYTES = 1024

# the names are the keys of Pillow's table of formats
_IMAGES = {
    "JPEG": rb"\xff\xd8",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "PPM": rb"P[1-6fF][\s#]",
    "JPEG2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
}

# of those that hold all of their video, and name no other file
_CLIPS = {
    "MP4": rb".{4}(ftyp|moov|mdat|wide|free|skip)",
    "AVI": rb"RIFF.{4}AVI ",
    "Matroska": rb"\x1aE\xdf\xa3",
    "MPEG-TS": rb"G.{187}G.{187}G",
    "MPEG-PS": rb"\0\0\x01\xba",
    "Ogg": rb"OggS",
    "FLV": rb"FLV\x01",
    "ASF": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
}

_OTHERS = {
    "an HTML page": rb"\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)",
    "XML or SVG text": rb"\s*<(\?xml|svg)",
    "a Git LFS pointer, not the picture itself (fetch it with: git lfs pull)": (
        rb"version https://git-lfs"
    ),
    "a PDF document": rb"%PDF",
    "a zip archive": rb"PK(\x03\x04|\x05\x06)",
    "a gzip archive": rb"\x1f\x8b",
    "a 7-Zip archive": rb"7z\xbc\xaf",
    "a RAR archive": rb"Rar!",
    "an MP4 or QuickTime video": rb".{4}(ftyp|moov|mdat)",
    "an AVI video": rb"RIFF.{4}AVI ",
    "a Matroska or WebM video": rb"\x1aE\xdf\xa3",
    "an AppleDouble file (notes of macOS about a photo, not the photo)": rb"\0\x05\x16[\0\x07]",
    "a Photoshop document": rb"8BPS",
    "nothing but zero bytes": rb"\0+\Z",
}

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_UTF8_MARK = b"\xef\xbb\xbf"


def image_format(head: bytes) -> str | None:
    """The image format that the first bytes announce, by Pillow's name, or None.

    Args:
        head: at least the first `HEAD_BYTES` bytes of a file, or all of a shorter one.
    """
    for name, pattern in _IMAGES.items():
        if re.match(pattern, head, re.DOTALL):
            return name
    return _boxed_format(head)


def clip_format(head: bytes) -> str | None:
    """The container of video that the first bytes announce, or None; a picture is none."""
    if image_format(head) is not None:
        return None
    found = (name for name, pattern in _CLIPS.items() if re.match(pattern, head, re.DOTALL))
    return next(found, None)


def looks_like(head: bytes) -> str:
    """What the first bytes of something that is no image look like, in words with an article."""
    text = head[:HEAD_BYTES].removeprefix(_UTF8_MARK)
    for description, pattern in _OTHERS.items():
        if re.match(pattern, text, re.DOTALL | re.IGNORECASE):
            return description
    if _is_text(text):
        return f"text that starts with {text.decode(errors='ignore').strip()[:40]!r}"
    return f"an unknown format (first bytes: {head[:8].hex(' ')})"


def _boxed_format(head: bytes) -> str | None:
    """AVIF or HEIF when a leading `ftyp` box lists one of their brands."""
    if head[4:8] != b"ftyp":
        return None
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[8:12]} | {box[start : start + 4] for start in range(16, len(box), 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS or box[8:12] in (b"mif1", b"msf1") else None


def _is_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters; a cut last letter is forgiven."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode()
    return bool(text.strip()) and all(letter.isprintable() or letter.isspace() for letter in text)
