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


TRAINED = IMPORTED.model_copy(
    update={
        "crop_hw": (112, 56),
        "training": {
            "model": {"net": "valid-half", "crop": "64x128", "window": "56x112"},
            "augment": {"tint": 0.1},
            "train": {"epochs": 7, "learning_rate": 0.01, "teacher": "person"},
            "mining": {"rounds": 3, "negatives": "photos", "validation": "others"},
        },
        "detect": {"keep": 0.05},
    }
)


def test_going_on_takes_the_models_settings_but_neither_its_photos_nor_its_learning_rate():
    settings = read_settings(None, below=tuning_tables(TRAINED))
    assert settings.model.window == (112, 56)
    assert (settings.augment.tint, settings.detect.keep) == (0.1, 0.05)
    assert (settings.train.epochs, settings.train.learning_rate) == (7, TUNING_RATE)
    assert (settings.mining.rounds, settings.mining.negatives) == (3, None)
    assert settings.mining.validation is None


@pytest.mark.parametrize("name", shipped_models())
def test_the_shipped_models_can_be_gone_on_from(name):
    header = read_header(shipped_models()[name])
    assert read_settings(None, below=tuning_tables(header)).model == model_settings(header)


def test_file_and_options_go_over_the_models_settings(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("[train]\nlearning_rate = 1e-3\nepochs = 3\n")
    settings = read_settings(config, {"train": {"epochs": 4}}, tuning_tables(TRAINED))
    assert (settings.train.learning_rate, settings.train.epochs) == (1e-3, 4)
    assert settings.model.window == (112, 56)


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
