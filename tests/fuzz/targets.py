"""What the fuzzers feed, one function a parser: bytes in; nothing, or an error that is a finding.

Each gives its bytes to a parser as a file would. The parser may refuse them with an error of the
project's own; what it accepts must satisfy its class and survive being written and read again. Any
other error, `AssertionError` included, is a finding.
"""

import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_detect.batch.facts import check_alike, check_complete, read_facts
from fcn_detect.batch.header import JournalHeader
from fcn_detect.batch.index import Index, Place
from fcn_detect.batch.journal import Journal
from fcn_detect.batch.lines import FileState, read_line, write_line
from fcn_detect.batch.machine import Machine
from fcn_detect.config import check_settings, read_settings
from fcn_detect.detect import level_plan
from fcn_detect.errors import FcnDetectError
from fcn_detect.formats import (
    format_result,
    iterate_results,
    parse_result,
    read_coco_annotations,
    read_corrections,
    read_cvat_annotations,
    read_voc_annotations,
    read_yolo_annotations,
    write_corrections,
)
from fcn_detect.formats.class_names import read_class_names
from fcn_detect.formats.megadetector_results import read_megadetector_results
from fcn_detect.headers import read_export, read_header
from fcn_detect.images import read_image
from fcn_detect.results import Annotations, ImageResult

MEMORY = Path("/dev/shm")
_MADE = tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None)
FOLDER = Path(_MADE.name)
HEADER = JournalHeader("a" * 64, "b" * 64, "0.1.0", None, {"keep": 0.01})
MACHINE = Machine("torch", "2.11", "cpu", 2, "x86_64 avx2")


def results_file(data: bytes) -> None:
    """A results.jsonl."""
    for result in iterate_results(_file("results.jsonl", data)):
        _check_result(result)


def megadetector_file(data: bytes) -> None:
    """MegaDetector's batch output."""
    for result in read_megadetector_results(_file("md.json", data)):
        _check_result(result)


def coco_file(data: bytes) -> None:
    """A COCO dataset."""
    _check_annotations(read_coco_annotations(_file("coco.json", data)))


def cvat_file(data: bytes) -> None:
    """A file of CVAT for images."""
    _check_annotations(read_cvat_annotations(_file("cvat.xml", data)))


def voc_file(data: bytes) -> None:
    """A Pascal VOC file, in a folder of its own."""
    _check_annotations(read_voc_annotations(_file("voc/a.xml", data).parent))


def yolo_labels(data: bytes) -> None:
    """The label file of a picture."""
    folder = FOLDER / "yolo"
    if not (folder / "images").is_dir():
        (folder / "images").mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(folder / "images" / "a.png")
        (folder / "classes.txt").write_text("person\ncar\n")
    _file("yolo/labels/a.txt", data)
    _check_annotations(read_yolo_annotations(folder))


def names_yaml(data: bytes) -> None:
    """The class names in a data.yaml."""
    _check_names(read_class_names(_file("data.yaml", data)))


def names_text(data: bytes) -> None:
    """The class names in a classes.txt."""
    _check_names(read_class_names(_file("classes.txt", data)))


def settings_file(data: bytes) -> None:
    """A settings file."""
    settings = read_settings(_file("settings.toml", data))
    assert check_settings(settings.model_dump(mode="json")) == settings


def safetensors_header(data: bytes) -> None:
    """The head of a model file; its length, which comes first, is made right."""
    _check_header(_file("m.safetensors", len(data).to_bytes(8, "little") + data))


def safetensors_file(data: bytes) -> None:
    """A whole model file."""
    _check_header(_file("m.safetensors", data))


def onnx_file(data: bytes) -> None:
    """An exported ONNX file."""
    _check_header(_file("m.onnx", data))


def openvino_file(data: bytes) -> None:
    """An exported OpenVINO file."""
    _check_header(_file("m.xml", data))


def corrections_file(data: bytes) -> None:
    """A file of corrections."""
    corrections = read_corrections(_file("corrections.json", data))
    write_corrections(corrections, FOLDER / "again.json")
    assert read_corrections(FOLDER / "again.json") == corrections


def run_facts(data: bytes) -> None:
    """The run.json of a finished run."""
    _file("run/run.json", data)
    facts = read_facts(FOLDER / "run")
    check_alike([facts, facts])
    check_complete([facts])
    level_plan(facts.header, facts.settings)


def journal_lines(data: bytes) -> None:
    """Lines of a journal; their check sums, which come first, are made right."""
    index = Index()
    for line in data.split(b"\n"):
        entry = read_line(b"%08x %b\n" % (zlib.crc32(line), line))
        if entry is None:
            continue
        index.add_record(entry.name, entry.state, entry.kind, Place(1, 0, len(line)))
        assert index.recorded_state(entry.name) == entry.state
        try:
            result = parse_result(line[entry.record - 9 :].decode())
        except FcnDetectError:
            continue
        assert result.image == entry.name
        again = read_line(write_line(result, entry.state))
        assert again is not None
        assert (again.name, again.state) == (entry.name, entry.state)
    index.close()


def journal_part(data: bytes) -> None:
    """A whole part of a journal, taken up by a new start of its run."""
    _file("resumed/journal/00001.jsonl", data)
    with Journal(FOLDER / "resumed", HEADER) as journal:
        journal.index.list_files([("a.jpg", FileState(1, 2)), ("b.jpg", FileState(3, 4))])
        assert journal.index.find_waiting((), by_content=False) <= 2
        for record in journal.records():
            try:
                parse_result(record.decode())
            except (FcnDetectError, UnicodeDecodeError):
                continue


def image_bytes(data: bytes) -> None:
    """A picture of up to a megapixel, cut short or not."""
    for allow_truncated in (False, True):
        loaded = read_image(data, allow_truncated=allow_truncated, max_pixels=1_000_000)
        assert loaded.pixels.dtype == np.uint8
        assert loaded.pixels.shape == (*loaded.image_hw, 3)


def _file(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _check_result(result: ImageResult) -> None:
    """What was read can be written, and is then read as what is written again."""
    line = format_result(result)
    line.encode()
    assert format_result(parse_result(line)) == line
    os.fsencode(result.image)


def _check_annotations(annotations: Annotations) -> None:
    assert len(set(annotations.classes)) == len(annotations.classes)
    for image in annotations.images:
        assert min(image.width, image.height) >= 0
        assert image.boxes.dtype == np.float32
        assert np.isfinite(image.boxes).all()
        assert (image.boxes[:, 2:] >= image.boxes[:, :2]).all()
        assert set(image.labels) <= set(annotations.classes)
        assert "\\" not in image.image
        os.fsencode(image.image)


def _check_names(names: dict[int, str]) -> None:
    assert all(name.strip() == name and name for name in names.values())
    assert all(number >= 0 for number in names)


def _check_header(path: Path) -> None:
    header = read_header(path)
    assert type(header).model_validate_json(header.model_dump_json()) == header
    x0, y0, x1, y1 = header.object_box
    assert 0 <= x0 < x1 <= header.crop_hw[1]
    assert 0 <= y0 < y1 <= header.crop_hw[0]
    assert header.channels == header.outputs + len(header.offsets)
    net = read_export(path)
    assert type(net).model_validate_json(net.model_dump_json()) == net


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        results_file,
        megadetector_file,
        coco_file,
        cvat_file,
        voc_file,
        yolo_labels,
        names_yaml,
        names_text,
        settings_file,
        safetensors_header,
        safetensors_file,
        onnx_file,
        openvino_file,
        corrections_file,
        run_facts,
        journal_lines,
        journal_part,
        image_bytes,
    )
}
