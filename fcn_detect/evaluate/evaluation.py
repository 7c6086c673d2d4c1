"""How good results are, measured against true boxes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fcn_detect.evaluate.average_precision import AveragePrecision, average_precisions
from fcn_detect.evaluate.bootstrap import bootstrap
from fcn_detect.evaluate.class_matches import match_class
from fcn_detect.evaluate.error_analysis import analyse_errors
from fcn_detect.evaluate.figures import COUNTS, SHARES, ClassEvaluation, Evaluation, Figures
from fcn_detect.evaluate.heights import HeightRange, within_heights
from fcn_detect.evaluate.miss_rate import (
    MissRateCurve,
    log_average_miss_rate,
    max_recall,
    recall_at,
)
from fcn_detect.evaluate.pairs import ImagePair, pair_results, with_all_classes
from fcn_detect.results import Annotations, ImageResult, Progress, silent


def evaluate(
    results: Sequence[ImageResult],
    annotations: Annotations,
    *,
    heights: HeightRange | None = None,
    resamples: int = 0,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Compares results with true boxes; the order of either does not matter.

    Args:
        results: one an annotated image.
        annotations: the true boxes.
        heights: which objects count, by their height; all when None.
        resamples: sets of images drawn for 95 % intervals; none when 0.
        seed: of these draws.
        progress: told how far matching and drawing are.

    Raises:
        DataError: nothing is annotated, the names of the images do not pair one to one, or a
            result has a label that the annotations do not know.
    """
    annotations = with_all_classes(annotations, results)
    pairs = pair_results(results, annotations)
    if heights is not None:
        pairs = within_heights(pairs, heights)
    precisions = average_precisions(pairs, annotations.classes)
    classes = {c: _class_evaluation(pairs, c, precisions[c], progress) for c in annotations.classes}
    if resamples:
        classes = {
            c: replace(one, intervals=bootstrap(one.matches, resamples, seed, progress))
            for c, one in classes.items()
        }
    failed = sum(result.failure is not None for result in results)
    overall = _overall([one.figures for one in classes.values()])
    names = [(pair.truth.image, pair.image) for pair in pairs]
    return Evaluation(len(pairs), failed, overall, classes, names)


def _class_evaluation(
    pairs: Sequence[ImagePair], label: str, precision: AveragePrecision, progress: Progress
) -> ClassEvaluation:
    matches = match_class(pairs, label, progress)
    curve = matches.curve()
    figures = Figures(
        precision.ap,
        precision.ap50,
        precision.ap75,
        precision.ap_small,
        precision.ap_medium,
        precision.ap_large,
        *_miss_rate_figures(curve, matches.objects),
        boxes=matches.objects,
        ignored_boxes=int(matches.ignore.sum()),
        detections=len(matches.scores),
    )
    errors = analyse_errors(matches, np.array([pair.size_wh for pair in pairs], np.float64))
    return ClassEvaluation(figures, curve, precision, matches, errors)


def _miss_rate_figures(
    curve: MissRateCurve, boxes: int
) -> tuple[float, float, float, float, float]:
    if not boxes:
        return (math.nan,) * 5
    recalls = (recall_at(curve, 0.01), recall_at(curve, 0.1), recall_at(curve, 1))
    return log_average_miss_rate(curve), *recalls, max_recall(curve)


def _overall(classes: Sequence[Figures]) -> Figures:
    measured = [one for one in classes if one.boxes] or classes
    values: dict[str, Any] = {n: sum(getattr(one, n) for one in classes) for n in COUNTS}
    for name in SHARES:
        known = [v for one in measured if not math.isnan(v := getattr(one, name))]
        values[name] = float(np.mean(known)) if known else math.nan
    return Figures(**values)
