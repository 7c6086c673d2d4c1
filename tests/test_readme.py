"""The README's four ways of use work as they are written."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_detect.formats import write_results
from fcn_detect.results import Detections, ImageResult
from fcn_detect.scenes import render_scene

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def block(name):
    """The text of the code block behind `<!-- test: NAME -->`."""
    found = re.search(rf"<!-- test: {name} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, name
    return found[1]


@pytest.fixture
def folder(tmp_path, monkeypatch, dress_crops, photos_without, dress_model):
    """A working folder that holds what the README's commands name."""
    monkeypatch.chdir(tmp_path)
    for name, source in (("CROPS", dress_crops), ("PHOTOS", photos_without)):
        Path(name).symlink_to(source)
    scene = render_scene(np.random.default_rng(1), (300, 400), 2, (80, 200)).image
    Image.fromarray(scene).save("photo.jpg")
    Path("CAMERA").mkdir()
    Image.fromarray(scene).save("CAMERA/0001.jpg")
    Path("model.safetensors").write_bytes(dress_model.read_bytes())
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["detect", "batch"])
def test_a_way_of_use_works_as_written(name, run_cli):
    program, *arguments = shlex.split(block(name))
    assert program == "fcn-detect"
    code, _, err = run_cli(*arguments)
    assert code == 0, err


@pytest.mark.usefixtures("folder")
def test_reporting_works_as_written(run_cli):
    for name in ("batch", "report"):
        code, out, err = run_cli(*shlex.split(block(name))[1:])
        assert code == 0, err
    assert "open run/report/index.html in a browser" in out
    assert Path("run/report/thumbnails/0000/000000.jpg").exists()


@pytest.mark.usefixtures("folder")
def test_exporting_works_as_written(run_cli):
    for line in block("export").splitlines():
        code, _, err = run_cli(*shlex.split(line)[1:])
        assert code == 0, err
    assert "the network runs on openvino" in err


@pytest.mark.usefixtures("folder")
def test_training_works_as_written(run_cli):
    Path("model.safetensors").unlink()
    Path("quick.toml").write_text('[model]\nnet = "valid-small"\n[mining]\nepochs = 1\n')
    quick = ["--epochs", 1, "--config", "quick.toml"]
    code, _, err = run_cli(*shlex.split(block("train"))[1:], *quick)
    assert code == 0, err
    assert Path("model.safetensors").exists()
    assert Path("model.train/metrics.json").exists()


@pytest.mark.usefixtures("folder")
def test_correcting_and_training_on_work_as_written(run_cli):
    code, _, err = run_cli(*shlex.split(block("batch"))[1:])
    assert code == 0, err
    missed = [{"label": "dress", "box": [100, 60, 160, 180]}]
    images = [{"image": "0001.jpg", "checked": True, "missed": missed}]
    content = {"format": "fcn_detect corrections", "version": 1, "run": "run", "images": images}
    Path("corrections.json").write_text(json.dumps(content))
    harvest, train = block("harvest").splitlines()
    code, _, err = run_cli(*shlex.split(harvest)[1:])
    assert code == 0, err
    code, _, err = run_cli(*shlex.split(train)[1:], "--epochs", 1)
    assert code == 0, err
    assert Path("better.safetensors").exists()


def test_measuring_works_as_written(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("CAMERA").mkdir()
    Image.new("RGB", (40, 30)).save("CAMERA/0001.jpg")
    false = Detections(np.array([[1, 1, 9, 9]], np.float32), np.array([0.5]), ["dress"])
    write_results([ImageResult("0001.jpg", 40, 30, false)], Path("run/results.jsonl"))
    truth = {
        "images": [{"id": 1, "file_name": "0001.jpg", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "dress"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [20, 5, 10, 20]}],
    }
    Path("annotations.json").write_text(json.dumps(truth))
    code, out, err = run_cli(*shlex.split(block("evaluate"))[1:])
    assert code == 0, err
    assert "95 %" in out
    assert len(list(Path("plots").glob("*.png"))) == 4


def test_the_conversion_gives_what_is_written():
    names = {}
    exec(compile(block("convert"), "README.md", "exec"), names)
    fcn, torch = names["fcn"], names["torch"]
    assert (fcn.stride_hw, fcn.exact) == ((4, 4), True)
    assert fcn(torch.rand(1, 3, 512, 1024)).shape == (1, 2, 97, 241)


@pytest.mark.usefixtures("folder")
def test_the_python_example_works_as_written(capsys):
    exec(compile(block("python"), "README.md", "exec"), {})
    for line in capsys.readouterr().out.splitlines():
        assert line.startswith("dress ")
