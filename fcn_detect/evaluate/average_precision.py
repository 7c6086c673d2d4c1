"""COCO's average precision, computed by faster-coco-eval.

Source: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014, and
https://cocodataset.org/#detection-eval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.matching import Boxes
from fcn_detect.evaluate.pairs import ImagePair

IOU_50, IOU_75 = 0, 5  # places among COCO's ten thresholds, 0.5 to 0.95


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """One class's figures in [0, 1]; all nan where there are no objects to find.

    Attributes:
        ap: mean over the IoU thresholds 0.5, 0.55, ... 0.95.
        ap50: at IoU 0.5.
        ap75: at IoU 0.75.
        recall: float64 `(101,)`, 0, 0.01, ... 1.
        precision: float64 `(101,)`, at IoU 0.5 the best that is reached at this recall or more.
    """

    ap: float
    ap50: float
    ap75: float
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def average_precisions(
    pairs: Sequence[ImagePair], classes: Sequence[str]
) -> dict[str, AveragePrecision]:
    """Each class's average precision; ignored objects are COCO's crowds.

    All detections count: COCO's own limit of the best 100 an image would cut a dense detector
    short. Objects of all sizes count alike.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    truth, found = _datasets(pairs, classes)
    evaluation = COCOeval_faster(COCO(truth), COCO(found), iouType="bbox")
    evaluation.params.maxDets = [max(1, *(len(pair.found) for pair in pairs))]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, np.inf]], ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = np.asarray(evaluation.eval["precision"])[
        ..., 0, 0
    ]  # (thresholds, recalls, classes)
    recall = np.asarray(evaluation.params.recThrs)
    return {label: _figures(precision[..., k], recall) for k, label in enumerate(classes)}


def _figures(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> AveragePrecision:
    """Averages `(thresholds, recalls)`; COCO writes -1 where there is nothing to find."""
    known = np.where(precision < 0, np.nan, precision)
    return AveragePrecision(
        float(known.mean()),
        float(known[IOU_50].mean()),
        float(known[IOU_75].mean()),
        recall,
        known[IOU_50],
    )


def _datasets(
    pairs: Sequence[ImagePair], classes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """True and found boxes as COCO datasets, everything numbered from 1."""
    shared = {
        "images": [{"id": number} for number in range(1, len(pairs) + 1)],
        "categories": [{"id": k, "name": label} for k, label in enumerate(classes, start=1)],
    }
    numbers = {label: k for k, label in enumerate(classes, start=1)}
    truth, found = [], []
    for image, pair in enumerate(pairs, start=1):
        categories = [numbers[label] for label in pair.truth.labels]
        crowds = [{"iscrowd": int(ignored)} for ignored in pair.truth.ignore]
        truth += _entries(image, pair.truth.boxes, categories, crowds)
        categories = [numbers[label] for label in pair.found.labels]
        scores = [{"iscrowd": 0, "score": float(score)} for score in pair.found.scores]
        found += _entries(image, pair.found.boxes, categories, scores)
    return {**shared, "annotations": _numbered(truth)}, {**shared, "annotations": _numbered(found)}


def _entries(
    image: int, boxes: Boxes, categories: Sequence[int], extras: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    sides = np.asarray(boxes, np.float64).copy()
    sides[:, 2:] -= sides[:, :2]  # x1, y1 -> width, height
    return [
        {"image_id": image, "category_id": k, "bbox": box, "area": box[2] * box[3], **extra}
        for box, k, extra in zip(sides.tolist(), categories, extras, strict=True)
    ]


def _numbered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": number, **entry} for number, entry in zip(count(1), entries, strict=False)]
