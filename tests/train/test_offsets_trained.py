"""A training with windows inside the crops, from its settings to boxes."""

import json

import numpy as np
import pytest
import torch

from fcn_detect.backends import open_backend
from fcn_detect.config import read_settings
from fcn_detect.detect import Detector, classify_windows, level_pixels, score_level
from fcn_detect.errors import SettingsError
from fcn_detect.geometry import plan_pyramid
from fcn_detect.headers import read_header
from fcn_detect.images import find_images, read_image
from fcn_detect.nets import load_model
from fcn_detect.train import TrainingJob, train
from fcn_detect.train import run as run_module

SETTINGS = {
    "model": {
        "net": "valid-small",
        "crop": "64x128",
        "window": "56x112",
        "object_box": [7.5, 16, 56.5, 112],
    },
    "augment": {"parts": 0.2, "occlusion": 0.1, "frame_edge": 0.2, "coarse": 0.2},
    "train": {"epochs": 2, "batch_size": 32},
    "mining": {"epochs": 1, "rounds": 2, "windows_per_photo": 2, "per_photo": 5},
    "detect": {"box_voting": 0.5},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, dress_crops, photos_without):
    model = tmp_path_factory.mktemp("offsets") / "m.safetensors"
    photos = {"negatives": str(photos_without), "validation": str(photos_without)}
    halved = {**photos, "validation_share": 0.5}
    settings = read_settings(None, {**SETTINGS, "mining": {**SETTINGS["mining"], **halved}})
    return model, train(TrainingJob(dress_crops, model, settings))


def test_the_header_tells_window_object_box_and_offsets(trained):
    header = read_header(trained[0])
    assert header.crop_hw == (112, 56)
    assert header.object_box == (3.5, 8, 52.5, 104)
    assert header.offsets == ("x", "y", "scale")
    assert header.channels == 4


def test_offsets_of_the_converted_net_are_those_of_the_classifier(trained, photos_without):
    backend = open_backend(trained[0], "torch")
    pixels = read_image(next(iter(find_images([photos_without])))).pixels
    detector = Detector(backend)
    level = plan_pyramid(pixels.shape[:2], detector.plan)[0]
    dense = score_level(backend, pixels, level)
    oracle = classify_windows(
        backend.classify, level_pixels(pixels, level), dense.grid, outputs=backend.header.outputs
    )
    assert dense.offsets.shape[0] == 3
    assert np.abs(oracle.offsets).max() > 1e-3
    assert np.allclose(dense.offsets, oracle.offsets, atol=1e-5)
    assert np.allclose(dense.logits, oracle.logits, atol=1e-5)


def test_validation_photos_are_counted_on_and_not_learned_from(trained):
    metrics = trained[1].metrics
    assert metrics["photos"] == {"used": 20, "held_back": 10}
    assert trained[1].header.false_alarms


def test_false_alarms_are_counted_after_each_phase(trained):
    metrics = json.loads((trained[0].with_suffix(".train") / "metrics.json").read_text())
    rounds = len(metrics["mining"])
    assert 1 <= rounds <= 2
    assert len(metrics["false_alarms_by_phase"]) >= rounds
    assert metrics["calibration_error"] >= 0


def test_mined_windows_keep_what_lies_around_them(trained):
    mined = np.load(trained[0].with_suffix(".train") / "mined-1.npy")
    assert mined.shape[1:] == (128, 64, 3)


def test_an_offset_weight_of_0_learns_no_offsets(tmp_path, dress_crops):
    none = {**SETTINGS["train"], "offset_weight": 0.0, "epochs": 1}
    settings = read_settings(None, {**SETTINGS, "train": none})
    model = tmp_path / "m.safetensors"
    train(TrainingJob(dress_crops, model, settings))
    assert read_header(model).offsets == ()
    assert read_header(model).channels == 1


def test_a_window_larger_than_the_crop_is_a_wrong_setting():
    with pytest.raises(SettingsError, match="larger than the crop"):
        read_settings(None, {"model": {"crop": "64x128", "window": "65x128"}})


@pytest.mark.parametrize("stop_after", [3])
def test_mining_cut_off_and_resumed_gives_the_same_weights_and_counts(
    stop_after, trained, tmp_path, dress_crops, monkeypatch
):
    model, result = trained
    settings = read_settings(None, _as_trained(model))
    save, saved = run_module.save_checkpoint, []

    class Killed(BaseException):
        pass

    def save_then_die(path, state):
        save(path, state)
        saved.append(state["phase"])
        if len(saved) == stop_after:
            raise Killed

    monkeypatch.setattr(run_module, "save_checkpoint", save_then_die)
    job = TrainingJob(dress_crops, tmp_path / "m.safetensors", settings)
    with pytest.raises(Killed):
        train(job)
    monkeypatch.setattr(run_module, "save_checkpoint", save)
    again = train(TrainingJob(dress_crops, tmp_path / "m.safetensors", settings, resume=True))
    assert again.metrics["false_alarms_by_phase"] == result.metrics["false_alarms_by_phase"]
    assert again.metrics["mining"] == result.metrics["mining"]
    first, second = (load_model(path)[1].state_dict() for path in (model, job.model))
    assert all(torch.equal(first[name], second[name]) for name in first)


def _as_trained(model):
    """The settings that a model was trained with."""
    header = read_header(model)
    return {**header.training, "detect": header.detect}
