"""Good files for each target, to start from, and words that their parsers know."""

import io
import json
import struct
from dataclasses import asdict

import numpy as np
from corpus.exported_files import NET
from fuzz.targets import HEADER, MACHINE
from PIL import Image

from fcn_detect.batch.lines import FileState, write_line
from fcn_detect.batch.parts import first_line
from fcn_detect.config import Settings
from fcn_detect.formats import format_result
from fcn_detect.headers import EXPORT_KEY, HEADER_KEY
from fcn_detect.results import Detections, Failure, ImageResult, ModelHeader

FOUND = ImageResult(
    "cam1/a.jpg",
    768,
    576,
    Detections(
        np.array([[312, 88.5, 352, 184.5], [0, 0, 9, 9]], np.float32),
        np.array([0.981642, 1.0], np.float32),
        ["person", "größer"],
    ),
    warnings=("CMYK",),
)
FAILED = ImageResult("b\udcff.jpg", None, None, None, Failure("truncated", "it ends early"))

MODEL = ModelHeader(
    net="valid-small",
    crop_hw=(56, 48),
    labels=("person", "car"),
    object_box=(4, 8, 44, 48),
    offsets=("x", "y"),
    stride_hw=(8, 8),
    exact=True,
    false_alarms=((0.1, 0.9), (10.0, 0.5)),
    detect={"min_height": 40},
)
TEXTS = {HEADER_KEY: MODEL.model_dump_json(), EXPORT_KEY: json.dumps(NET)}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _coco() -> bytes:
    box = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1.5, 2, 30, 40], "iscrowd": 0}
    return _json(
        {
            "images": [{"id": 1, "file_name": "a\\b.jpg", "width": 64, "height": 48}],
            "categories": [{"id": 2, "name": "person"}],
            "annotations": [box, {**box, "id": 2, "ignore": 1}],
        }
    )


def _megadetector() -> bytes:
    detection = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}
    found = {"file": "a.jpg", "width": 64, "height": 48, "detections": [detection]}
    failed = {"file": "b.jpg", "failure": "truncated: early", "detections": None}
    names = {"1": "person", "2": "car"}
    return _json({"info": {}, "detection_categories": names, "images": [found, failed]})


def _corrections() -> bytes:
    box = {"label": "person", "score": 0.98, "box": [312.0, 88.5, 352.0, 184.5]}
    image = {"image": "a.jpg", "checked": True, "confirmed": [box], "wrong": [box], "missed": []}
    kind = {"format": "fcn_detect corrections", "version": 1, "run": "night"}
    return _json({**kind, "images": [image]})


def _run() -> bytes:
    model = {"path": "m", "sha256": "a" * 64, "header": MODEL.model_dump(mode="json")}
    machine = {**asdict(MACHINE), "images": 3}
    facts = {"version": "0.1.0", "model": model, "settings": {"keep": 0.01, "sha256": "b" * 64}}
    facts |= {"machines": [machine], "searched_with": {"keep": 0.01, "backend": "torch"}}
    counts = {"total": 3, "done": 2, "failed": 1, "resumed": 0, "inferred": 3}
    facts |= {"labels": ["person"], "formats": ["coco"], "warnings": [], "seconds": 1.5}
    facts |= {"finished": "2026-01-01T00:00:00+0000", "threshold": 0.5, "folder": "photos"}
    return _json({**facts, "shard": "1/1", "counts": counts})


def _onnx() -> bytes:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2]) + _varint(len(content)) + content

    entries = [field(1, key.encode()) + field(2, text.encode()) for key, text in TEXTS.items()]
    return b"\x08\x0a" + field(7, b"graph") + b"".join(field(14, entry) for entry in entries)


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _openvino() -> bytes:
    texts = "".join(
        f"<{key} value='{text.replace('&', '&amp;')}' />" for key, text in TEXTS.items()
    )
    return f'<?xml version="1.0"?><net name="a"><layers/><rt_info>{texts}</rt_info></net>'.encode()


def _toml() -> bytes:
    text = '[model]\nnet = "valid-small"\ncrop = "64x128"\nobject_box = [8, 16.5, 56, 112]\n'
    for table, values in Settings().model_dump(exclude={"model"}, exclude_none=True).items():
        text += f"[{table}]\n"
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return text.encode()


