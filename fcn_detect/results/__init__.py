"""What travels between the modules: frozen values, checked when they are made."""

from fcn_detect.results.agreement import TOLERANCE, relative_difference, scale_of
from fcn_detect.results.annotations import Annotations, ImageAnnotations
from fcn_detect.results.detections import Detections
from fcn_detect.results.image_result import FAILURE_KINDS, Failure, ImageResult, VideoFrame
from fcn_detect.results.model_header import (
    BACKGROUND_NAMES,
    LARGEST_CROP,
    Calibration,
    ModelHeader,
    Normalisation,
    OffsetName,
    outputs_for,
)
from fcn_detect.results.pairing import Pairing, pair_detections
from fcn_detect.results.progress import Progress, silent
from fcn_detect.results.score_map import ScoreMap

__all__ = [
    "BACKGROUND_NAMES",
    "FAILURE_KINDS",
    "LARGEST_CROP",
    "TOLERANCE",
    "Annotations",
    "Calibration",
    "Detections",
    "Failure",
    "ImageAnnotations",
    "ImageResult",
    "ModelHeader",
    "Normalisation",
    "OffsetName",
    "Pairing",
    "Progress",
    "ScoreMap",
    "VideoFrame",
    "outputs_for",
    "pair_detections",
    "relative_difference",
    "scale_of",
    "silent",
]
