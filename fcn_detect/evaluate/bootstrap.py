"""How far figures would move had other images of the same kind been photographed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.class_matches import ClassMatches
from fcn_detect.evaluate.matching import RIGHT
from fcn_detect.evaluate.miss_rate import MissRateCurve, log_average_miss_rate, recall_at
from fcn_detect.results import Progress, silent

CONFIDENCE: Final = 0.95
RECALLS: Final = np.linspace(0, 1, 101)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """95 % intervals of one class's figures, low end and high end; nan without objects.

    Attributes:
        resamples: number of sets of images that were drawn.
        ap50: of the average precision at IoU 0.5.
        log_average_miss_rate: of Dollár's log-average miss rate.
        recall_at_1_fppi: of the share found with at most 1 false positive per image.
    """

    resamples: int
    ap50: Interval
    log_average_miss_rate: Interval
    recall_at_1_fppi: Interval


def bootstrap(
    matches: ClassMatches, resamples: int, seed: int = 0, progress: Progress = silent
) -> Intervals:
    """Percentile intervals over sets of as many images, drawn with replacement.

    Detections are matched once; a set then only says how often each image counts. Sets without an
    object to find are left out.

    Source: Efron, Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall, 1993, section
    13.3 (the percentile interval).
    """
    rng = np.random.default_rng(seed)
    values = np.empty((resamples, 3))
    for i in range(resamples):
        drawn = rng.integers(0, matches.images, matches.images)
        counts = np.bincount(drawn, minlength=matches.images)
        values[i] = resampled_figures(matches, counts)
        progress("resampling images", i + 1, resamples)
    known = values[~np.isnan(values).any(axis=1)]
    if not len(known):
        known = np.full((1, 3), np.nan)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail], axis=0).tolist()
    ap50, miss_rate, recall = zip(low, high, strict=True)
    return Intervals(resamples, ap50, miss_rate, recall)


def resampled_figures(
    matches: ClassMatches, counts: NDArray[np.integer]
) -> tuple[float, float, float]:
    """AP50, log-average miss rate and recall at 1 FPPI; image i counts `counts[i]` times.

    They equal those of a set that holds each image `counts` times: copies of a detection have one
    score, and a curve is read only where all of them are counted.
    """
    total = int(counts[matches.true_image[~matches.ignore]].sum())
    if not total:
        return (np.nan,) * 3
    ranking = matches.ranking
    often = counts[matches.image[ranking]]
    right = matches.flags[ranking] == RIGHT
    found, false = np.cumsum(often * right), np.cumsum(often * ~right)
    curve = MissRateCurve(false / counts.sum(), 1 - found / total)
    ap50 = interpolated_average_precision(found, false, total)
    return ap50, log_average_miss_rate(curve), recall_at(curve, 1)


def interpolated_average_precision(
    found: NDArray[np.integer], false: NDArray[np.integer], total: int
) -> float:
    """COCO's average precision from running counts `(n,)` of right and wrong detections.

    The mean over the recalls 0, 0.01, ... 1 of the best precision at that recall or more, 0 where
    it is never reached.

    Source: `accumulate` in cocoeval.py of https://github.com/cocodataset/cocoapi.
    """
    precision = found / np.maximum(1, found + false)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(found / total, RECALLS, side="left")
    return float(np.append(best, 0.0)[first].mean())
