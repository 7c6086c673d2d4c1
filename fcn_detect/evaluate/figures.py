"""What an evaluation holds: figures, curves, and how they become JSON."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from fcn_detect.evaluate.average_precision import AveragePrecision
from fcn_detect.evaluate.miss_rate import MissRateCurve


@dataclass(frozen=True)
class Figures:
    """What was measured; the shares are in [0, 1], nan where there are no objects to find.

    Attributes:
        ap: COCO's average precision, mean over IoU 0.5 to 0.95.
        ap50: at IoU 0.5.
        ap75: at IoU 0.75.
        log_average_miss_rate: Dollár's, over 0.01 to 1 false positive per image; smaller is better.
        recall_at_0_1_fppi: share found with at most 0.1 false positives per image.
        recall_at_1_fppi: share found with at most 1 false positive per image.
        max_recall: share found by all detections together.
        boxes: number of objects to find.
        ignored_boxes: number of objects that it is neither right nor wrong to find.
        detections: number of detections, those on ignored boxes included.
    """

    ap: float
    ap50: float
    ap75: float
    log_average_miss_rate: float
    recall_at_0_1_fppi: float
    recall_at_1_fppi: float
    max_recall: float
    boxes: int
    ignored_boxes: int
    detections: int

    def to_dict(self) -> dict[str, float | int | None]:
        """For JSON: nan becomes None."""
        return {k: None if math.isnan(v) else v for k, v in asdict(self).items()}


COUNTS = ("boxes", "ignored_boxes", "detections")
SHARES = tuple(field.name for field in fields(Figures) if field.name not in COUNTS)


@dataclass(frozen=True, eq=False)
class ClassEvaluation:
    """One class's figures and curves."""

    figures: Figures
    miss_rate: MissRateCurve
    average_precision: AveragePrecision


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good results are.

    Attributes:
        images: number of annotated images, those without objects included.
        failed_images: how many of them have a failure in place of detections; they count as
            images without detections.
        overall: shares are the mean of the classes that have objects, counts are sums.
        classes: by name, in the annotations' order.
    """

    images: int
    failed_images: int
    overall: Figures
    classes: dict[str, ClassEvaluation]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; miss rate curves are reduced to the points where they change."""
        return {
            "images": self.images,
            "failed_images": self.failed_images,
            "overall": self.overall.to_dict(),
            "classes": {
                label: {**one.figures.to_dict(), "curve": _curve(one)}
                for label, one in self.classes.items()
            },
        }


def _curve(one: ClassEvaluation) -> dict[str, list[float]]:
    corners = one.miss_rate.corners() if one.figures.boxes else None
    if corners is None:
        return {"fppi": [], "miss_rate": []}
    return {"fppi": corners.fppi.tolist(), "miss_rate": corners.miss_rate.tolist()}
