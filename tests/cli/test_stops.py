"""Ctrl-C, SIGTERM and a second process, at whole commands: a clean end, and what was done stays.

Signals go to all processes of a command, as a terminal or a service manager sends them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals"),
]

STOPS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
TORCH = ["--backend", "torch", "--threads", 1]


@contextmanager
def started(*words):
    """A command in a process group of its own; killed at the end, if need be."""
    command = [sys.executable, "-m", "fcn_detect", *map(str, words)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(process, condition):
    ended = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < ended
        time.sleep(0.02)


def stop(process, number):
    """Sends a signal to the whole group; what the command says to the end."""
    os.killpg(process.pid, number)
    err = process.stderr.read()
    process.wait()
    assert "Traceback" not in err, err
    return err


def records(run):
    journal = b"".join(part.read_bytes() for part in run.glob("journal/*.jsonl"))
    return max(0, journal.count(b"\n") - 1)


def finish(*words):
    with started(*words) as process:
        err = process.stderr.read()
    assert process.returncode == 0, err


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(3)
    for i in range(150):
        pixels = rng.integers(0, 256, (16, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((240, 320)).save(folder / f"{i:03}.png")
    return folder


@pytest.fixture(scope="module")
def calm(tmp_path_factory, photos, dress_model):
    run = tmp_path_factory.mktemp("calm") / "run"
    finish("batch", photos, "-o", run, "-m", dress_model, *TORCH)
    return (run / "results.jsonl").read_bytes()


@pytest.mark.parametrize("number, code", STOPS)
def test_a_batch_that_is_stopped_keeps_its_records_and_goes_on(
    tmp_path, photos, dress_model, calm, number, code
):
    words = ["batch", photos, "-o", tmp_path / "run", "-m", dress_model, *TORCH]
    with started(*words) as process:
        wait_until(process, lambda: records(tmp_path / "run") > 10)
        stop(process, number)
    assert process.returncode == code
    kept = records(tmp_path / "run")
    finish(*words)
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == calm
    counts = json.loads((tmp_path / "run" / "run.json").read_text())["counts"]
    assert (counts["resumed"], counts["inferred"]) == (kept, 150 - kept)


@pytest.mark.parametrize("number, code", STOPS)
def test_a_watch_that_is_stopped_with_its_workers_fails_no_image(
    tmp_path, photos, dress_model, calm, number, code
):
    words = ["batch", photos, "-o", tmp_path / "run", "-m", dress_model, *TORCH]
    with started(*words, "--watch") as process:
        wait_until(process, lambda: records(tmp_path / "run") > 10)
        refused = subprocess.run(
            [sys.executable, "-m", "fcn_detect", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 1
        assert "another process is working on it" in refused.stderr.splitlines()[-1]
        stop(process, number)
    assert process.returncode == code
    counts = json.loads((tmp_path / "run" / "run.json").read_text())["counts"]
    assert counts["failed"] == 0
    assert counts["done"] == counts["total"] == records(tmp_path / "run")
    finish(*words)
    assert (tmp_path / "run" / "results.jsonl").read_bytes() == calm


@pytest.mark.parametrize("number, code", STOPS)
def test_a_detect_that_is_stopped_keeps_the_records_of_its_pictures(
    tmp_path, photos, dress_model, number, code
):
    with started("detect", photos, "-o", tmp_path, "-m", dress_model, *TORCH) as process:
        wait_until(process, lambda: len(list(tmp_path.rglob("*.png"))) > 5)
        stop(process, number)
    assert process.returncode == code
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    named = {json.loads(line)["image"].rsplit("/")[-1] for line in lines}
    pictures = list(tmp_path.rglob("*.png"))
    assert 5 < len(lines) < 150
    assert {picture.name for picture in pictures} <= named
    for picture in pictures:
        Image.open(picture).load()


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("number, code", STOPS)
def test_a_training_that_is_stopped_goes_on_to_the_same_model(
    tmp_path, dress_crops, number, code, devices
):
    words = ["train", dress_crops, "--net", "valid-small", "--epochs", 8, "--devices", devices]
    finish(*words, "-o", tmp_path / "calm.safetensors")
    model = tmp_path / "m.safetensors"
    checkpoint = tmp_path / "m.train" / "checkpoint.pt"
    with started(*words, "-o", model) as process:
        wait_until(process, checkpoint.exists)
        stop(process, number)
    assert process.returncode == code
    assert model.exists() == (number == signal.SIGINT)
    finish(*words, "-o", model, "--resume")
    assert model.read_bytes() == (tmp_path / "calm.safetensors").read_bytes()
