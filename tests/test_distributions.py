"""What is handed on: a wheel that runs anywhere, a source archive with nothing else in it."""

import json
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from fcn_detect.scenes import render_scene

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {"onnx", "openvino", "ray", "remote", "large", "heic", "supervision", "docs", "dev"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel and the source archive of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_the_wheel_finds_people_outside_the_repository(built, tmp_path):
    """It is installed without what it needs; that is seen in the environment of the tests."""
    (wheel,) = built.glob("*.whl")
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    run = [home / "bin" / "python", "-m", "pip", "install", "--no-deps", "--no-index", wheel]
    subprocess.run(run, check=True, capture_output=True)
    (packages,) = home.glob("lib/*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    folder = tmp_path / "empty"
    folder.mkdir()
    scene = render_scene(np.random.default_rng(1), (240, 320), 1, (100, 200)).image
    Image.fromarray(scene).save(folder / "photo.jpg")

    def call(*arguments):
        command = [home / "bin" / "fcn-detect", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "detect" in call("--help")
    assert PROJECT["version"] in call("--version")
    call("detect", "photo.jpg")
    record = json.loads((folder / "detections" / "results.jsonl").read_text())
    assert (record["image"], record["failure"]) == ("photo.jpg", None)
    code = "import fcn_detect; print(fcn_detect.__file__)"
    where = [home / "bin" / "python", "-c", code]
    found = subprocess.run(where, cwd=folder, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(home)


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_models_and_its_licences(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"fcn_detect", metadata.split("/")[0]}
    package = {"__init__.py", "py.typed", "models/person.safetensors", "cli/main.py"}
    assert {f"fcn_detect/{name}" for name in package} <= names
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert not any("__pycache__" in name for name in names)
    offered = {line.split()[1] for line in text.splitlines() if line.startswith("Provides-Extra")}
    assert offered == EXTRAS


@pytest.mark.slow
def test_the_source_archive_holds_no_file_that_git_ignores(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    made = {"PKG-INFO"}
    own = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(own, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        assert names - made <= set(listed.stdout.splitlines())
    assert {name for name in names if name.startswith("data/")} == {"data/README.md"}
    assert not any(name.startswith(("runs/", "build/", ".venv", "demo-output")) for name in names)
    needed = {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "CITATION.cff", "Makefile"}
    needed |= {"docs/conf.py", "tests/conftest.py", "configs/person.toml", "requirements-edge.txt"}
    assert needed <= names


def test_the_extras_are_those_that_pages_and_errors_name():
    assert set(PROJECT["optional-dependencies"]) == EXTRAS
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    sources = (ROOT / "fcn_detect").rglob("*.py")
    for path in [*pages, *sources]:
        for named in path.read_text("utf-8").split("fcn-detect[")[1:]:
            extras = named.partition("]")[0]
            assert "{" in extras or set(extras.split(",")) <= EXTRAS, path


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "type"} <= set(citation)
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
