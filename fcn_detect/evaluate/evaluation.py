"""How good results are, measured against true boxes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fcn_detect.evaluate.average_precision import AveragePrecision, average_precisions
from fcn_detect.evaluate.figures import COUNTS, SHARES, ClassEvaluation, Evaluation, Figures
from fcn_detect.evaluate.matching import match_detections
from fcn_detect.evaluate.miss_rate import (
    MissRateCurve,
    log_average_miss_rate,
    max_recall,
    miss_rate_curve,
    recall_at,
)
from fcn_detect.evaluate.pairs import ImagePair, pair_results
from fcn_detect.results import Annotations, ImageResult


def evaluate(results: Sequence[ImageResult], annotations: Annotations) -> Evaluation:
    """Compares results with true boxes; the order of either does not matter.

    Raises:
        DataError: nothing is annotated, the names of the images do not pair one to one, or a
            result has a label that the annotations do not know.
    """
    pairs = pair_results(results, annotations)
    precisions = average_precisions(pairs, annotations.classes)
    classes = {c: _class_evaluation(pairs, c, precisions[c]) for c in annotations.classes}
    failed = sum(result.failure is not None for result in results)
    overall = _overall([one.figures for one in classes.values()])
    return Evaluation(len(pairs), failed, overall, classes)


def _class_evaluation(
    pairs: Sequence[ImagePair], label: str, precision: AveragePrecision
) -> ClassEvaluation:
    found = [pair.found_of(label) for pair in pairs]
    truth = [pair.truth_of(label) for pair in pairs]
    flags = [
        match_detections(d.boxes, d.scores, *t).flags for d, t in zip(found, truth, strict=True)
    ]
    ignore = np.concatenate([ignored for _, ignored in truth])
    boxes, scores = int((~ignore).sum()), np.concatenate([d.scores for d in found])
    curve = miss_rate_curve(np.concatenate(flags), scores, len(pairs), boxes)
    figures = Figures(
        precision.ap,
        precision.ap50,
        precision.ap75,
        *_miss_rate_figures(curve, boxes),
        boxes=boxes,
        ignored_boxes=int(ignore.sum()),
        detections=len(scores),
    )
    return ClassEvaluation(figures, curve, precision)


def _miss_rate_figures(curve: MissRateCurve, boxes: int) -> tuple[float, float, float, float]:
    if not boxes:
        return (math.nan,) * 4
    miss_rate = log_average_miss_rate(curve)
    return miss_rate, recall_at(curve, 0.1), recall_at(curve, 1), max_recall(curve)


def _overall(classes: Sequence[Figures]) -> Figures:
    measured = [one for one in classes if one.boxes] or classes
    values: dict[str, Any] = {n: sum(getattr(one, n) for one in classes) for n in COUNTS}
    for name in SHARES:
        values[name] = float(np.mean([getattr(one, name) for one in measured]))
    return Figures(**values)
