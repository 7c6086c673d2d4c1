"""What 8-bit integers cost in detections, measured on the user's own frames."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fcn_detect.detect import Detector
from fcn_detect.errors import DataError
from fcn_detect.evaluate import evaluate
from fcn_detect.export.frames import Frame
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult, Progress

# Agreement counts every decision that was open as wrong. Where AP50 by annotations stays within
# half a point, agreement was seen to fall by up to 3.4 points (docs/benchmarks.md).
AGREEMENT_ALLOWANCE = 10


@dataclass(frozen=True)
class Cost:
    """Figures of a model and of the same model in 8-bit integers, on the same frames.

    Attributes:
        truth: `annotations`, or `agreement`: the float model's own detections from its
            recommended score on.
        frames: searched.
        objects: true boxes on them.
        ap50: of the float model; 1 by agreement.
        int8_ap50: of the 8-bit model.
        miss_rate: of the float model, log-average; 0 by agreement.
        int8_miss_rate: of the 8-bit model.
    """

    truth: str
    frames: int
    objects: int
    ap50: float
    int8_ap50: float
    miss_rate: float
    int8_miss_rate: float

    @property
    def ap50_points(self) -> float:
        """Loss of AP50, in hundredths; negative where it rose."""
        return 100 * (self.ap50 - self.int8_ap50)

    @property
    def miss_rate_points(self) -> float:
        """Rise of the miss rate, in hundredths; negative where it fell."""
        return 100 * (self.int8_miss_rate - self.miss_rate)

    def within(self, max_cost: float) -> bool:
        """Whether AP50 falls by at most this many points, and the miss rate rises by twice that.

        By agreement, `AGREEMENT_ALLOWANCE` times as much is allowed.
        """
        allowed = self.allowed(max_cost)
        return self.ap50_points <= allowed and self.miss_rate_points <= 2 * allowed

    def allowed(self, max_cost: float) -> float:
        """Points of AP50 that may be lost."""
        return max_cost * (AGREEMENT_ALLOWANCE if self.truth == "agreement" else 1)

    def to_dict(self) -> dict[str, Any]:
        """For JSON and for the header of the exported file."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


class CostMeter:
    """Measures one 8-bit model after the other against the same float model.

    Args:
        floating: the float model's detector.
        frames: to search.
        annotations: their true boxes; None: what the float model finds is taken for true.
        progress: told how many frames are searched.

    Raises:
        DataError: there are no true boxes, or their images are not those of the frames.
    """

    def __init__(
        self,
        floating: Detector,
        frames: Sequence[Frame],
        annotations: Annotations | None,
        progress: Progress,
    ) -> None:
        self.frames, self.progress = frames, progress
        results = self._search(floating, "in float32")
        self.truth = "agreement" if annotations is None else "annotations"
        self.annotations = annotations or _found(results, floating)
        self.ap50, self.miss_rate, self.objects = self._figures(results)
        if not self.objects:
            raise DataError(
                "there is nothing to measure the cost of int8 by: "
                + ("no true boxes" if annotations else "the model finds nothing on the frames")
                + "; give frames with objects in them"
            )

    def measure(self, int8: Detector) -> Cost:
        """The cost of an 8-bit model."""
        ap50, miss_rate, _ = self._figures(self._search(int8, "in int8"))
        figures = (self.ap50, ap50, self.miss_rate, miss_rate)
        return Cost(self.truth, len(self.frames), self.objects, *figures)

    def _search(self, detector: Detector, how: str) -> list[ImageResult]:
        results = []
        for i, frame in enumerate(self.frames):
            results.append(detector.result(frame.path, frame.name)[0])
            self.progress(f"searching frames {how}", i + 1, len(self.frames))
        return results

    def _figures(self, results: list[ImageResult]) -> tuple[float, float, int]:
        """AP50, the miss rate, and the number of true boxes."""
        figures = evaluate(results, self.annotations).overall
        ap50, miss_rate = figures.ap50, figures.log_average_miss_rate
        return _or(ap50, 0.0), _or(miss_rate, 1.0), figures.boxes


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def _found(results: Sequence[ImageResult], detector: Detector) -> Annotations:
    """What a detector shows, as true boxes."""
    images = []
    for result in results:
        width, height = result.width or 1, result.height or 1
        found = result.found.above(detector.threshold((height, width)))
        ignore = np.zeros(len(found), np.bool_)
        images.append(
            ImageAnnotations(result.image, width, height, found.boxes, found.labels, ignore)
        )
    return Annotations(images, list(detector.header.labels))
