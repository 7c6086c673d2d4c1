import json
import shutil
import sys

import numpy as np
import pytest
import torch

from fcn_detect.errors import DataError, ModelError, SettingsError
from fcn_detect.headers import read_header
from fcn_detect.locking import lock
from fcn_detect.nets import load_model
from fcn_detect.train import TrainingJob, train
from fcn_detect.train import run as run_module


def weights(path):
    return load_model(path)[1].state_dict()


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def mining_settings(quick_settings, photos_without):
    mining = quick_settings.mining.model_copy(update={"negatives": str(photos_without)})
    training = quick_settings.train.model_copy(update={"epochs": 2})
    return quick_settings.model_copy(update={"mining": mining, "train": training})


@pytest.fixture(scope="module")
def mined(tmp_path_factory, dress_crops, mining_settings):
    model = tmp_path_factory.mktemp("mined") / "m.safetensors"
    result = train(TrainingJob(dress_crops, model, mining_settings))
    return model, result


def test_a_training_leaves_model_metrics_plots_and_mined_windows(mined):
    model, result = mined
    folder = model.with_suffix(".train")
    names = {path.name for path in folder.iterdir()}
    assert {"checkpoint.pt", "metrics.json", "loss.png", "precision-recall.png"} <= names
    assert {"mistakes.png", "mined-1.npy"} <= names
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["validation_accuracy"] == result.metrics["validation_accuracy"]
    assert metrics["photos"] == {"used": 18, "held_back": 2}
    assert [record["phase"] for record in metrics["history"]] == [0, 0, 1]
    header = read_header(model)
    assert header.labels == ("dress",)
    assert header.object_box == (7.5, 16, 56.5, 112)


def test_the_same_seed_gives_the_same_weights(mined, tmp_path, dress_crops, mining_settings):
    train(TrainingJob(dress_crops, tmp_path / "m.safetensors", mining_settings))
    assert same(weights(mined[0]), weights(tmp_path / "m.safetensors"))


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_training_cut_off_and_resumed_gives_the_same_weights(
    stop_after, mined, tmp_path, dress_crops, mining_settings, monkeypatch
):
    model = tmp_path / "m.safetensors"
    epochs = []

    class Killed(BaseException):
        pass

    save = run_module.save_checkpoint

    def save_then_die(path, state):
        save(path, state)
        epochs.append(state["phase"])
        if len(epochs) == stop_after:
            raise Killed

    monkeypatch.setattr(run_module, "save_checkpoint", save_then_die)
    with pytest.raises(Killed):
        train(TrainingJob(dress_crops, model, mining_settings))
    assert not model.exists()
    monkeypatch.setattr(run_module, "save_checkpoint", save)
    result = train(TrainingJob(dress_crops, model, mining_settings, resume=True))
    assert same(weights(mined[0]), weights(model))
    assert len(result.metrics["history"]) == 3


def test_an_interruption_keeps_the_best_weights_so_far(tmp_path, dress_crops, quick_settings):
    def progress(task, _done, _total, _note=""):
        if task.startswith("epoch 2"):
            raise KeyboardInterrupt

    result = train(TrainingJob(dress_crops, tmp_path / "m.safetensors", quick_settings), progress)
    assert result.interrupted
    assert read_header(tmp_path / "m.safetensors").labels == ("dress",)
    assert result.metrics["interrupted"]


def test_an_interruption_before_anything_is_learned_leaves_no_model(
    tmp_path, dress_crops, quick_settings
):
    def progress(*_arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TrainingJob(dress_crops, tmp_path / "m.safetensors", quick_settings), progress)
    assert not (tmp_path / "m.safetensors").exists()


def test_resume_refuses_other_settings_and_damaged_checkpoints(
    mined, tmp_path, dress_crops, mining_settings
):
    model = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match="nothing to resume"):
        train(TrainingJob(dress_crops, model, mining_settings, resume=True))
    shutil.copytree(mined[0].with_suffix(".train"), model.with_suffix(".train"), dirs_exist_ok=True)
    other = mining_settings.model_copy(
        update={"train": mining_settings.train.model_copy(update={"learning_rate": 0.1})}
    )
    with pytest.raises(SettingsError, match=r"train\.learning_rate"):
        train(TrainingJob(dress_crops, model, other, resume=True))
    checkpoint = model.with_suffix(".train") / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    with pytest.raises(ModelError, match="damaged"):
        train(TrainingJob(dress_crops, model, mining_settings, resume=True))


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_a_second_training_of_a_model_is_refused(tmp_path, dress_crops, quick_settings):
    job = TrainingJob(dress_crops, tmp_path / "m.safetensors", quick_settings)
    job.folder.mkdir()
    with lock(job.folder, "the first"), pytest.raises(DataError, match="another process"):
        train(job)


