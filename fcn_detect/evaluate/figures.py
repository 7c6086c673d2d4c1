"""What an evaluation holds: figures, curves, and how they become JSON."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from fcn_detect.evaluate.average_precision import AveragePrecision
from fcn_detect.evaluate.bootstrap import Intervals
from fcn_detect.evaluate.class_matches import ClassMatches
from fcn_detect.evaluate.error_analysis import ErrorAnalysis
from fcn_detect.evaluate.miss_rate import MissRateCurve


@dataclass(frozen=True)
class Figures:
    """What was measured; the shares are in [0, 1], nan where there are no objects to find.

    Attributes:
        ap: COCO's average precision, mean over IoU 0.5 to 0.95.
        ap50: at IoU 0.5.
        ap75: at IoU 0.75.
        ap_small: as `ap`, over objects of less than 32 x 32 pixels.
        ap_medium: from there to 96 x 96 pixels.
        ap_large: above.
        log_average_miss_rate: Dollár's, over 0.01 to 1 false positive per image; smaller is better.
        recall_at_0_01_fppi: share found with at most 0.01 false positives per image.
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
    ap_small: float
    ap_medium: float
    ap_large: float
    log_average_miss_rate: float
    recall_at_0_01_fppi: float
    recall_at_0_1_fppi: float
    recall_at_1_fppi: float
    max_recall: float
    boxes: int
    ignored_boxes: int
    detections: int

    def to_dict(self) -> dict[str, float | int | None]:
        """For JSON: nan becomes None."""
        return _without_nan(asdict(self))  # type: ignore[no-any-return]


COUNTS = ("boxes", "ignored_boxes", "detections")
SHARES = tuple(field.name for field in fields(Figures) if field.name not in COUNTS)


@dataclass(frozen=True, eq=False)
class ClassEvaluation:
    """One class's figures and curves.

    Attributes:
        figures: the numbers.
        miss_rate: against false positives per image.
        average_precision: and precision against recall.
        matches: what became of each detection and each true box.
        errors: the mistakes at 1 false positive per image, by kind.
        intervals: of the main figures; None where none were asked for.
    """

    figures: Figures
    miss_rate: MissRateCurve
    average_precision: AveragePrecision
    matches: ClassMatches
    errors: ErrorAnalysis
    intervals: Intervals | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON: nan becomes None; the curve is reduced to the points where it changes."""
        intervals = {} if self.intervals is None else {"intervals": asdict(self.intervals)}
        return {
            **self.figures.to_dict(),
            **_without_nan(intervals),
            "at_1_fppi": _without_nan(asdict(self.errors)),
            "curve": _curve(self),
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good results are.

    Attributes:
        images: number of annotated images, those without objects included.
        failed_images: how many of them have a failure in place of detections; they count as
            images without detections.
        overall: shares are the mean of the classes that have objects, counts are sums.
        classes: by name, in the annotations' order.
        names: each image's path as the annotations and as the results write it; the order is that
            of the images in every class's `matches`.
    """

    images: int
    failed_images: int
    overall: Figures
    classes: dict[str, ClassEvaluation]
    names: list[tuple[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: nan becomes None."""
        return {
            "images": self.images,
            "failed_images": self.failed_images,
            "overall": self.overall.to_dict(),
            "classes": {label: one.to_dict() for label, one in self.classes.items()},
        }


def _without_nan(value: Any) -> Any:
    """The same nested dicts and tuples with None in place of nan."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _curve(one: ClassEvaluation) -> dict[str, list[float]]:
    corners = one.miss_rate.corners() if one.figures.boxes else None
    if corners is None:
        return {"fppi": [], "miss_rate": []}
    return {"fppi": corners.fppi.tolist(), "miss_rate": corners.miss_rate.tolist()}
