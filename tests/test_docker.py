"""The Dockerfile, as far as it can be judged without an engine that builds it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def instructions(name):
    """What stands behind each instruction of a name, its lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", joined, re.MULTILINE)


def argument(name):
    return next(text.split("=", 1)[1] for text in instructions("ARG") if text.startswith(name))


def test_the_linter_has_nothing_to_say():
    """It runs by itself, from the dependency group `docker`."""
    linter = shutil.which("hadolint", path=Path(sys.executable).parent)
    if linter is None:
        pytest.skip("uv pip install --group docker")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_there_and_not_ignored():
    copied = {name for text in instructions("COPY") for name in text.split()[:-1]}
    assert {"fcn_detect", "pyproject.toml", "constraints.txt"} <= copied
    assert all((ROOT / name).exists() for name in copied)
    first, *others = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert first == "*"
    assert {name[1:] for name in others if name.startswith("!")} == copied


def test_it_builds_with_what_the_build_needs_and_extras_that_there_are():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    copied = " ".join(instructions("COPY"))
    assert all(name in copied for name in (project["readme"], *project["license-files"]))
    assert set(argument("EXTRAS").split(",")) <= project["optional-dependencies"].keys()
    least = project["requires-python"].removeprefix(">=").split(".")
    assert list(map(int, argument("PYTHON").split("."))) >= list(map(int, least))


def test_its_program_is_the_one_that_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (entry,) = instructions("ENTRYPOINT")
    assert entry == f'["{next(iter(project["scripts"]))}"]'