def test_init_begins_with_the_weights_of_a_model_of_the_same_net(
    dress_model, tmp_path, dress_crops, quick_settings
):
    slow = quick_settings.train.model_copy(update={"epochs": 1, "learning_rate": 1e-9})
    job = TrainingJob(
        dress_crops,
        tmp_path / "m.safetensors",
        quick_settings.model_copy(update={"train": slow}),
        init=dress_model,
    )
    train(job)
    start, end = weights(dress_model), weights(tmp_path / "m.safetensors")
    assert all(
        torch.allclose(start[name], end[name], atol=1e-6)
        for name in start
        if name.endswith("weight") and "running" not in name
    )
    other = quick_settings.model.model_copy(update={"net": "dress"})
    with pytest.raises(ModelError, match="not"):
        train(
            TrainingJob(
                dress_crops,
                tmp_path / "n.safetensors",
                quick_settings.model_copy(update={"model": other}),
                init=dress_model,
            )
        )


def test_several_classes_train_with_softmax_and_a_background(tmp_path, quick_settings):
    from PIL import Image

    from fcn_detect.detect import Detector

    rng = np.random.default_rng(0)
    colours = {"red": (220, 30, 30), "blue": (30, 30, 220), "background": (90, 160, 90)}
    for label, colour in colours.items():
        (tmp_path / "crops" / label).mkdir(parents=True)
        for i in range(40):
            noise = rng.integers(-25, 26, (128, 64, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "crops" / label / f"{i}q.png")
    model = tmp_path / "m.safetensors"
    longer = quick_settings.train.model_copy(update={"epochs": 10})
    settings = quick_settings.model_copy(update={"train": longer})
    result = train(TrainingJob(tmp_path / "crops", model, settings))
    assert result.header.labels == ("blue", "red")
    assert result.header.outputs == 3
    assert result.metrics["validation_accuracy"] > 0.9
    photo = np.full((160, 300, 3), (90, 160, 90), np.uint8)
    photo[20:140, 200:260] = (220, 30, 30)
    best = Detector.load(model)(photo)
    assert best.labels[0] == "red"
    assert 190 < best.boxes[0][[0, 2]].mean() < 270


def test_negatives_alone_stand_in_for_a_background_class(tmp_path, dress_crops, mining_settings):
    only = tmp_path / "crops"
    for part in ("train", "val"):
        shutil.copytree(dress_crops / part / "dress", only / part / "dress")
    one = mining_settings.model_copy(
        update={
            "train": mining_settings.train.model_copy(update={"epochs": 1}),
            "mining": mining_settings.mining.model_copy(update={"rounds": 0, "held_back": 0.4}),
        }
    )
    result = train(TrainingJob(only, tmp_path / "m.safetensors", one))
    assert result.metrics["crops"]["background"]["train"] == 0
    assert result.metrics["photos"] == {"used": 12, "held_back": 8}
    assert result.header.false_alarms


def test_photos_that_give_no_window_are_no_background(tmp_path, dress_crops, mining_settings):
    photos, crops = tmp_path / "photos", tmp_path / "crops"
    photos.mkdir()
    (photos / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for part in ("train", "val"):
        shutil.copytree(dress_crops / part / "dress", crops / part / "dress")
    mining = mining_settings.mining.model_copy(update={"negatives": str(photos)})
    settings = mining_settings.model_copy(update={"mining": mining})
    with pytest.raises(DataError, match="no photo gave a window"):
        train(TrainingJob(crops, tmp_path / "m.safetensors", settings))


def test_mirror_images_that_the_model_cannot_search_are_refused_at_once(
    tmp_path, dress_crops, quick_settings
):
    augment = quick_settings.augment.model_copy(update={"flip": 0.0})
    detect = quick_settings.detect.model_copy(update={"mirrored": True})
    settings = quick_settings.model_copy(update={"augment": augment, "detect": detect})
    with pytest.raises(SettingsError, match="mirrored objects are no objects"):
        train(TrainingJob(dress_crops, tmp_path / "m.safetensors", settings))
    assert not (tmp_path / "m.train" / "checkpoint.pt").exists()


def test_any_seed_that_the_settings_allow_can_be_trained_with(
    tmp_path, dress_crops, quick_settings
):
    training = quick_settings.train.model_copy(update={"epochs": 1, "seed": 2**63 - 1})
    settings = quick_settings.model_copy(update={"train": training})
    train(TrainingJob(dress_crops, tmp_path / "m.safetensors", settings))
    assert read_header(tmp_path / "m.safetensors").training["train"]["seed"] == 2**63 - 1


def test_other_photos_than_were_learned_from_are_refused(tmp_path, dress_crops, mining_settings):
    photos = tmp_path / "photos"
    shutil.copytree(mining_settings.mining.negatives, photos)
    mining = mining_settings.mining.model_copy(update={"negatives": str(photos), "rounds": 0})
    settings = mining_settings.model_copy(update={"mining": mining})
    model = tmp_path / "m.safetensors"
    train(TrainingJob(dress_crops, model, settings))
    next(photos.iterdir()).unlink()
    with pytest.raises(SettingsError, match="set of photos"):
        train(TrainingJob(dress_crops, model, settings, resume=True))
