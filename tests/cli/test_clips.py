"""Clips and streams on the command line."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from clips import read_clip, rendered_frames, write_clip, write_matroska
from disks import small_disk
from PIL import Image

from fcn_detect.backends.torch_backend import untrained
from fcn_detect.nets import save_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that has learned nothing, a photo and a clip of the same."""
    folder = tmp_path_factory.mktemp("clips")
    header, net = untrained("valid-small", (56, 48))
    save_model(folder / "m.safetensors", header.model_copy(update={"labels": ("dress",)}), net)
    frames = rendered_frames(8, (100, 120))
    write_clip(folder / "walk.mkv", frames, rate=10)
    Image.fromarray(frames[3]).save(folder / "photo.png")
    return folder


def detect(run_cli, folder, *words):
    return run_cli("detect", "-m", folder / "m.safetensors", "--backend", "torch", *words)


def test_photos_and_clips_give_records_pictures_and_a_clip(run_cli, folder, tmp_path):
    out = tmp_path / "out"
    words = (folder / "photo.png", folder / "walk.mkv", "-o", out, "--threshold", "0")
    code, table, _ = detect(run_cli, folder, *words, "--crops")
    assert code == 0
    assert "of 8 frames" in " ".join(table.split())
    records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    photo, *frames = records
    clip = (folder / "walk.mkv").as_posix()
    assert [one["image"] for one in frames] == [f"{clip}/frame-{i:09d}" for i in range(8)]
    assert [one["video"] for one in frames] == [
        {"frame": i, "time_s": pytest.approx(i / 10)} for i in range(8)
    ]
    assert "video" not in photo
    assert frames[3]["detections"] == photo["detections"]
    (annotated,) = out.rglob("*.mp4")
    assert annotated.name == "walk.mkv.boxes.mp4"
    pictures = read_clip(annotated)
    assert (len(pictures), pictures[0].shape) == (8, (100, 120, 3))
    assert cv2.VideoCapture(str(annotated)).get(cv2.CAP_PROP_FPS) == 10
    with Image.open(next(out.rglob("photo.png"))) as drawn:
        difference = np.abs(pictures[3].astype(int) - np.asarray(drawn)).mean()
        assert (
            difference < np.abs(pictures[3].astype(int) - rendered_frames(8, (100, 120))[3]).mean()
        )
    assert len(list(out.rglob("frame-000000003*.crops"))) == 1


def test_a_full_disk_costs_the_clip_with_boxes_and_no_record(folder, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (12, 100, 120, 3), np.uint8)
    write_clip(tmp_path / "noise.mkv", noise)
    words = ["detect", tmp_path / "noise.mkv", "-m", folder / "m.safetensors", "-q"]
    words += ["--backend", "torch", "--min-height", "96", "-o"]
    with small_disk(tmp_path / "disk", 64) as disk:
        ended = subprocess.run(
            [sys.executable, "-m", "fcn_detect", *words, disk / "out"],
            capture_output=True,
            text=True,
            check=False,
        )
        records = (disk / "out" / "results.jsonl").read_text().splitlines()
        left = [path for path in disk.rglob("*.mp4") if path.is_file()]
    assert ended.returncode == 1
    ours = [line for line in ended.stderr.splitlines() if "[mov," not in line]
    assert len(ours) == 1
    assert ours[0].startswith(f"error: {disk}")
    assert "the clip cannot be written; free some space" in ours[0]
    assert (len(records), left) == (12, [])


def test_a_stride_is_an_option_and_a_setting(run_cli, folder, tmp_path):
    (tmp_path / "s.toml").write_text("[detect]\nframe_stride = 5\n")
    for words in (["--frame-stride", "5"], ["--config", tmp_path / "s.toml"]):
        code, out, _ = detect(run_cli, folder, folder / "walk.mkv", "--json", *words)
        assert code == 0
        assert [json.loads(line)["video"]["frame"] for line in out.splitlines()] == [0, 5]


def test_a_clip_that_ends_early_gives_records_one_failure_and_exit_code_3(
    run_cli, folder, tmp_path
):
    path = write_matroska(tmp_path / "cut.mkv", rendered_frames(6, (100, 120)), range(0, 600, 100))
    path.write_bytes(path.read_bytes()[:-80])
    code, table, err = detect(run_cli, folder, path, "-o", tmp_path / "out")
    assert code == 3
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    failure, *frames = map(json.loads, lines)
    assert (failure["image"], failure["failure"]["kind"]) == (path.as_posix(), "truncated")
    assert [one["failure"] for one in frames] == [None] * 5
    assert "1 of 6 images failed" in err
    assert "truncated" in table


def test_clips_in_folders_are_left_out(run_cli, folder):
    code, out, _ = detect(run_cli, folder, folder, "--json")
    assert code == 0
    assert [json.loads(line)["image"] for line in out.splitlines()] == [
        (folder / "photo.png").as_posix()
    ]


def test_a_watched_stream_ends_with_the_signal_and_everything_written(folder, tmp_path):
    stream = write_clip(tmp_path / "live.mkv", rendered_frames(72, (100, 120)))
    words = ["-m", "fcn_detect", "batch", stream, "-o", tmp_path / "run"]
    words += ["-m", folder / "m.safetensors", "--backend", "torch", "--watch"]
    process = subprocess.Popen(
        [sys.executable, *map(str, words)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    journal = tmp_path / "run" / "journal"
    end = time.monotonic() + 600
    while not any(b"frame-" in part.read_bytes() for part in journal.glob("*")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 143
    assert "were dropped" in out
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    assert run["stream"]["searched"] == len(lines) >= 1


def test_a_report_goes_with_folders(run_cli, folder, tmp_path):
    words = ("-o", tmp_path / "run", "-m", folder / "m.safetensors", "--watch", "--report")
    code, _, err = run_cli("batch", "rtsp://user:secret@nowhere.invalid/a", *words)
    assert code == 2
    assert "--report goes with folders" in err