def _pictures() -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    picture, pictures = Image.fromarray(noise), []
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "JPEG2000", "AVIF", "MPO"):
        stream = io.BytesIO()
        turned = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}
        picture.save(stream, kind, **turned)
        pictures.append(stream.getvalue())
    for mode in ("1", "L", "P", "RGBA", "I;16"):
        stream = io.BytesIO()
        picture.convert("I" if mode == "I;16" else mode).convert(mode).save(stream, "PNG")
        pictures.append(stream.getvalue())
    return pictures


_VOC = b"""<annotation><folder>a</folder><filename>a.jpg</filename><size><width>64</width>
<height>48</height><depth>3</depth></size><object><name>person</name><difficult>0</difficult>
<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>30.5</xmax><ymax>40</ymax></bndbox></object></annotation>
"""
_CVAT = b"""<annotations><version>1.1</version><meta><task><labels><label><name>car</name></label>
</labels></task></meta><image id="0" name="a/b.jpg" width="64" height="48"><tag label="wet"/>
<box label="person" occluded="0" xtl="2" ytl="3.5" xbr="30" ybr="40" rotation="0" z_order="0"/>
</image></annotations>
"""
_HEAD = _json({"__metadata__": TEXTS, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
_LINES = [write_line(FOUND, FileState(1, 2)), write_line(FAILED, FileState(3, 4, "c" * 64))]

SEEDS: dict[str, list[bytes]] = {
    "results_file": [format_result(one).encode() + b"\n" for one in (FOUND, FAILED)],
    "megadetector_file": [_megadetector()],
    "coco_file": [_coco()],
    "cvat_file": [_CVAT],
    "voc_file": [_VOC],
    "yolo_labels": [b"0 0.5 0.5 0.25 0.125\n1 1.0 0 1e-3 1\n"],
    "names_yaml": [
        b"path: .\nnames:\n  0: person\n  1: 'it''s'\n",
        b'# a\nnames: [a, "b\\"c", \'d\', e f]\nnc: 4\n',
        b"names: {0: a, 1: 'b',}\n",
        b"names:\n- a # first\n- b\n",
    ],
    "names_text": [b"person\ncar\n", "\ufeffgrößer\r\ncar".encode()],
    "settings_file": [_toml()],
    "safetensors_header": [_HEAD],
    "safetensors_file": [struct.pack("<Q", len(_HEAD)) + _HEAD + bytes(4)],
    "onnx_file": [_onnx()],
    "openvino_file": [_openvino()],
    "corrections_file": [_corrections()],
    "run_facts": [_run()],
    "journal_lines": [b"".join(line[9:] for line in _LINES)],
    "journal_part": [first_line(HEADER, MACHINE) + b"".join(_LINES)],
    "image_bytes": _pictures(),
}

_JSON_WORDS = ["null", "true", "NaN", "Infinity", "1e999", "-1", "[]", "{}", r"\ud800", r"\u0000"]
_XML_WORDS = ["<!DOCTYPE a [", "<!ENTITY a '", "&lt;", "<![CDATA[", "encoding='utf-16'", "xmlns:a="]
_TOML_WORDS = ["inf", "nan", "0x", "1979-05-27T07:32:00Z", '"""', "[[", "[model.", "'x' = ", "1_0"]

WORDS: dict[str, list[str]] = {
    "cvat_file": [*_XML_WORDS, "<box", "<polygon ", "xtl='", "rotation='1'"],
    "voc_file": [*_XML_WORDS, "<truncated>", "<xmin>"],
    "openvino_file": _XML_WORDS,
    "settings_file": _TOML_WORDS,
    "yolo_labels": ["nan", "inf", "1e-400", "0.", "\u0663"],
    "names_yaml": ["names:", "- ", "{0: ", "'", '"', " #", "\u2028"],
    "names_text": ["\u2028", "\ufeff"],
    "image_bytes": [],
    "onnx_file": [],
}


def words(target: str) -> list[str]:
    """What a parser knows: those of JSON, unless others are listed."""
    return WORDS.get(target, _JSON_WORDS)
