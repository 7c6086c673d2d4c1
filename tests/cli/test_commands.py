import json

import numpy as np

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


def test_verify_proves_a_model_on_rendered_scenes(run_cli, dress_model):
    code, out, _ = run_cli("verify", "-m", dress_model)
    assert code == 0
    assert "holds" in out
    code, out, _ = run_cli("verify", "-m", dress_model, "--json")
    report = json.loads(out)
    assert (code, report["holds"], report["exact"], report["flipped"]) == (0, True, True, 0)
    assert report["max_difference"] <= 1e-4
    assert report["windows"] > 5000


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
    config.write_text("[model]\nobject_box = [7.5, 16, 56.5, 112]\n[mining]\nepochs = 1\n")
    code, out, err = run_cli(
        *("train", dress_crops, "-o", model, "--config", config, "--net", "valid-small"),
        *("--epochs", 2, "--negatives", photos_without, "--seed", 3),
    )
    assert code == 0, err
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
    code, out, _ = run_cli("evaluate", run, run / "results.jsonl", truth)
    assert code == 0
    assert out.count("dress") == 2
