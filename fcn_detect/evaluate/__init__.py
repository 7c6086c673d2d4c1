"""How good results are: matching with true boxes, average precision, miss rate, plots."""

from fcn_detect.evaluate.average_precision import AveragePrecision
from fcn_detect.evaluate.bootstrap import Intervals, bootstrap, resampled_figures
from fcn_detect.evaluate.center_matching import center_distances, match_centers
from fcn_detect.evaluate.class_matches import ClassMatches, match_class
from fcn_detect.evaluate.common import keep_common
from fcn_detect.evaluate.equal_error import EqualErrorPoint, equal_error_point
from fcn_detect.evaluate.error_analysis import ErrorAnalysis, analyse_errors
from fcn_detect.evaluate.evaluation import evaluate
from fcn_detect.evaluate.figures import ClassEvaluation, Evaluation, Figures
from fcn_detect.evaluate.heights import HeightRange, within_heights
from fcn_detect.evaluate.matching import Matches, match_detections
from fcn_detect.evaluate.miss_rate import (
    REFERENCE_FPPI,
    MissRateCurve,
    log_average_miss_rate,
    max_recall,
    miss_rate_at,
    miss_rate_curve,
    recall_at,
)
from fcn_detect.evaluate.mistakes import Mistake, worst_false_alarms, worst_misses
from fcn_detect.evaluate.naming import pair_by_path_ending
from fcn_detect.evaluate.pairs import other_sizes
from fcn_detect.evaluate.plots import plot_evaluations

__all__ = [
    "REFERENCE_FPPI",
    "AveragePrecision",
    "ClassEvaluation",
    "ClassMatches",
    "EqualErrorPoint",
    "ErrorAnalysis",
    "Evaluation",
    "Figures",
    "HeightRange",
    "Intervals",
    "Matches",
    "MissRateCurve",
    "Mistake",
    "analyse_errors",
    "bootstrap",
    "center_distances",
    "equal_error_point",
    "evaluate",
    "keep_common",
    "log_average_miss_rate",
    "match_centers",
    "match_class",
    "match_detections",
    "max_recall",
    "miss_rate_at",
    "miss_rate_curve",
    "other_sizes",
    "pair_by_path_ending",
    "plot_evaluations",
    "recall_at",
    "resampled_figures",
    "within_heights",
    "worst_false_alarms",
    "worst_misses",
]
