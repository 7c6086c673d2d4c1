import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_detect.cli import train
from fcn_detect.headers import read_header
from fcn_detect.scenes import write_scenes


def test_inspect_gives_the_dress_detectors_figures(run_cli):
    code, out, _ = run_cli("inspect", "--net", "dress", "--frame", "1024x512", "--json")
    geometry = json.loads(out)["geometry"]
    assert code == 0
    assert geometry["feature_map"] == [32, 16]
    assert geometry["window_units"] == [2, 4]
    assert geometry["positions"] == [31, 13]
    assert geometry["windows"] == 403
    assert geometry["exact"] is False
    _, text, _ = run_cli("inspect", "--net", "dress", "--frame", "1024x512")
    assert "32x16 units" in text
    assert "31x13 = 403" in text


def test_inspect_shows_a_trained_model(run_cli, dress_model):
    code, out, _ = run_cli("inspect", "-m", dress_model)
    assert code == 0
    assert "valid-small" in out
    assert "dress (and background)" in out


def test_verify_proves_a_model_on_a_photo_or_on_rendered_scenes(
    run_cli, dress_model, photos_without
):
    code, out, _ = run_cli("verify", "-m", dress_model, photos_without / "scene_000.jpg")
    assert code == 0
    assert "holds" in out
    code, out, _ = run_cli("verify", "-m", dress_model, "--json")
    report = json.loads(out)
    assert (code, report["holds"], report["exact"], report["flipped"]) == (0, True, True, 0)
    assert report["max_difference"] <= 1e-4
    assert report["windows"] > 5000


def test_verify_says_what_a_finer_stride_costs_and_gains(run_cli, photos_without):
    photo = photos_without / "scene_000.jpg"
    options = ["--net", "valid-small", "--crop", "48x56", "--stride", "4"]
    code, out, _ = run_cli("verify", *options, photo)
    assert code == 0
    assert "stride 4 instead of 8:" in out
    assert "no object lies farther than 2 px from a window, instead of 4" in out
    code, out, _ = run_cli("verify", *options, photo, "--json")
    report = json.loads(out)
    assert (code, report["holds"], report["exact"]) == (0, True, True)
    assert report["windows"] == report["strides"]["windows"] > report["strides"]["own_windows"]


def test_a_stride_that_the_net_does_not_allow_is_refused_in_one_line(run_cli, photos_without):
    photo = photos_without / "scene_000.jpg"
    for command in (["verify", "--net", "valid-small", photo], ["inspect"], ["detect", photo]):
        code, _, err = run_cli(*command, "--stride", "3")
        assert code == 1
        assert "a stride of 3 is not possible" in err.splitlines()[-1]


def test_a_net_that_sees_the_whole_frame_is_refused_with_its_layer(run_cli):
    code, _, err = run_cli("verify", "--net", "torchvision:mobilenet_v3_small")
    assert code == 1
    assert "layer '1.features.1.block.1'" in err.splitlines()[-1]


def test_verify_reports_what_padding_does_and_that_the_head_is_exact(run_cli):
    code, out, _ = run_cli("verify", "--net", "dress", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["exact"] is False
    assert report["max_difference"] > 1e-4
    assert all(image["head_difference"] <= 1e-4 for image in report["images"])


def test_train_detects_and_evaluates_from_the_command_line(
    run_cli, dress_crops, tmp_path, photos_without
):
    model = tmp_path / "m.safetensors"
    config = tmp_path / "quick.toml"
    config.write_text("[mining]\nepochs = 1\n")
    code, out, err = run_cli(
        *("train", dress_crops, "-o", model, "--config", config, "--net", "valid-small"),
        *("--epochs", 2, "--negatives", photos_without, "--seed", 3),
        *("--object-box", "7.5,16,56.5,112"),
    )
    assert code == 0, err
    assert "in 2 photos held back, so at most" in out
    assert read_header(model).object_box == (7.5, 16, 56.5, 112)
    assert "validation accuracy" in out
    assert "object box" in err
    assert "by folder" in err
    truth = write_scenes(tmp_path / "scenes", np.random.default_rng(9), [(300, 400)] * 2)
    run = tmp_path / "run"
    code, out, err = run_cli(
        "batch", tmp_path / "scenes", "-o", run, "-m", model, "--format", "csv"
    )
    assert code == 0, err
    assert "2 images: 2 searched, 0 failed" in out
    code, out, _ = run_cli("evaluate", run, truth, "--json", "--plots", tmp_path / "plots")
    assert code == 0
    assert 0 <= json.loads(out)["overall"]["ap50"] <= 1
    assert len(list((tmp_path / "plots").glob("*.png"))) == 2
    code, out, _ = run_cli("evaluate", run, run / "results.jsonl", truth, "--json")
    assert code == 0
    assert [one["name"] for one in json.loads(out)["results"]] == ["run", "run (2)"]


@pytest.mark.parametrize("box", ["8,16,56", "8,16,x,112", "56,16,8,112", "-1,0,8,8"])
def test_an_object_box_that_is_none_is_wrong_usage(run_cli, box):
    code, _, err = run_cli("train", "crops", "-o", "m.safetensors", f"--object-box={box}")
    assert code == 2
    assert f"'{box}' is no" in err


def test_an_object_box_beyond_the_crops_is_said_in_one_line(run_cli, dress_crops, tmp_path):
    box = ("--object-box", "0,0,65,128")
    code, _, err = run_cli("train", dress_crops, "-o", tmp_path / "m.safetensors", *box)
    assert code == 1
    assert "does not lie in a crop of 64x128" in err.splitlines()[-1]


@pytest.mark.parametrize(
    "command, code, wanted",
    [
        (("batch", "a.png", "-o", "run"), 1, "use `fcn-detect detect`"),
        (("batch", "rtsp://camera/main", "-o", "run"), 2, "is a stream: add --watch"),
        (("train", "flat", "-o", "m.safetensors"), 1, "expected pictures of the object in flat/"),
        (("train", "a.png", "-o", "m.safetensors"), 1, "it is a file, not a folder of crops"),
        (("train", "crops", "-o", "m.safetensors", "--background", "ct"), 1, "did you mean 'cat'"),
        (("evaluate", "run"), 2, "expected RESULTS, then ANNOTATIONS"),
        (("evaluate", "truth.json", "flat"), 1, "annotations, which come last"),
        (("report", "flat"), 1, "`fcn-detect batch FOLDER -o RUN` makes them"),
        (("harvest", "flat", "none.json", "-o", "h"), 1, "expected a finished run"),
        (("detect", "a.png", "-m", "flat"), 1, "flat: it is a folder; expected a model file"),
        (("detect", "a.png", "-m", "text.safetensors"), 1, "does not begin as such a file does"),
    ],
)
def test_what_a_newcomer_mistakes_is_said_with_what_to_do(
    run_cli, tmp_path, monkeypatch, command, code, wanted
):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "flat/a.png", "crops/cat/a.png", "crops/dog/a.png"):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Image.new("RGB", (64, 128)).save(name)
    Path("text.safetensors").write_text("hello world, this is a text\n")
    Path("truth.json").write_text('{"images": [], "annotations": [], "categories": []}')
    found, _, err = run_cli(*command)
    assert found == code
    assert wanted in " ".join(err.split())


def test_a_model_that_might_as_well_guess_is_told():
    crops = {"cat": {"train": 9, "validation": 3}, "background": {"train": 9, "validation": 7}}
    hint = train._no_better_than_guessing
    assert hint({"crops": crops, "validation_accuracy": 0.71}) is None
    assert "every crop background" in hint({"crops": crops, "validation_accuracy": 0.7})
