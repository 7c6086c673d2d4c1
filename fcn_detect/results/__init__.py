"""What travels between the modules: frozen values, checked when they are made."""

from fcn_detect.results.annotations import Annotations, ImageAnnotations
from fcn_detect.results.detections import Detections
from fcn_detect.results.image_result import FAILURE_KINDS, Failure, ImageResult, VideoFrame
from fcn_detect.results.model_header import LARGEST_CROP, Calibration, ModelHeader, OffsetName
from fcn_detect.results.pairing import Pairing, pair_detections
from fcn_detect.results.progress import Progress, silent
from fcn_detect.results.score_map import ScoreMap

__all__ = [
    "FAILURE_KINDS",
    "LARGEST_CROP",
    "Annotations",
    "Calibration",
    "Detections",
    "Failure",
    "ImageAnnotations",
    "ImageResult",
    "ModelHeader",
    "OffsetName",
    "Pairing",
    "Progress",
    "ScoreMap",
    "VideoFrame",
    "pair_detections",
    "silent",
]
