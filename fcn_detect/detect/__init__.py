"""One image, end to end: the detector, the sliding window it must equal, and the proof."""

from fcn_detect.detect.clips import ClipSearch, SearchedFrame
from fcn_detect.detect.dense import level_pixels, score_level, score_packed, score_pyramid
from fcn_detect.detect.detector import Detector, failure_of
from fcn_detect.detect.geometry_report import GeometryReport, describe_geometry
from fcn_detect.detect.heat_map import heat_map
from fcn_detect.detect.large_heat_map import LargeHeatMap
from fcn_detect.detect.level_plan import level_plan
from fcn_detect.detect.limits import streaming_rules
from fcn_detect.detect.search import Search
from fcn_detect.detect.sliding_window import classify_windows, cut_windows
from fcn_detect.detect.streaming import TiledSearch
from fcn_detect.detect.stride_report import StrideReport, compare_strides
from fcn_detect.detect.threshold import Threshold
from fcn_detect.detect.verify import (
    EquivalenceReport,
    ImageEquivalence,
    WithClassifier,
    verify_images,
)

__all__ = [
    "ClipSearch",
    "Detector",
    "EquivalenceReport",
    "GeometryReport",
    "ImageEquivalence",
    "LargeHeatMap",
    "Search",
    "SearchedFrame",
    "StrideReport",
    "Threshold",
    "TiledSearch",
    "WithClassifier",
    "classify_windows",
    "compare_strides",
    "cut_windows",
    "describe_geometry",
    "failure_of",
    "heat_map",
    "level_pixels",
    "level_plan",
    "score_level",
    "score_packed",
    "score_pyramid",
    "streaming_rules",
    "verify_images",
]
