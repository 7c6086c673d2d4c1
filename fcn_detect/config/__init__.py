"""Settings: TOML in, checked values out."""

from fcn_detect.config.files import data_path, read_settings
from fcn_detect.config.settings import (
    AugmentSettings,
    DetectSettings,
    MiningSettings,
    ModelSettings,
    Settings,
    TrainSettings,
)

__all__ = [
    "AugmentSettings",
    "DetectSettings",
    "MiningSettings",
    "ModelSettings",
    "Settings",
    "TrainSettings",
    "data_path",
    "read_settings",
]
