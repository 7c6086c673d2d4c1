"""A camera folder with every kind of trouble: one record each, and the good ones right."""

import json
import signal
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from fcn_detect.scenes import render_scene

EXPECTED_FAILURES = {
    "bomb.png": "too_large",
    "cut.jpg": "truncated",
    "empty.jpg": "empty",
    "small.png": "too_small",
    "text.jpg": "not_an_image",
}


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """A folder of good pictures of one scene in many forms, and of bad files."""
    folder = tmp_path_factory.mktemp("camera")
    scene = render_scene(np.random.default_rng(4), (300, 400), 2, (100, 200)).image
    palette = Image.fromarray(scene).quantize(256)
    plain = palette.convert("RGB")  # few enough colours for every form to hold it exactly
    grey = plain.convert("L")
    plain.save(folder / "plain.png")
    palette.save(folder / "palette.png")
    plain.convert("RGBA").save(folder / "alpha.png")
    grey.save(folder / "grey.png")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(folder / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 8  # stored turned by a quarter to the right
    plain.transpose(Image.Transpose.ROTATE_270).save(folder / "turned.png", exif=exif)
    plain.save(folder / "plain.jpg", quality=95)
    plain.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    whole = (folder / "plain.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("<html><body>404 not found</body></html>")
    plain.crop((0, 0, 20, 10)).save(folder / "small.png")
    (folder / "bomb.png").write_bytes(bomb(30_000, 30_000))
    (folder / "Thumbs.db").write_bytes(b"not a picture")
    return folder


def bomb(width, height):
    """A small PNG of very many black pixels, one bit each."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def records(camera, dress_model, tmp_path_factory):
    """The exit code and the records of a run over the folder, by name."""
    run = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-m", "fcn_detect", "batch", camera, "-o", run, "-m", dress_model]
    done = subprocess.run([*map(str, command), "--workers", "2"], capture_output=True, text=True)
    lines = (run / "results.jsonl").read_text().splitlines()
    return done.returncode, {record["image"]: record for record in map(json.loads, lines)}


def test_the_run_ends_with_3_and_has_one_record_for_each_image(records, camera):
    code, found = records
    assert code == 3
    assert set(found) == {path.name for path in camera.iterdir()} - {"Thumbs.db"}


def test_each_bad_file_fails_with_its_kind_and_no_other_does(records):
    _, found = records
    kinds = {name: r["failure"]["kind"] for name, r in found.items() if r["failure"]}
    assert kinds == EXPECTED_FAILURES
    assert all(found[name]["failure"]["message"] for name in kinds)
    assert all(found[name]["detections"] is None for name in kinds)


@pytest.mark.parametrize(
    "form, plain",
    [
        ("palette.png", "plain.png"),
        ("alpha.png", "plain.png"),
        ("turned.png", "plain.png"),
        ("deep.png", "grey.png"),
    ],
)
def test_a_form_that_holds_the_same_pixels_gives_the_same_boxes(records, form, plain):
    _, found = records
    assert found[form]["detections"] == found[plain]["detections"]
    assert (found[form]["width"], found[form]["height"]) == (400, 300)


def test_a_cmyk_picture_gives_nearly_the_same_boxes(records):
    _, found = records
    best = [found[name]["detections"][0] for name in ("cmyk.jpg", "plain.jpg")]
    assert abs(best[0]["score"] - best[1]["score"]) < 0.1
    assert any("CMYK" in warning for warning in found["cmyk.jpg"]["warnings"])


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_watch_that_is_stopped_writes_its_files_and_ends_with_the_signals_code(
    tmp_path, number, code
):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (80, 150)).save(tmp_path / "photos" / "a.png")
    run = tmp_path / "run"
    command = [sys.executable, "-m", "fcn_detect", "batch", tmp_path / "photos", "-o", run]
    command += ["--watch", "--workers", "1", "--backend", "torch"]
    with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(run.glob("journal/*.jsonl")):
            time.sleep(0.1)
        process.send_signal(number)
        err = process.stderr.read()
    assert process.returncode == code, err
    lines = (run / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["a.png"]
    assert json.loads((run / "run.json").read_text())["counts"]["done"] == 1


def test_a_run_is_compared_with_what_is_found_here(run_cli, tmp_path):
    (tmp_path / "photos").mkdir()
    scene = render_scene(np.random.default_rng(4), (300, 400), 2, (100, 200)).image
    Image.fromarray(scene).save(tmp_path / "photos" / "a.png")
    options = ["--workers", 1, "--backend", "torch", "--min-height", 60]
    code, out, err = run_cli(
        "batch", tmp_path / "photos", "-o", tmp_path / "run", *options, "--report"
    )
    assert code == 0, err
    assert f"open {tmp_path}/run/report/index.html in a browser" in out
    code, out, err = run_cli("verify", "--against", tmp_path / "run", "--backend", "torch")
    assert code == 0, err
    assert "1 of 1 images searched again" in out
    assert "the same results: yes" in out
    code, out, err = run_cli("verify", "--against", tmp_path / "none", "--json")
    assert (code, out) == (1, "")
    assert "expected a finished run" in err


def test_poll_goes_with_watch(run_cli, tmp_path):
    code, _, err = run_cli("batch", tmp_path, "-o", tmp_path / "run", "--poll")
    assert code == 2
    assert "--poll goes with --watch" in err


def test_no_file_of_a_run_stays_behind_its_records(run_cli, dress_model, tmp_path):
    """Formats of earlier starts are written again, and files of images that are gone go."""
    folder, run = tmp_path / "camera", tmp_path / "camera" / "run"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png", "b.jpg")):
        scene = render_scene(np.random.default_rng(seed), (300, 400), 2, (100, 200))
        Image.fromarray(scene.image).save(folder / name)
    command = ("batch", folder, "-o", run, "-m", dress_model, "--report")
    formats = ("--format", "voc", "--format", "yolo", "--format", "coco")
    assert run_cli(*command, *formats)[0] == 0
    assert len(list((run / "voc").rglob("*.xml"))) == 3
    (folder / "b.jpg").unlink()
    assert run_cli(*command)[0] == 0  # and the pictures of the page are no images of the camera
    facts = json.loads((run / "run.json").read_text())
    assert facts["counts"]["total"] == 2
    assert facts["formats"] == ["coco", "voc", "yolo"]
    assert len(json.loads((run / "coco.json").read_text())["images"]) == 2
    for suffix, names in ((".xml", "voc"), (".txt", "yolo/labels")):
        assert sorted(p.name for p in (run / names).iterdir()) == [f"a{suffix}", f"b{suffix}"]
    assert run_cli("evaluate", run, run / "voc")[0] == 0
    assert run_cli(*command, "--keep", "0.9", "--overwrite")[0] == 0
    found = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    boxes = sum(len(one["detections"]) for one in found)
    assert len(json.loads((run / "coco.json").read_text())["annotations"]) == boxes
