"""Whole runs over folders: resumed, interrupted, with bad files, by one worker or three."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import machine as batch_machine
from fcn_detect.batch import run_batch
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector, dense
from fcn_detect.errors import DataError, SettingsError
from fcn_detect.formats import format_result


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


def test_records_do_not_depend_on_the_number_of_workers_or_networks(job, detector, tmp_path):
    outputs = []
    for workers, networks in ((1, 1), (3, 2)):
        run = tmp_path / f"run{workers}"
        run_batch(replace(job, run=run, workers=workers, networks=networks), detector)
        outputs.append((run / "results.jsonl").read_bytes())
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("exact, most", [(True, 5000), (True, 2000), (False, 5000)])
def test_batch_records_of_huge_images_what_detect_finds(job, header, exact, most, monkeypatch):
    """Of 4,800 px each: read in parts, or searched in tiles, or read whole by a padded net."""
    monkeypatch.setattr("fcn_detect.detect.streaming.TILE_PIXELS", 3000)
    header = header.model_copy(update={"exact": exact})
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
    assert kinds == {"cut.png": "truncated", "bomb.png": "too_large"}


@pytest.mark.parametrize("exact, most", [(True, 8_000_000), (True, 3000), (False, 8_000_000)])
def test_batch_records_what_detect_finds(job, header, exact, most, monkeypatch):
    monkeypatch.setattr(dense, "MAX_PASS_PIXELS", most)  # 3000: levels are taken in strips
    header = header.model_copy(update={"exact": exact})
    detector = Detector(FakeBackend(header), DetectSettings(keep=0.3, min_height=30))
    for i, size in enumerate([(160, 120), (96, 64), (40, 30), (9, 9)]):
        picture = Image.open(job.folder / "cam0" / "000.png").resize(size)
        picture.save(job.folder / f"{i}.jpg")
    results = list(run_batch(job, detector)[1])
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


@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("error, kind", [(RuntimeError, "crashed"), (MemoryError, "out_of_memory")])
def test_a_network_that_fails_costs_one_image_and_not_the_run(
    job, detector, monkeypatch, tmp_path, error, kind, networks
):
    job = replace(job, networks=networks)
    run_batch(replace(job, run=tmp_path / "calm"), detector)
    maps = detector.backend.maps
    Image.new("RGB", (80, 60), (250, 0, 0)).save(job.folder / "red.png")

    def fail_on_red(images):
        if (images[0, 0, 0] == (250, 0, 0)).all():
            raise error("as told")
        return maps(images)

    with monkeypatch.context() as patch:
        patch.setattr(detector.backend, "maps", fail_on_red)
        summary, results = run_batch(job, detector)
    assert (summary.done, summary.failed) == (20, 1)
    assert [r.failure.kind for r in results if r.failure] == [kind]
    (job.folder / "red.png").unlink()
    assert run_batch(job, detector)[0].inferred == 0
    expected = (tmp_path / "calm" / "results.jsonl").read_bytes()
    assert (job.run / "results.jsonl").read_bytes() == expected


def test_only_new_and_changed_images_are_searched_again(inline, detector):
    run_batch(inline, detector)
    summary, _ = run_batch(inline, detector)
    assert (summary.resumed, summary.inferred) == (20, 0)
    shutil.copy(inline.folder / "cam0" / "000.png", inline.folder / "new.png")
    Image.new("RGB", (60, 60)).save(inline.folder / "cam0" / "000.png")
    summary, _ = run_batch(inline, detector)
    assert (summary.resumed, summary.inferred, summary.total) == (19, 2, 21)


def test_an_image_that_is_gone_has_no_record_any_more(inline, detector):
    run_batch(inline, detector)
    (inline.folder / "cam0" / "000.png").unlink()
    summary, _ = run_batch(inline, detector)
    assert summary.total == 19
    assert "cam0/000.png" not in (inline.run / "results.jsonl").read_text()


def test_the_machine_and_the_numerics_are_in_the_runs_facts(inline, detector):
    run_batch(inline, detector)
    run = json.loads((inline.run / "run.json").read_text())
    (machine,) = run["machines"]
    assert (machine["backend"], machine["threads"], machine["images"]) == ("fake", 1, 20)
    assert run["searched_with"]["pass_pixels"] == dense.MAX_PASS_PIXELS
    assert run["warnings"] == []


def test_another_number_of_threads_is_another_setting(inline, detector):
    run_batch(inline, detector)
    detector.backend.threads = 2
    with pytest.raises(SettingsError, match=r"threads 1 then, 2 now"):
        run_batch(inline, detector)


def test_the_weights_beside_a_graph_are_part_of_the_model(inline, detector, tmp_path):
    (tmp_path / "net.xml").write_bytes(b"graph")
    job, digests = replace(inline, model=tmp_path / "net.xml"), set()
    for weights in (b"1", b"2"):
        (tmp_path / "net.bin").write_bytes(weights)
        run_batch(replace(job, overwrite=True), detector)
        digests.add(json.loads((job.run / "run.json").read_text())["model"]["sha256"])
    assert len(digests) == 2


def test_another_instruction_set_is_a_mixture_that_is_named(inline, detector, monkeypatch):
    run_batch(inline, detector)
    shutil.copy(inline.folder / "cam0" / "000.png", inline.folder / "new.png")
    monkeypatch.setattr(batch_machine, "instruction_set", lambda: "abacus")
    summary, _ = run_batch(inline, detector)
    (warning,) = json.loads((inline.run / "run.json").read_text())["warnings"]
    assert warning == summary.warnings[0]
    assert "mixture" in warning
    assert "1 images by fake none on cpu, 1 thread, abacus" in warning


def test_with_check_content_a_file_that_was_only_touched_is_not_searched_again(inline, detector):
    job = replace(inline, check_content=True)
    run_batch(job, detector)
    for path in job.folder.rglob("*.png"):
        os.utime(path)
    summary, _ = run_batch(job, detector)
    assert summary.inferred == 0
    summary, _ = run_batch(replace(job, check_content=False), detector)
    assert summary.inferred == 20


def test_a_folder_without_images_is_an_error(inline, detector, tmp_path):
    (tmp_path / "none").mkdir()
    for folder, message in [("none", "no images found"), ("missing", "no such folder")]:
        with pytest.raises(DataError, match=message):
            run_batch(replace(inline, folder=tmp_path / folder), detector)


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_gives_the_bytes_of_an_undisturbed_one(tmp_path):
    script = ["scripts/bench/kills.py", "--images", "600", "--kills", "6", "--out", tmp_path]
    report = subprocess.run([sys.executable, *map(str, script)], check=True, capture_output=True)
    found = json.loads(report.stdout)
    assert found["same_bytes"] is True
    assert found["kills"] >= 3
