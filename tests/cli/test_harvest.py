"""From a run to corrections to a model that goes on: by commands alone."""

import json

import numpy as np
import pytest

from fcn_detect.headers import read_header
from fcn_detect.scenes import write_scenes


@pytest.fixture
def corrected(run_cli, dress_model, tmp_path):
    """A run over rendered scenes, and `corrections.json` beside it."""
    truth = write_scenes(
        tmp_path / "scenes", np.random.default_rng(9), [(300, 400)] * 3, dresses=(1, 2)
    )
    code, _, err = run_cli(
        *("batch", tmp_path / "scenes", "-o", tmp_path / "run", "-m", dress_model),
        *("--backend", "torch", "--workers", 1),
    )
    assert code == 0, err
    dataset = json.loads(truth.read_text())
    marked = {
        image["id"]: {"image": image["file_name"], "checked": True, "missed": []}
        for image in dataset["images"]
    }
    for one in dataset["annotations"]:
        x, y, width, height = one["bbox"]
        box = {"label": "dress", "box": [x, y, x + width, y + height]}
        marked[one["image_id"]]["missed"].append(box)
    content = {
        "format": "fcn_detect corrections",
        "version": 1,
        "run": "run",
        "images": [*marked.values()],
    }
    (tmp_path / "corrections.json").write_text(json.dumps(content))
    return tmp_path


def test_corrections_become_crops_and_training_goes_on_from_the_model(
    run_cli, corrected, dress_model, dress_crops
):
    crops, model = corrected / "crops", corrected / "better.safetensors"
    harvest = ("harvest", corrected / "run", corrected / "corrections.json", "-o", crops)
    code, out, err = run_cli(*harvest)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["folder", "crops", "confirmed", "missed", "wrong", "background"]
    assert {line.split()[0] for line in lines[1:3]} == {"background", "dress"}
    assert "--init" in err
    code, out, err = run_cli(
        *("train", crops, dress_crops, "--init", dress_model, "-o", model, "--epochs", 1)
    )
    assert code == 0, err
    assert "at a learning rate of 0.0004" in err
    assert "the recommended threshold will be 0.5" in err
    before, after = read_header(dress_model), read_header(model)
    assert (after.net, after.crop_hw) == (before.net, before.crop_hw)
    assert after.object_box == before.object_box
    code, _, err = run_cli(*harvest, "--backgrounds", 3)
    assert code == 1
    assert "--overwrite" in err


def test_an_image_that_is_gone_ends_with_3_and_is_named(run_cli, corrected):
    (corrected / "scenes" / "scene_000.jpg").unlink()
    code, out, err = run_cli(
        *("harvest", corrected / "run", corrected / "corrections.json"),
        *("-o", corrected / "crops"),
    )
    assert code == 3
    assert "scene_000.jpg: unreadable" in err
    assert "crops of 2 images" in out


def test_corrections_of_nothing_that_is_there_end_with_1(run_cli, tmp_path):
    code, out, err = run_cli("harvest", tmp_path, tmp_path / "none.json", "-o", tmp_path / "crops")
    assert (code, out) == (1, "")
    assert "expected a finished run" in err
