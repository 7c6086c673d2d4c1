"""How good results are: matching with true boxes, average precision, miss rate, plots."""

from fcn_detect.evaluate.average_precision import AveragePrecision
from fcn_detect.evaluate.evaluation import evaluate
from fcn_detect.evaluate.figures import ClassEvaluation, Evaluation, Figures
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
from fcn_detect.evaluate.naming import pair_by_path_ending
from fcn_detect.evaluate.plots import plot_evaluation

__all__ = [
    "REFERENCE_FPPI",
    "AveragePrecision",
    "ClassEvaluation",
    "Evaluation",
    "Figures",
    "Matches",
    "MissRateCurve",
    "evaluate",
    "log_average_miss_rate",
    "match_detections",
    "max_recall",
    "miss_rate_at",
    "miss_rate_curve",
    "pair_by_path_ending",
    "plot_evaluation",
    "recall_at",
]
