"""From folders of crops to a model file."""

from fcn_detect.train.crop_set import CropSet, Skipped
from fcn_detect.train.crops import load_crops
from fcn_detect.train.devices import is_first_process
from fcn_detect.train.job import TrainingJob, TrainingResult
from fcn_detect.train.run import train

__all__ = [
    "CropSet",
    "Skipped",
    "TrainingJob",
    "TrainingResult",
    "is_first_process",
    "load_crops",
    "train",
]
