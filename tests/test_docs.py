"""The documentation's pages: every command, snippet and file in them works as it is written."""

import json
import os
import re
import shlex
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from clips import rendered_frames, write_clip

from fcn_detect.cli.main import COMMANDS, cli
from fcn_detect.config import read_settings
from fcn_detect.scenes import write_scenes

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NOT_RUN = {"howto/container"}  # it takes an engine that builds images
HOWTOS = {f"howto/{path.stem}" for path in (DOCS / "howto").glob("*.md")}
PAGES = ["tutorial", *sorted(HOWTOS - NOT_RUN)]
BLOCK = re.compile(r"^(<!-- test: (.+?) -->\n)?```(bash|python|toml)\n(.*?)^```", re.M | re.S)

# A page's trainings take seconds: these settings go over those that it shows.
QUICK = {
    "train": {"epochs": 1, "batch_size": 32},
    "mining": {"epochs": 1, "rounds": 1, "windows_per_photo": 2, "per_photo": 5},
}
WATCH_S = 60.0


def blocks(page):
    """Name, language and text of the code blocks of a page that are not mere pictures of text."""
    text = (DOCS / f"{page}.md").read_text("utf-8")
    return [(name, language, body) for _, name, language, body in BLOCK.findall(text)]


@pytest.fixture
def quick(monkeypatch):
    """Trainings of this test are short, whatever their settings."""
    from fcn_detect import config

    whole = config.read_settings

    def shortened(path, changes=None, below=None):
        changes = {table: dict(values) for table, values in (changes or {}).items()}
        for table, values in QUICK.items():
            changes[table] = {**changes.get(table, {}), **values}
        if path is None and changes.get("model", {}).get("net") is None:
            changes["model"] = {**changes.get("model", {}), "net": "valid-small"}
        return whole(path, changes, below)

    monkeypatch.setattr(config, "read_settings", shortened)


@pytest.fixture
def folder(tmp_path, monkeypatch, dress_crops, photos_without, dress_model):
    """A working folder that holds what the pages' commands name."""
    monkeypatch.chdir(tmp_path)
    for label in ("dress", "background"):
        target = Path("crops") / label
        target.mkdir(parents=True)
        for i, path in enumerate(sorted((dress_crops / "train" / label).iterdir())[:40]):
            (target / f"IMG{i // 2:04d}_{'ab'[i % 2]}.png").symlink_to(path)
    Path("photos-without").mkdir()
    for path in sorted(photos_without.glob("*.jpg"))[:6]:
        (Path("photos-without") / path.name).symlink_to(path)
    truth = write_scenes(
        Path("camera"), np.random.default_rng(5), [(240, 320)] * 3, (1, 2), (60, 200)
    )
    truth.rename("annotations.json")
    Path("CAMERA").symlink_to("camera")
    for name in ("photo.jpg", "mosaic.tif"):
        Path(name).symlink_to("camera/scene_000.jpg")
    write_clip(Path("clip.mp4"), rendered_frames(12), codec="mp4v")
    Path("dress.safetensors").write_bytes(dress_model.read_bytes())
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_is_run(page):
    assert [language for name, language, _ in blocks(page) if not name] == []
    assert [name for name, _, _ in blocks(page)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_has_the_options_that_it_gives(page):
    for _, language, text in blocks(page):
        for program, *arguments in commands(text) if language == "bash" else []:
            if program == "fcn-detect":
                assert arguments[0] in COMMANDS
                command = cli.get_command(None, arguments[0])
                command.make_context(arguments[0], arguments[1:])


@pytest.mark.slow
@pytest.mark.usefixtures("folder", "quick")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_from_its_first_block_to_its_last(page, run_cli):
    names = {"__name__": "__main__"}
    if page == "howto/thresholds":
        settings = '[model]\nnet = "valid-small"\n[mining]\nvalidation = "photos-without"\n'
        Path("own.toml").write_text(settings)
        run(shlex.split("fcn-detect train crops -o dress.safetensors --config own.toml"), run_cli)
        run(shlex.split("fcn-detect batch CAMERA -o run -m dress.safetensors"), run_cli)
    for name, language, text in blocks(page):
        if language == "toml":
            path = Path(name.removeprefix("file "))
            path.write_text(text)
            read_settings(path)
        elif language == "python":
            if name == "supervision":
                pytest.importorskip("supervision")
            exec(compile(text, f"{page}.md: {name}", "exec"), names)
        else:
            if name == "harvest":
                write_corrections()
            for command in commands(text):
                run(command, run_cli)


def write_corrections():
    """What a person would save who drew every true box of the run's images."""
    truth = json.loads(Path("annotations.json").read_text())
    images = {image["id"]: image["file_name"] for image in truth["images"]}
    missed = {name: [] for name in images.values()}
    for one in truth["annotations"]:
        x, y, width, height = one["bbox"]
        box = {"label": "dress", "box": [x, y, x + width, y + height]}
        missed[images[one["image_id"]]].append(box)
    marked = [{"image": name, "checked": True, "missed": boxes} for name, boxes in missed.items()]
    head = {"format": "fcn_detect corrections", "version": 1, "run": "run"}
    Path("corrections.json").write_text(json.dumps({**head, "images": marked}))


def commands(text):
    """The commands of a shell's lines, each as a list of words."""
    return [shlex.split(line, comments=True) for line in text.replace("\\\n", "").splitlines()]


def run(command, run_cli):
    """A command of ours is run; one of pip's names files that there are."""
    program, *arguments = command
    if program == "pip":
        named = [a for a in arguments if a.startswith("requirements")]
        assert all((ROOT / name).exists() for name in named)
        return
    assert program == "fcn-detect", command
    if "--watch" in arguments:
        code, _, err = watched(arguments, run_cli)
        assert code == 143, err
        return
    code, _, err = run_cli(*arguments)
    assert code == 0, f"{shlex.join(command)}\n{err}"


def watched(arguments, run_cli):
    """Runs a command that watches a folder, and terminates it once it has searched it."""

    def stop():
        end = time.monotonic() + WATCH_S
        while time.monotonic() < end and not Path("run/results.jsonl").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    Path("run/results.jsonl").unlink(missing_ok=True)
    thread = threading.Thread(target=stop)
    thread.start()
    try:
        return run_cli(*arguments)
    finally:
        thread.join()
