"""Runs of shards, put together, are the run of the whole folder."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import Shard, merge_runs, run_batch
from fcn_detect.batch import machine as batch_machine
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.errors import DataError, SettingsError

TOLD_APART = {"merged", "seconds", "finished"}


@pytest.fixture
def run_shard(inline, detector, tmp_path):
    """Searches one shard of the folder, and gives its run."""

    def search(index, count, **changes):
        run = tmp_path / f"shard-{index}"
        one = replace(inline, run=run, shard=Shard(index, count), **changes)
        run_batch(one, detector)
        return run

    return search


def facts(run):
    return json.loads((run / "run.json").read_text())


def test_merged_shards_are_the_whole_run_byte_for_byte(inline, detector, run_shard, tmp_path):
    (inline.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    formats = ["coco", "csv"]
    run_batch(replace(inline, formats=formats), detector)
    shards = [run_shard(i, 3, formats=formats) for i in (3, 1, 2)]
    out = tmp_path / "merged"
    summary, _ = merge_runs(shards, out)
    for name in ("results.jsonl", "coco.json", "detections.csv"):
        assert (out / name).read_bytes() == (inline.run / name).read_bytes()
    merged, whole = facts(out), facts(inline.run)
    assert {key: merged[key] for key in merged.keys() - TOLD_APART} == {
        key: whole[key] for key in whole.keys() - TOLD_APART
    }
    assert [part["shard"] for part in merged["merged"]] == ["3/3", "1/3", "2/3"]
    assert (summary.total, summary.failed) == (21, 1)


def test_merged_formats_show_what_the_allowed_false_alarms_let_through(inline, header, tmp_path):
    """Another score in the large image than in the others, with boxes between the two."""
    noise = np.random.default_rng(0).integers(0, 250, (200, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(inline.folder / "large.png")
    counted = header.model_copy(update={"false_alarms": ((40.0, 0.999), (500.0, 0.1))})
    detector = Detector(FakeBackend(counted), DetectSettings(false_alarms=0.5))
    assert [detector.threshold(size_hw) for size_hw in ((60, 80), (200, 300))] == [0.1, 0.999]
    runs = [tmp_path / f"shard-{i}" for i in (1, 2)]
    formats = ["csv", "yolo"]
    run_batch(replace(inline, formats=formats), detector)
    for i, run in enumerate(runs, 1):
        run_batch(replace(inline, run=run, shard=Shard(i, 2), formats=formats), detector)
    out = tmp_path / "merged"
    merge_runs(runs, out)
    written = [
        {path.relative_to(run): path.read_bytes() for path in (run / "yolo").rglob("*.txt")}
        for run in (out, inline.run)
    ]
    assert written[0] == written[1]
    assert len(written[0]) > 20


def test_a_merged_run_goes_on_like_any_other(inline, detector, run_shard, tmp_path):
    out = tmp_path / "merged"
    merge_runs([run_shard(i, 2) for i in (1, 2)], out)
    before = (out / "results.jsonl").read_bytes()
    summary, _ = run_batch(replace(inline, run=out), detector)
    assert (summary.resumed, summary.inferred) == (20, 0)
    assert (out / "results.jsonl").read_bytes() == before


def test_a_shard_without_images_is_no_error(run_shard):
    runs = [run_shard(i, 60) for i in (1, 2, 3)]
    assert any(facts(run)["counts"]["total"] == 0 for run in runs)


def test_missing_and_repeated_shards_are_named(run_shard, tmp_path):
    shards = [run_shard(i, 4) for i in (1, 2)]
    with pytest.raises(DataError, match="shard 3, 4 is missing"):
        merge_runs(shards, tmp_path / "out")
    with pytest.raises(DataError, match="shard 2 is there twice"):
        merge_runs([*shards, shards[1]], tmp_path / "out")


def test_shards_of_different_partings_are_refused(run_shard, tmp_path):
    with pytest.raises(DataError, match="shards of 2 and of 3"):
        merge_runs([run_shard(1, 2), run_shard(2, 3)], tmp_path / "out")


def test_different_settings_and_models_are_refused_and_both_digests_named(
    inline, detector, tmp_path
):
    other = Detector(detector.backend, DetectSettings(keep=0.4))
    runs = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    run_batch(replace(inline, run=runs[0]), detector)
    run_batch(replace(inline, run=runs[1]), other)
    inline.model.write_bytes(b"other weights")
    run_batch(replace(inline, run=runs[2]), detector)
    for i, key in ((1, "settings"), (2, "model")):
        digests = [facts(run)[key]["sha256"][:12] for run in (runs[0], runs[i])]
        with pytest.raises(SettingsError, match=" and ".join(digests)):
            merge_runs([runs[0], runs[i]], tmp_path / "out")


def test_a_mixture_of_machines_is_merged_and_named(detector, run_shard, tmp_path, monkeypatch):
    first = run_shard(1, 2)
    detector.backend.threads = 3
    monkeypatch.setattr(batch_machine, "instruction_set", lambda: "abacus")
    summary, _ = merge_runs([first, run_shard(2, 2)], tmp_path / "out")
    (warning,) = facts(tmp_path / "out")["warnings"]
    assert (warning,) == summary.warnings
    assert "3 threads, abacus" in warning
    assert len(facts(tmp_path / "out")["machines"]) == 2


def test_images_with_different_records_are_an_error_with_their_number(inline, detector, tmp_path):
    runs = [tmp_path / "a", tmp_path / "b"]
    run_batch(replace(inline, run=runs[0]), detector)
    for i in range(2):
        Image.new("RGB", (50 + i, 60)).save(inline.folder / "cam0" / f"{3 * i:03d}.png")
    run_batch(replace(inline, run=runs[1]), detector)
    with pytest.raises(DataError, match=r"2 images have different .* 'cam0/000.png' in .*a and"):
        merge_runs(runs, tmp_path / "out")
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_a_run_whose_model_is_told_wrongly_is_refused_before_anything_is_written(
    run_shard, tmp_path
):
    run = run_shard(1, 1)
    told = facts(run)
    told["model"]["header"]["crop_hw"] = "small"
    (run / "run.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"run\.json: it is damaged"):
        merge_runs([run], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_records_twice_count_once(inline, detector, tmp_path):
    runs = [tmp_path / "a", tmp_path / "b"]
    for run in runs:
        run_batch(replace(inline, run=run), detector)
    summary, _ = merge_runs(runs, tmp_path / "out")
    assert summary.total == 20


def test_an_unfinished_run_and_a_full_folder_are_refused(run_shard, tmp_path):
    whole = run_shard(1, 1)
    with pytest.raises(DataError, match="expected a finished run"):
        merge_runs([whole, tmp_path / "none"], tmp_path / "out")
    with pytest.raises(SettingsError, match="one of the runs to merge"):
        merge_runs([whole], whole)
    merge_runs([whole], tmp_path / "out")
    with pytest.raises(SettingsError, match="--overwrite"):
        merge_runs([whole], tmp_path / "out")
    merge_runs([whole], tmp_path / "out", overwrite=True)
