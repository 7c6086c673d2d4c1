"""Exported files, ONNX and OpenVINO, good and damaged, each with what its reader says.

    python tests/corpus/exported_files.py FOLDER

makes them all. `KINDS` is the table: a file's name, its content, words of the refusal; none: its
header is read. Their graphs are empty: the runtimes are not asked.
"""

import json
import sys
from html import escape
from pathlib import Path

from fcn_detect.headers import EXPORT_KEY, HEADER_KEY
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="valid-small",
    crop_hw=(56, 48),
    labels=("person",),
    object_box=(4, 4, 44, 52),
    stride_hw=(8, 8),
    exact=True,
)
NET = {
    "parameters": 7,
    "crop_hw": [56, 48],
    "stride_hw": [8, 8],
    "exact": True,
    "units_hw": [5, 4],
    "receptive_field": {"size_hw": [9, 9], "stride_hw": [8, 8], "padding_hw": [0, 0]},
}
TEXTS = {HEADER_KEY: HEADER.model_dump_json(), EXPORT_KEY: json.dumps(NET)}
DEEP = 100_000


def varint(value: int) -> bytes:
    """A number as protocol buffers write it."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def field(number: int, content: bytes) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx(texts: dict[str, str]) -> bytes:
    """A file with these texts."""
    entries = [field(1, key.encode()) + field(2, text.encode()) for key, text in texts.items()]
    return b"\x08\x0a" + field(7, b"graph") + b"".join(field(14, entry) for entry in entries)


def openvino(texts: dict[str, str], root: str = "net", before: str = "") -> bytes:
    """A graph with these texts."""
    infos = "".join(f'<{key} value="{escape(text)}"/>' for key, text in texts.items())
    return f"{before}<{root}><layers/><rt_info>{infos}</rt_info></{root}>".encode()


def changed(**values: object) -> dict[str, str]:
    """The texts with another header."""
    return {**TEXTS, HEADER_KEY: json.dumps(json.loads(TEXTS[HEADER_KEY]) | values)}


_DAMAGED = {
    "foreign": ({"author": "somebody"}, "no fcn_detect header"),
    "empty-header": (changed() | {HEADER_KEY: ""}, "damaged header"),
    "list": (changed() | {HEADER_KEY: "[]"}, "damaged header"),
    "deep": (changed() | {HEADER_KEY: "[" * DEEP}, "damaged header"),
    "newer": (changed(version=99), "newer than this program"),
    "not-a-number": (changed(threshold=float("nan")), "damaged header: threshold"),
    "box-outside": (changed(object_box=[0, 0, 99, 99]), "object box"),
    "class-of-controls": (changed(labels=["\x1b[2J"]), "damaged header: labels"),
    "crop-of-a-country": (changed(crop_hw=[10**6, 10**6]), "damaged header: crop_hw"),
    "without-geometry": ({HEADER_KEY: TEXTS[HEADER_KEY]}, "no fcn_detect header"),
    "geometry-of-nothing": (changed() | {EXPORT_KEY: json.dumps(NET | {"stride_hw": [0, 0]})},
                            "damaged header: stride_hw"),
}  # fmt: skip
_ENTITIES = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"

KINDS: dict[str, tuple[bytes, str]] = {
    "good.onnx": (onnx(TEXTS), ""),
    "good.xml": (openvino(TEXTS), ""),
    **{f"{name}.onnx": (onnx(texts), says) for name, (texts, says) in _DAMAGED.items()},
    **{f"{name}.xml": (openvino(texts), says) for name, (texts, says) in _DAMAGED.items()},
    "empty.onnx": (b"", "no fcn_detect header"),
    "text.onnx": (b"version https://git-lfs.github.com/spec/v1\n", "not a readable ONNX file"),
    "cut.onnx": (onnx(TEXTS)[:-9], "it ends within field 14"),
    "cut-in-a-number.onnx": (onnx(TEXTS) + b"\x80", "it ends within a number"),
    "endless-number.onnx": (b"\x08" + b"\xff" * 99, "it ends within a number"),
    "length-of-a-disk.onnx": (varint(7 << 3 | 2) + varint(2**62), "it ends within field 7"),
    "group.onnx": (b"\x0b" + onnx(TEXTS), "not a readable ONNX file"),
    "field-of-nothing.onnx": (b"\x02\x00", "not a readable ONNX file"),
    "not-utf-8.onnx": (field(14, field(1, b"\xff") + field(2, b"a")), "not a readable ONNX file"),
    "large.onnx": (field(14, bytes(17_000_000)), "more than 16,000,000 bytes"),
    "empty.xml": (b"", "not a readable OpenVINO model"),
    "cut.xml": (openvino(TEXTS)[:-9], "not XML"),
    "page.xml": (b"<html></html>", "it holds <html>"),
    "entities.xml": (openvino(TEXTS, before=_ENTITIES), "entity 'a' is defined"),
    "endless.xml": (b"<net>" * DEEP, "not XML"),
    "deep.xml": (b"<net>" * DEEP + b"</net>" * DEEP, "no fcn_detect header"),
    "long-root.xml": (openvino(TEXTS, root="n" * 5000), "it holds <nnn"),
}


def make_corpus(folder: Path) -> None:
    """All kinds of file, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (content, _) in KINDS.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    make_corpus(Path(sys.argv[1]))
    print(f"{len(KINDS)} kinds of exported file")
