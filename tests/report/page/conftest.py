"""A run of small pictures of two cameras, with every kind of trouble that a page must bear."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from fcn_detect.formats import write_results
from fcn_detect.results import Detections, Failure, ImageResult, ModelHeader

LABELS = ("person", "<b>dog</b>")
EVIL = "\"><img src=x onerror=document.title='pwned'>.jpg"
SIZE_HW = (120, 160)
HEADER = ModelHeader(
    net="valid-small",
    crop_hw=(64, 32),
    labels=LABELS,
    object_box=(4.0, 8.0, 28.0, 56.0),
    stride_hw=(8, 8),
    exact=True,
    threshold=0.6,
    false_alarms=((1.0, 0.9), (10.0, 0.6), (100.0, 0.2)),
)


def _make_run(folder, results, **facts):
    """Writes a run's results.jsonl and run.json, as `batch` does, with some facts changed."""
    write_results(results, folder / "results.jsonl")
    content = {
        "version": "0.1.0",
        "model": {
            "path": "models/watch.safetensors",
            "sha256": "ab" * 32,
            "header": HEADER.model_dump(mode="json", exclude={"training", "figures"}),
        },
        "settings": {"sha256": "cd" * 32, "min_height": 24.0},
        "folder": str(folder.parent / "photos"),
        "counts": {"total": len(results)},
        "finished": "2026-05-17T12:00:00+0000",
    }
    (folder / "run.json").write_text(json.dumps(content | facts))
    return folder


def _found(*rows):
    """Detections of rows (label, score, x0, y0, x1, y1), best first."""
    rows = sorted(rows, key=lambda row: -row[1])
    boxes = np.array([row[2:] for row in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([row[1] for row in rows], np.float32), [r[0] for r in rows])


def _write_photo(path: Path, boxes, taken=None, size_hw=SIZE_HW):
    """A grey picture with bright boxes, and the time at which it says that it was taken."""
    pixels = np.full((*size_hw, 3), 90, np.uint8)
    for x0, y0, x1, y1 in np.asarray(boxes, int):
        pixels[y0:y1, x0:x1] = (230, 180, 60)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = taken
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "JPEG", exif=exif)


def _camera_results(photos):
    """Records of 30 pictures, written to a folder: 24 of cam1 with a post at one spot, 6 others."""
    results = []
    for i in range(24):
        post = ("person", 0.7, 100 + i % 2, 40, 116 + i % 2, 80)
        moving = ("person", 0.3 + 0.028 * i, 4 * i, 20, 4 * i + 20, 60)
        detections = _found(post, moving, ("<b>dog</b>", 0.1, 5, 5, 25, 25))
        name = f"cam1/{i:04d}.jpg"
        _write_photo(photos / name, detections.boxes, f"2026:05:17 {i % 24:02d}:10:00")
        results.append(ImageResult(name, SIZE_HW[1], SIZE_HW[0], detections))
    for i, name in enumerate(("a.jpg", "b.jpg", "c.jpg", EVIL)):
        detections = _found(*[("<b>dog</b>", 0.95 - 0.2 * i, 30, 30, 70, 60)] * (name != "c.jpg"))
        _write_photo(photos / "cam2" / name, detections.boxes)
        results.append(ImageResult(f"cam2/{name}", SIZE_HW[1], SIZE_HW[0], detections))
    results.append(
        ImageResult("cam2/cut.jpg", None, None, None, Failure("truncated", "<i>it ends early</i>"))
    )
    results.append(ImageResult("cam2/gone.jpg", 160, 120, _found(("person", 0.8, 1, 1, 20, 40))))
    return sorted(results, key=lambda result: result.image)


@pytest.fixture(scope="session")
def camera_run(tmp_path_factory):
    """The run's folder; its pictures lie in `photos` beside it."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "run").mkdir()
    return _make_run(folder / "run", _camera_results(folder / "photos"))


@pytest.fixture(scope="session")
def make_run():
    return _make_run


@pytest.fixture(scope="session")
def found():
    return _found


@pytest.fixture(scope="session")
def write_photo():
    return _write_photo


@pytest.fixture(scope="session")
def evil():
    """A file's name that is markup."""
    return EVIL


@pytest.fixture(scope="session")
def header():
    return HEADER
