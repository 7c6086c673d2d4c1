"""Whole runs over folders: resumed, interrupted, with bad files, by one worker or three."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import BatchJob, run_batch
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, dense
from fcn_detect.formats import format_result
from fcn_detect.results import ModelHeader

HEADER = ModelHeader(
    net="fake",
    crop_hw=(16, 8),
    labels=("light",),
    object_box=(1.0, 2.0, 7.0, 14.0),
    stride_hw=(4, 4),
    exact=True,
)


@pytest.fixture
def detector():
    return Detector(FakeBackend(HEADER), DetectSettings(keep=0.3))


@pytest.fixture
def job(tmp_path):
    rng = np.random.default_rng(1)
    for i in range(20):
        folder = tmp_path / "images" / f"cam{i % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 120, (60, 80, 3), dtype=np.uint8)
        pixels[20:32, 30 + i : 36 + i] = 250
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")
    (tmp_path / "model").write_bytes(b"weights")
    return BatchJob(tmp_path / "images", tmp_path / "run", tmp_path / "model", workers=2)


def test_each_image_has_one_record_sorted_by_path(job, detector):
    (job.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    summary, results = run_batch(replace(job, formats=["coco", "csv"]), detector)
    lines = (job.run / "results.jsonl").read_text().splitlines()
    names = [json.loads(line)["image"] for line in lines]
    assert names == sorted(names, key=str.encode)
    assert len(set(names)) == len(results) == 21
    assert (summary.total, summary.done, summary.failed) == (21, 20, 1)
    run = json.loads((job.run / "run.json").read_text())
    assert run["counts"] == {"total": 21, "done": 20, "failed": 1, "resumed": 0, "inferred": 21}
    assert (job.run / "coco.json").exists()
    assert (job.run / "detections.csv").exists()


def test_records_do_not_depend_on_the_number_of_workers(job, detector, tmp_path):
    outputs = []
    for workers in (1, 3):
        run = tmp_path / f"run{workers}"
        run_batch(replace(job, run=run, workers=workers), detector)
        outputs.append((run / "results.jsonl").read_bytes())
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("exact, most", [(True, 5000), (True, 2000), (False, 5000)])
def test_batch_records_of_huge_images_what_detect_finds(job, exact, most, monkeypatch):
    """Of 4,800 px each: read in parts, or searched in tiles, or read whole by a padded net."""
    monkeypatch.setattr("fcn_detect.detect.streaming.TILE_PIXELS", 3000)
    header = HEADER.model_copy(update={"exact": exact})
    settings = DetectSettings(keep=0.3, min_height=6, stream_pixels=most, max_pixels=100_000)
    detector = Detector(FakeBackend(header), settings)
    Image.new("1", (1000, 200)).save(job.folder / "bomb.png")
    cut = (job.folder / "cam0" / "000.png").read_bytes()
    (job.folder / "cut.png").write_bytes(cut[: len(cut) // 2])
    _, results = run_batch(job, detector)
    for found in results:
        expected, _ = detector.result(job.folder / found.image, found.image)
        assert format_result(found) == format_result(expected)
    tiled = ["tiles" in " ".join(found.warnings) for found in results]
    assert sum(tiled) == (20 if exact else 0)
    kinds = {found.image: found.failure.kind for found in results if found.failure}
    assert kinds == {"cut.png": "truncated", **({"bomb.png": "too_large"} if exact else {})}


@pytest.mark.parametrize("exact, most", [(True, 8_000_000), (True, 3000), (False, 8_000_000)])
def test_batch_records_what_detect_finds(job, exact, most, monkeypatch):
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", most)  # 3000: levels are taken in strips
    header = HEADER.model_copy(update={"exact": exact})
    detector = Detector(FakeBackend(header), DetectSettings(keep=0.3, min_height=30))
    for i, size in enumerate([(160, 120), (96, 64), (40, 30), (9, 9)]):
        picture = Image.open(job.folder / "cam0" / "000.png").resize(size)
        picture.save(job.folder / f"{i}.jpg")
    _, results = run_batch(job, detector)
    assert detector.halvings == 1
    expected = [detector.result(job.folder / r.image, r.image)[0] for r in results]
    assert [*map(format_result, results)] == [*map(format_result, expected)]
    assert {r.failure.kind for r in results if r.failure} == {"too_small"}


def test_a_run_cut_off_goes_on_and_gives_the_same_bytes(job, detector, tmp_path):
    run_batch(job, detector)
    expected = (job.run / "results.jsonl").read_bytes()

    class CutOffError(Exception):
        pass

    again = replace(job, run=tmp_path / "again")

    def cut_off(_task, done, _total, _note=""):
        if done % 7 == 0:
            raise CutOffError

    for _ in range(2):
        with pytest.raises(CutOffError):
            run_batch(again, detector, cut_off)
    summary, _ = run_batch(again, detector)
    assert summary.resumed == 14
    assert summary.inferred == 6
    assert (again.run / "results.jsonl").read_bytes() == expected


def test_only_new_and_changed_images_are_searched_again(job, detector):
    run_batch(job, detector)
    summary, _ = run_batch(job, detector)
    assert (summary.resumed, summary.inferred) == (20, 0)
    shutil.copy(job.folder / "cam0" / "000.png", job.folder / "new.png")
    Image.new("RGB", (60, 60)).save(job.folder / "cam0" / "000.png")
    summary, _ = run_batch(job, detector)
    assert (summary.resumed, summary.inferred, summary.total) == (19, 2, 21)


def test_an_image_that_is_gone_has_no_record_any_more(job, detector):
    run_batch(job, detector)
    (job.folder / "cam0" / "000.png").unlink()
    summary, _ = run_batch(job, detector)
    assert summary.total == 19
    assert "cam0/000.png" not in (job.run / "results.jsonl").read_text()


def test_a_network_that_fails_costs_one_image_and_not_the_run(job, detector, monkeypatch):
    maps = detector.backend.maps
    calls = iter(range(10_000))

    def fail_once(images):
        if next(calls) == 0:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return maps(images)

    monkeypatch.setattr(detector.backend, "maps", fail_once)
    summary, results = run_batch(job, detector)
    assert summary.failed == 1
    assert [r.failure.kind for r in results if r.failure] == ["out_of_memory"]


@pytest.mark.slow
def test_a_thousand_images_killed_five_times_give_the_bytes_of_an_undisturbed_run(
    tmp_path, dress_model
):
    rng = np.random.default_rng(2)
    folder = tmp_path / "images"
    for i in range(1000):
        (folder / f"cam{i % 7}").mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8))
        small.resize((100, 130)).save(folder / f"cam{i % 7}" / f"{i:04d}.jpg")

    def start(run):
        command = [sys.executable, "-m", "fcn_detect", "batch", folder, "-o", tmp_path / run]
        return subprocess.Popen(
            [*map(str, command), "-m", str(dress_model)], stderr=subprocess.DEVNULL
        )

    assert start("calm").wait() == 0
    journal = tmp_path / "killed" / "journal.jsonl"
    for round_ in range(5):
        process = start("killed")
        wanted = 150 * (round_ + 1)
        while process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") > wanted:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.02)
        assert process.returncode == -signal.SIGKILL
    assert start("killed").wait() == 0
    records = (tmp_path / "killed" / "results.jsonl").read_bytes()
    assert records.count(b"\n") == 1000
    assert records == (tmp_path / "calm" / "results.jsonl").read_bytes()
