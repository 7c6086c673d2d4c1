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

SIZES: dict[str, tuple[float, float]] = {
    "all": (0, np.inf),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, np.inf),
}
"""Least and greatest area of an object's box, in square pixels."""


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """One class's figures in [0, 1]; nan where there are no objects to find.

    Attributes:
        ap: mean over the IoU thresholds 0.5, 0.55, ... 0.95.
        ap50: at IoU 0.5.
        ap75: at IoU 0.75.
        ap_small: as `ap`, over objects of less than 32 x 32 pixels; the others are ignored.
        ap_medium: from there to 96 x 96 pixels.
        ap_large: above.
        recall: float64 `(101,)`, 0, 0.01, ... 1.
        precision: float64 `(101,)`, at IoU 0.5 the best that is reached at this recall or more.
    """

    ap: float
    ap50: float
    ap75: float
    ap_small: float
    ap_medium: float
    ap_large: float
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def average_precisions(
    pairs: Sequence[ImagePair], classes: Sequence[str]
) -> dict[str, AveragePrecision]:
    """Each class's average precision; ignored objects are COCO's crowds.

    All detections count: COCO's own limit of the best 100 an image would cut a dense detector
    short. So do the largest objects: COCO's own limit of 1e10 square pixels is not kept. An
    object's size is the area of its box.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    truth, found = _datasets(pairs, classes)
    evaluation = COCOeval_faster(COCO(truth), COCO(found), iouType="bbox")
    evaluation.params.maxDets = [max(1, *(len(pair.found) for pair in pairs))]
    evaluation.params.areaRng = [list(limits) for limits in SIZES.values()]
    evaluation.params.areaRngLbl = list(SIZES)
    evaluation.evaluate()
    evaluation.accumulate()
    # by threshold, recall, class and size
    precision = np.asarray(evaluation.eval["precision"])[..., 0]
    recall = np.asarray(evaluation.params.recThrs)
    return {label: _figures(precision[:, :, k], recall) for k, label in enumerate(classes)}


def _figures(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> AveragePrecision:
    """Averages `(thresholds, recalls, sizes)`; COCO writes -1 where there is nothing to find."""
    known = np.where(precision < 0, np.nan, precision)
    whole, small, medium, large = (known[..., k] for k in range(len(SIZES)))
    return AveragePrecision(
        ap=float(whole.mean()),
        ap50=float(whole[IOU_50].mean()),
        ap75=float(whole[IOU_75].mean()),
        ap_small=float(small.mean()),
        ap_medium=float(medium.mean()),
        ap_large=float(large.mean()),
        recall=recall,
        precision=whole[IOU_50],
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
