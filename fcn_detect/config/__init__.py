"""Settings: TOML in, checked values out."""

from fcn_detect.config.files import check_settings, data_path, read_settings
from fcn_detect.config.of_model import (
    TUNING_RATE,
    model_settings,
    tables_of_model,
    tuning_tables,
)
from fcn_detect.config.settings import (
    AugmentSettings,
    DetectSettings,
    MiningSettings,
    ModelSettings,
    Settings,
    TrainSettings,
)

__all__ = [
    "TUNING_RATE",
    "AugmentSettings",
    "DetectSettings",
    "MiningSettings",
    "ModelSettings",
    "Settings",
    "TrainSettings",
    "check_settings",
    "data_path",
    "model_settings",
    "read_settings",
    "tables_of_model",
    "tuning_tables",
]
