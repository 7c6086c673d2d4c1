"""The mistakes of an evaluation that people should look at first."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.error_analysis import OPERATING_FPPI
from fcn_detect.evaluate.figures import Evaluation
from fcn_detect.evaluate.matching import WRONG
from fcn_detect.geometry import box_areas

Boxes = NDArray[np.float32]
Ranked = tuple[float, str, int]  # smallest first; class; row among its detections or true boxes


@dataclass(frozen=True, eq=False)
class Mistake:
    """An object that was not found, or a detection that found nothing.

    Attributes:
        names: the image's path as the annotations and as the results write it.
        label: class name.
        box: float32 `(4,)`, x0, y0, x1, y1 in pixels: of the object, or of the detection.
        score: of the detection; None for an object.
        others: float32 `(k, 4)`: the image's detections for an object, its objects for a
            detection, ignored ones included.
    """

    names: tuple[str, str]
    label: str
    box: Boxes
    score: float | None
    others: Boxes


def worst_misses(evaluation: Evaluation, at_most: int) -> list[Mistake]:
    """Objects not found with 1 false positive per image, the largest first."""
    missed: list[Ranked] = []
    for label, one in evaluation.classes.items():
        found = one.matches.found_by(one.matches.kept_at(OPERATING_FPPI))
        rows = np.flatnonzero(~found & ~one.matches.ignore)
        areas = box_areas(one.matches.true_boxes[rows].astype(np.float64))
        missed += zip((-areas).tolist(), [label] * len(rows), rows.tolist(), strict=True)
    first = heapq.nsmallest(at_most, missed, key=_rank)
    return [_miss(evaluation, label, row) for _, label, row in first]


def worst_false_alarms(evaluation: Evaluation, at_most: int) -> list[Mistake]:
    """Detections that found nothing, the best score first, down to 1 of them per image."""
    alarms: list[Ranked] = []
    for label, one in evaluation.classes.items():
        kept = one.matches.kept_at(OPERATING_FPPI)
        rows = np.flatnonzero(kept & (one.matches.flags == WRONG))
        scores = one.matches.scores[rows]
        alarms += zip((-scores).tolist(), [label] * len(rows), rows.tolist(), strict=True)
    first = heapq.nsmallest(at_most, alarms, key=_rank)
    return [_false_alarm(evaluation, label, row) for _, label, row in first]


def _rank(mistake: Ranked) -> float:
    return mistake[0]


def _miss(evaluation: Evaluation, label: str, row: int) -> Mistake:
    matches = evaluation.classes[label].matches
    image = matches.true_image[row]
    others = matches.boxes[matches.kept_at(OPERATING_FPPI) & (matches.image == image)]
    return Mistake(evaluation.names[image], label, matches.true_boxes[row], None, others)


def _false_alarm(evaluation: Evaluation, label: str, row: int) -> Mistake:
    matches = evaluation.classes[label].matches
    image, score = matches.image[row], float(matches.scores[row])
    others = matches.true_boxes[matches.true_image == image]
    return Mistake(evaluation.names[image], label, matches.boxes[row], score, others)
