"""The settings that a model was trained with, to go on with."""

from typing import Any

from fcn_detect.config.files import Tables, check_settings
from fcn_detect.config.settings import ModelSettings, Settings
from fcn_detect.errors import SettingsError
from fcn_detect.results import ModelHeader

# Peak of the learning rate where weights are there already: a tenth of the default, so that what
# they know is kept.
TUNING_RATE = 4e-4

# What the machine that the model was trained on had: folders of photos, other models.
_LEFT_OUT = ("negatives", "validation", "teacher")


def tables_of_model(header: ModelHeader) -> Tables:
    """The tables of a model's own settings, without the photos and models that it learned from.

    A model that was imported says nothing but its net, its crop and its object box.

    Raises:
        SettingsError: the header's settings are no tables.
    """
    tables = {name: _kept(header.training.get(name, {})) for name in Settings.model_fields}
    tables["model"] = tables["model"] or {
        "net": header.net,
        "crop": header.crop_hw,
        "object_box": header.object_box,
        "background": header.background,
    }
    return {**tables, "detect": dict(header.detect)}


def _kept(table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise SettingsError("the model's header holds no tables of settings; it is damaged")
    return {key: value for key, value in table.items() if key not in _LEFT_OUT}


def tuning_tables(header: ModelHeader) -> Tables:
    """Those of `tables_of_model`, to train on from the model's weights: at `TUNING_RATE`."""
    tables = tables_of_model(header)
    return {**tables, "train": {**tables["train"], "learning_rate": TUNING_RATE}}


def model_settings(header: ModelHeader) -> ModelSettings:
    """The crop that a model was trained on, and the window of it that its net sees.

    Raises:
        SettingsError: the header's settings are of another version.
    """
    settings = check_settings({"model": tables_of_model(header)["model"]}).model
    if settings.window_hw != header.crop_hw:
        raise SettingsError(
            f"the model's windows are {header.crop_hw}, those that it was trained with "
            f"{settings.window_hw}; its header is damaged"
        )
    return settings
