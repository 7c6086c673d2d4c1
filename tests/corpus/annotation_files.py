"""Files of annotations, results and corrections, good and bad, each with what becomes of it.

    python tests/corpus/annotation_files.py FOLDER

makes them all. `KINDS` is the table: how a kind is read, what it consists of, and words of the
refusal; none: it is read.
"""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

DEEP = 100_000


def picture() -> bytes:
    """A PNG of 64x48 px."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 48)).save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True)
class Kind:
    """One kind of file, or of folder.

    Attributes:
        name: in the corpus.
        reader: `annotations`, `results` or `corrections`.
        files: content by name; the first one is what is read, or its folder where it lies in one.
        says: words of the refusal; empty: it is read.
    """

    name: str
    reader: str
    files: dict[str, bytes]
    says: str = ""


def _coco(**changed: object) -> bytes:
    box = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1.5, 2, 30, 40], "iscrowd": 0}
    values = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 2, "name": "person"}],
        "annotations": [{**box, **changed}],
    }
    return json.dumps(values | {key: changed[key] for key in values.keys() & changed}).encode()


def _voc(box: str = "2 3 30 40", name: str = "a.jpg", before: str = "", size: str = "64") -> bytes:
    x0, y0, x1, y1 = box.split()
    corners = f"<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
    return (
        f"{before}<annotation><filename>{name}</filename><size><width>{size}</width>"
        f"<height>48</height></size><object><name>person</name><bndbox>{corners}</bndbox>"
        "</object></annotation>"
    ).encode()


def _cvat(box: str = "2 3 30 40", shape: str = "box", before: str = "", **changed: str) -> bytes:
    corners = zip(("xtl", "ytl", "xbr", "ybr"), box.split(), strict=True)
    values = {"name": "a.jpg", "width": "64", "height": "48"} | changed
    size = " ".join(f'{key}="{value}"' for key, value in values.items())
    place = " ".join(f'{key}="{value}"' for key, value in corners)
    return (
        f"{before}<annotations><version>1.1</version><image {size}>"
        f'<{shape} label="person" {place}/></image></annotations>'
    ).encode()


def _yolo(
    line: bytes, names: bytes = b"person\ncar\n", name: str = "classes.txt"
) -> dict[str, bytes]:
    return {"labels/a.txt": line, "images/a.png": picture(), name: names}


def _result(**changed: object) -> bytes:
    box = {"label": "person", "score": 0.5, "box": [1.0, 2.0, 3.0, 4.0]}
    record = {"image": "a.jpg", "width": 64, "height": 48, "detections": [box]}
    record |= {"failure": None, "warnings": []}
    found = {key: changed.pop(key) for key in [*box] if key in changed}
    return json.dumps(record | {"detections": [box | found]} | changed).encode() + b"\n"


def _corrections(**changed: object) -> bytes:
    box = {"label": "person", "score": 0.98, "box": [312.0, 88.5, 352.0, 184.5]}
    found = {key: changed.pop(key) for key in [*box] if key in changed}
    image = {"image": "a.jpg", "checked": True, "confirmed": [box | found]} | changed
    return json.dumps(
        {"format": "fcn_detect corrections", "version": 1, "images": [image]}
    ).encode()


_ENTITIES = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
_FILE_ENTITY = "<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
_LONG = "9" * 5000

_COCO = {
    "plain": (_coco(), ""),
    "byte-order-mark": (b"\xef\xbb\xbf" + _coco(), ""),
    "no-boxes": (_coco(annotations=[]), ""),
    "box-outside-its-image": (_coco(bbox=[-50, -50, 500, 500]), ""),
    "empty": (b"", "not JSON"),
    "binary": (bytes(range(256)), "not JSON"),
    "cut": (_coco()[:-40], "not JSON"),
    "endless": (b'{"images": ' + b"[" * DEEP, "not JSON"),
    "long-number": (_coco().replace(b"64", _LONG.encode()), "not JSON"),
    "another-form": (b'[{"image": "a.jpg"}]', "expected a COCO dataset"),
    "key-missing": (_coco().replace(b"categories", b"category"), "categories: Field required"),
    "box-of-three": (_coco(bbox=[1, 2, 3]), "annotations.0.bbox"),
    "box-not-a-number": (_coco(bbox=[float("nan"), 0, 1, 1]), "annotations.0.bbox"),
    "box-infinite": (_coco(bbox=[0, 0, float("inf"), 1]), "annotations.0.bbox"),
    "box-of-a-planet": (_coco(bbox=[0, 0, 1e300, 1]), "annotations.0.bbox"),
    "negative-length": (_coco(bbox=[1, 1, -2, 2]), "annotations.0.bbox"),
    "unknown-image": (_coco(image_id=9), "no image has id 9"),
    "unknown-category": (_coco(category_id=9), "no category has id 9"),
    "image-of-a-planet": (_coco().replace(b'"width": 64', b'"width": 1' + b"0" * 30), "width"),
    "name-of-nothing": (_coco().replace(b"a.jpg", rb"a\u0000.jpg"), "no file can have this name"),
    "name-half-a-letter": (_coco().replace(b"a.jpg", rb"\ud83d.jpg"), "no file can have this name"),
}

_VOC = {
    "plain": (_voc(), ""),
    "up-and-away": (_voc(name="../../../etc/a.jpg"), ""),
    "utf-16": (
        _voc(before='<?xml version="1.0" encoding="utf-16"?>').decode().encode("utf-16"),
        "",
    ),
    "empty": (b"", "not XML"),
    "cut": (_voc()[:-30], "not XML"),
    "json": (_coco(), "not XML"),
    "entities": (_voc(before=_ENTITIES), "entity 'a' is defined"),
    "entity-of-a-file": (_voc(before=_FILE_ENTITY), "entity 'a' is defined"),
    "unknown-encoding": (_voc(before='<?xml version="1.0" encoding="klingon"?>'), "klingon"),
    "another-root": (b"<html></html>", "expected <annotation>"),
    "endless": (b"<annotation>" * DEEP, "not XML"),
    "deep": (b"<a>" * DEEP + b"</a>" * DEEP, "expected <annotation>"),
    "large": (_voc() + b" " * 17_000_000, "more than 16,000,000 bytes"),
    "no-name": (_voc(name=""), "has no filename"),
    "box-inside-out": (_voc("30 3 2 40"), "inside out"),
    "box-not-a-number": (_voc("nan 3 30 40"), "not a number of pixels"),
    "box-of-a-planet": (_voc("2 3 1e99 40"), "not a number of pixels"),
    "box-in-words": (_voc("a 3 30 40"), "not a number of pixels"),
    "negative-size": (_voc(size="-64"), "not a number of pixels"),
    "size-of-nothing": (_voc(size="nan"), "not a number of pixels"),
}

_CVAT = {
    "plain": (_cvat(), ""),
    "a-tag": (_cvat(shape="tag"), ""),
    "empty": (b"", "not XML"),
    "cut": (_cvat()[:-30], "not XML"),
    "entities": (_cvat(before=_ENTITIES), "entity 'a' is defined"),
    "entity-of-a-file": (_cvat(before=_FILE_ENTITY), "entity 'a' is defined"),
    "one-of-voc": (_voc(), "of Pascal VOC give the folder"),
    "deep": (b"<a>" * DEEP + b"</a>" * DEEP, "expected <annotations>"),
    "a-video": (b"<annotations><track id='0'/></annotations>", "CVAT for images"),
    "polygon": (_cvat(shape="polygon"), "<polygon> in 'a.jpg'; expected upright boxes"),
    "turned": (_cvat(shape='box rotation="30.5"'), "a turned <box> in 'a.jpg'"),
    "turned-in-words": (_cvat(shape='box rotation="nan"'), "a turned <box>"),
    "no-name": (_cvat(name=""), "<image> has no name"),
    "no-label": (_cvat().replace(b"person", b" "), "<box> has no label"),
    "name-of-two-lines": (_cvat(name="a&#10;b", shape="mask"), "upright boxes"),
    "two-of-a-name": (
        _cvat().replace(b"</image>", b'</image><image name="a.jpg" width="1" height="1"/>'),
        "two images have the name 'a.jpg'",
    ),
    "box-inside-out": (_cvat("30 3 2 40"), "inside out"),
    "box-not-a-number": (_cvat("nan 3 30 40"), "xtl of <box> is 'nan', not a number of pixels"),
    "box-of-a-planet": (_cvat("2 3 1e99 40"), "not a number of pixels"),
    "negative-size": (_cvat(width="-64"), "width of <image> is '-64', not a number of pixels"),
}

_LINE = b"0 0.5 0.5 0.25 0.125\n"
_YOLO = {
    "plain": (_yolo(_LINE), ""),
    "empty-lines": (_yolo(b"\n" + _LINE + b"\n\n"), ""),
    "yaml": (_yolo(_LINE, b"names:\n- person\n- car\n", "data.yaml"), ""),
    "binary": (_yolo(b"\xff\xfe" + _LINE), "is not UTF-8"),
    "cut": (_yolo(b"0 0.5 0.5"), "line 1: 3 numbers"),
    "words": (_yolo(b"person 0.5 0.5 0.1 0.1"), "is not CLASS X Y"),
    "not-a-number": (_yolo(b"0 nan 0.5 0.1 0.1"), "outside 0 to 1"),
    "pixels": (_yolo(b"0 32 24 10 10"), "outside 0 to 1"),
    "unknown-class": (_yolo(b"7 0.5 0.5 0.1 0.1"), "no class has the number 7"),
    "long-number": (_yolo(_LONG.encode() + b" 0.5 0.5 0.1 0.1"), "is not CLASS X Y"),
    "no-names": (_yolo(_LINE, b"a", "notes.txt"), "no class names"),
    "names-twice": (_yolo(_LINE, b"a\na\n"), "occurs twice"),
    "names-of-objects": (_yolo(_LINE, b"names: !!python/object:os.system\n", "data.yaml"), "names"),
    "names-of-anchors": (_yolo(_LINE, b"names: [&a b, *a]\n", "data.yaml"), "cannot be understood"),
    "names-that-cost-a-square": (
        _yolo(_LINE, b"names:\n- a" + b" " * 200_000 + b"b: c\n", "data.yaml"),
        "200,0.. characters",
    ),
    "picture-of-text": (
        {**_yolo(_LINE), "images/a.png": b"no picture"},
        "not a picture that can be measured",
    ),
    "label-alone": ({**_yolo(_LINE), "labels/b.txt": _LINE}, "no picture belongs"),
}

_RESULTS = {
    "plain": (_result(), ""),
    "no-records": (b"", ""),
    "name-not-utf-8": (_result(image="\udcff.jpg"), ""),
    "cut": (_result()[:-30], "line 1"),
    "cut-in-the-second": (_result() + _result()[:50], "line 2"),
    "binary": (bytes(range(1, 256)), "line 1"),
    "zeros": (bytes(4096), "line 1"),
    "endless": (b"[" * DEEP, "line 1"),
    "long-number": (_result().replace(b"64", _LONG.encode()), "line 1"),
    "csv": (b"image,label,score\na.jpg,person,0.5\n", "line 1"),
    "score-above-one": (_result(score=1.5), r"scores must lie in \[0, 1\]"),
    "score-not-a-number": (_result(score=float("nan")), "score"),
    "score-in-words": (_result(score="high"), "score"),
    "box-inside-out": (_result(box=[9, 0, 1, 1]), "x0 <= x1"),
    "box-of-three": (_result(box=[1, 2, 3]), "box"),
    "box-infinite": (_result(box=[0, 0, float("inf"), 1]), "box"),
    "neither": (_result(detections=None), "one of the two"),
    "both": (_result(failure={"kind": "empty", "message": ""}), "one of the two"),
    "unknown-failure": (_result(detections=None, failure={"kind": "x", "message": ""}), "kind 'x'"),
    "unknown-key": (_result(colour="red"), "colour"),
    "key-missing": (_result().replace(b'"warnings": []', b'"warning": []'), "warnings"),
    "width-of-a-planet": (_result(width=10**30), "width"),
    "width-of-nothing": (_result(width=0), "width"),
    "name-of-nothing": (_result(image="a\0.jpg"), "no file can have this name"),
    "name-half-a-letter": (_result(image="\ud83d.jpg"), "no file can have this name"),
}

_CORRECTIONS = {
    "plain": (_corrections(), ""),
    "empty": (b"", "not JSON"),
    "cut": (_corrections()[:-9], "not JSON"),
    "endless": (b'{"a": ' * DEEP, "not JSON"),
    "not-utf-8": (_corrections().replace(b"person", b"p\xff"), "is not UTF-8"),
    "another-form": (_coco(), "expected corrections"),
    "newer": (_corrections().replace(b'"version": 1', b'"version": 2'), "version"),
    "box-without-sides": (_corrections(box=[1, 1, 1, 5]), "x0 < x1"),
    "box-not-a-number": (_corrections(box=[float("nan"), 1, 1, 5]), "box"),
    "score-above-one": (_corrections(score=2), "score"),
    "name-of-nothing": (_corrections(image="\0"), "no file can have this name"),
}

KINDS: list[Kind] = [
    *(Kind(f"coco-{n}", "annotations", {"a.json": c}, says) for n, (c, says) in _COCO.items()),
    *(Kind(f"cvat-{n}", "annotations", {"a.xml": c}, says) for n, (c, says) in _CVAT.items()),
    *(Kind(f"voc-{n}", "annotations", {"xml/a.xml": c}, says) for n, (c, says) in _VOC.items()),
    *(Kind(f"yolo-{n}", "annotations", files, says) for n, (files, says) in _YOLO.items()),
    *(Kind(f"results-{n}", "results", {"a.jsonl": c}, says) for n, (c, says) in _RESULTS.items()),
    *(
        Kind(f"corrections-{n}", "corrections", {"a.json": c}, says)
        for n, (c, says) in _CORRECTIONS.items()
    ),
]


def make_kind(kind: Kind, folder: Path) -> Path:
    """Writes the files of a kind into a folder; what is to be read."""
    for name, content in kind.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    first = folder / next(iter(kind.files))
    if first.parent == folder:
        return first
    return folder if "images/a.png" in kind.files else first.parent


if __name__ == "__main__":
    for one in KINDS:
        make_kind(one, Path(sys.argv[1], one.name))
    print(f"{len(KINDS)} kinds of annotations, results and corrections")
