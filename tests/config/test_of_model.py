from pathlib import Path

import pytest

from fcn_detect.backends.shipped import shipped_models
from fcn_detect.config import TUNING_RATE, model_settings, read_settings, tuning_tables
from fcn_detect.errors import SettingsError
from fcn_detect.headers import read_header
from fcn_detect.results import ModelHeader

IMPORTED = ModelHeader(
    net="torchvision:resnet18",
    crop_hw=(128, 64),
    labels=("person",),
    object_box=(4.0, 8.0, 60.0, 120.0),
    stride_hw=(32, 32),
    exact=False,
    training={"imported": True},
)


def test_going_on_takes_the_models_settings_but_neither_its_photos_nor_its_learning_rate():
    header = read_header(shipped_models()["person-small"])
    config = Path(__file__).parents[2] / "configs" / "person-small.toml"
    settings, trained = read_settings(None, below=tuning_tables(header)), read_settings(config)
    assert settings.model == trained.model
    assert settings.augment == trained.augment
    assert settings.detect == trained.detect
    assert settings.train == trained.train.model_copy(update={"learning_rate": TUNING_RATE})
    photos = {"negatives": None, "validation": None}
    assert settings.mining == trained.mining.model_copy(update=photos)


def test_file_and_options_go_over_the_models_settings(tmp_path):
    header = read_header(shipped_models()["person-small"])
    config = tmp_path / "c.toml"
    config.write_text("[train]\nlearning_rate = 1e-3\nepochs = 3\n")
    settings = read_settings(config, {"train": {"epochs": 4}}, tuning_tables(header))
    assert (settings.train.learning_rate, settings.train.epochs) == (1e-3, 4)
    assert settings.model.window == (56, 28)


def test_an_imported_model_says_its_net_its_crop_and_its_object_box():
    settings = read_settings(None, below=tuning_tables(IMPORTED))
    assert settings.model.net == IMPORTED.net
    assert settings.model.crop == settings.model.window_hw == (128, 64)
    assert settings.model.object_box == IMPORTED.object_box
    assert model_settings(IMPORTED) == settings.model


def test_a_header_whose_settings_do_not_fit_it_is_refused():
    damaged = IMPORTED.model_copy(update={"training": {"model": {"crop": "32x64"}}})
    with pytest.raises(SettingsError, match="damaged"):
        model_settings(damaged)
