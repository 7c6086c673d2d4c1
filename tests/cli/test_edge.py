"""An environment without PyTorch, made as the README says, and exported models in it."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_detect.scenes import render_scene

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    """The program of an environment that holds requirements-edge.txt, ONNX Runtime and no more."""
    folder = tmp_path_factory.mktemp("edge")
    python = folder / "env" / "bin" / "python"
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        install = [uv, "pip", "install", "--quiet", "--python", python]
        subprocess.run([uv, "venv", "--quiet", "-p", sys.executable, folder / "env"], check=True)
    else:
        install = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    constraints = REPOSITORY / "constraints.txt"
    listed = ["-c", constraints, "-r", REPOSITORY / "requirements-edge.txt", "onnxruntime"]
    subprocess.run([*install, *listed], check=True)
    source = folder / "source"  # a build leaves files beside what it builds
    ignore = shutil.ignore_patterns(".*", "data", "runs", "__pycache__")
    shutil.copytree(REPOSITORY, source, ignore=ignore)
    subprocess.run([*install, "--no-deps", source], check=True)
    return folder / "env" / "bin" / "fcn-detect"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i in range(2):
        scene = render_scene(np.random.default_rng(i), (300, 400), 2, (100, 200))
        Image.fromarray(scene.image).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def exported(dress_exports):
    return {report.output.name: report.output for report in dress_exports.values()}


@pytest.fixture(autouse=True)
def _of_its_own(monkeypatch, tmp_path):
    """Nothing of this environment, and no model exported before, reaches that one."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("FCN_DETECT_CACHE", str(tmp_path / "cache"))


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True)


def test_there_is_no_torch(edge):
    done = run(edge.with_name("python"), "-c", "import torch")
    assert "No module named 'torch'" in done.stderr


@pytest.mark.parametrize(
    "name, backend",
    [("dress.xml", "openvino"), ("dress.onnx", "openvino"), ("dress.onnx", "onnxruntime")],
)
def test_exported_models_find_there_what_the_model_finds_here(
    edge, photos, exported, dress_model, run_cli, tmp_path, name, backend
):
    options = ("--backend", backend, "-m", exported[name])
    done = run(edge, "detect", photos, "--json", *options)
    assert done.returncode == 0, done.stderr
    there = [json.loads(line)["detections"] for line in done.stdout.splitlines()]
    _, out, _ = run_cli("detect", photos, "--json", "-m", dress_model, "--backend", "torch")
    here = [json.loads(line)["detections"] for line in out.splitlines()]
    assert [len(found) for found in there] == [len(found) for found in here]
    pairs = zip(itertools.chain(*there), itertools.chain(*here), strict=True)
    for mine, theirs in pairs:
        assert mine["score"] == pytest.approx(theirs["score"], abs=1e-4)
        assert mine["box"] == pytest.approx(theirs["box"], abs=0.05)
    done = run(edge, "batch", photos, "-o", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["backend"] == backend
    done = run(edge, "inspect", "-m", exported[name])
    assert done.returncode == 0, done.stderr
    assert "valid-small" in done.stdout


def test_pictures_are_drawn_there_too(edge, photos, exported, tmp_path):
    options = ("-o", tmp_path / "found", "--heatmap", "--crops", "-m", exported["dress.xml"])
    done = run(edge, "detect", photos, *options)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "found" / "results.jsonl").is_file()


@pytest.mark.parametrize("verb", ["detect", "batch"])
def test_a_shipped_name_says_there_which_exported_file_to_give(edge, photos, verb, tmp_path):
    options = {"detect": [], "batch": ["-o", tmp_path / "run"]}
    done = run(edge, verb, photos, *options[verb])
    assert done.returncode == 1
    assert "-m person.xml" in done.stderr.splitlines()[-1]
    assert "fcn-detect export -m person --to openvino" in done.stderr.splitlines()[-1]
