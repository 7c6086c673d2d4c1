"""A run over two cameras, whose images hold one bright object each, and corrections of it."""

import json

import numpy as np
import pytest
from PIL import Image

from fcn_detect.formats import write_results
from fcn_detect.results import Detections, ImageResult

# the width of the dress model's object box, at its height, is 49 in 96
OBJECT = (40.0, 20.0, 89.0, 116.0)
NAMES = ("cam1/0001.png", "cam2/0001.png", "cam2/0002.png")


@pytest.fixture
def image():
    """RGB uint8 (160, 240, 3): noise, and an object of one colour."""
    pixels = np.random.default_rng(3).integers(0, 90, (160, 240, 3), dtype=np.uint8)
    pixels[20:116, 40:89] = 250
    return pixels


@pytest.fixture
def marks():
    """What was marked in the first image."""
    return {
        "image": NAMES[0],
        "checked": True,
        "confirmed": [{"label": "dress", "score": 0.9, "box": OBJECT}],
        "wrong": [{"label": "dress", "score": 0.8, "box": [110, 20, 150, 120]}],
        "missed": [{"label": "dress", "box": [180, 30, 229, 126]}],
    }


@pytest.fixture
def correct(tmp_path):
    """Writes `corrections.json` with what was marked in some images; its path."""

    def write(*images):
        head = {"format": "fcn_detect corrections", "version": 1, "run": "run"}
        path = tmp_path / "corrections.json"
        path.write_text(json.dumps({**head, "images": images}))
        return path

    return write


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The file of a model that has learned nothing."""
    from fcn_detect.nets import build_net, save_model
    from fcn_detect.results import ModelHeader

    header = ModelHeader(
        net="valid-small",
        crop_hw=(128, 64),
        labels=("dress",),
        object_box=(7.5, 16, 56.5, 112),
        stride_hw=(8, 8),
        exact=True,
    )
    path = tmp_path_factory.mktemp("untrained") / "model.safetensors"
    save_model(path, header, build_net(header.net, header.crop_hw, header.channels))
    return path


@pytest.fixture
def made_run(tmp_path, image, model):
    """A run's folder, as `batch` leaves it, and its photos beside it."""
    from fcn_detect.batch import model_digest
    from fcn_detect.headers import read_header

    header = read_header(model).model_dump(mode="json", exclude={"training", "figures"})
    boxes = np.array([OBJECT, (110, 20, 150, 120), (120, 60, 140, 110)], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8, 0.1], np.float32), ["dress"] * 3)
    for name in NAMES:
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "photos" / name)
    results = [ImageResult(name, 240, 160, found) for name in NAMES]
    write_results(results, tmp_path / "run" / "results.jsonl")
    facts = {
        "version": "1",
        "model": {"path": str(model), "sha256": model_digest(model), "header": header},
        "settings": {"sha256": "0", "min_height": 60.0},
        "searched_with": {},
        "folder": str(tmp_path / "photos"),
        "shard": None,
        "machines": [],
        "counts": dict.fromkeys(["total", "done", "failed", "resumed", "inferred"], 2),
        "labels": [],
        "formats": [],
        "warnings": [],
        "seconds": 1.5,
        "finished": "2026-01-01T00:00:00+0000",
    }
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    return tmp_path / "run"
