"""Missed objects against false alarms per image, and the one number that sums them up.

Source: Dollár, Wojek, Schiele, Perona, "Pedestrian Detection: An Evaluation of the State of the
Art", TPAMI 34(4), 2012, section 3.1; `compRoc` in bbGt.m and acfTest.m of Piotr's Matlab toolbox.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

REFERENCE_FPPI: Final = np.logspace(-2, 0, 9)
SMALLEST_MISS_RATE: Final = 1e-10


@dataclass(frozen=True, eq=False)
class MissRateCurve:
    """What lowering the threshold by one more detection does, from the best detection on.

    Attributes:
        fppi: float64 `(n,)`, false positives per image, never falling.
        miss_rate: float64 `(n,)`, share of the objects not found, in [0, 1], never rising; nan
            where there are no objects to find.
    """

    fppi: NDArray[np.float64]
    miss_rate: NDArray[np.float64]

    def corners(self) -> "MissRateCurve":
        """The same staircase in few points: where the miss rate falls, and the end."""
        keep = np.diff(self.miss_rate, prepend=1.0) != 0
        keep[-1:] = True
        return MissRateCurve(self.fppi[keep], self.miss_rate[keep])


def miss_rate_curve(
    flags: NDArray[np.int8], scores: NDArray[np.floating], images: int, boxes: int
) -> MissRateCurve:
    """The curve of the pooled detections of all images.

    Args:
        flags: `(n,)`, 1 right, 0 wrong, -1 leaves all counts.
        scores: `(n,)`; equal ones keep their order.
        images: number of images, those without objects included, at least 1.
        boxes: number of objects to find, without ignored ones.
    """
    counted = flags >= 0
    order = np.argsort(-scores[counted], kind="stable")
    right = flags[counted][order] == 1
    found = np.cumsum(right) / boxes if boxes else np.full(len(right), np.nan)
    return MissRateCurve(np.cumsum(~right) / images, 1 - found)


def miss_rate_at(curve: MissRateCurve, fppi: ArrayLike) -> NDArray[np.float64]:
    """Miss rates at the given false positives per image.

    That of the last point of the curve that has no more of them: 1 before the first point, the
    last value behind the end, no interpolation.
    """
    last = np.searchsorted(curve.fppi, np.asarray(fppi, np.float64), side="right")
    return np.append(1.0, curve.miss_rate)[last]


def log_average_miss_rate(curve: MissRateCurve) -> float:
    """Geometric mean of the miss rates at nine points from 0.01 to 1 false positive per image.

    In [1e-10, 1]: a miss rate of 0 counts as 1e-10; 1 when nothing was detected; nan when there
    was something, and no object to find.
    """
    sampled = miss_rate_at(curve, REFERENCE_FPPI)
    return float(np.exp(np.log(np.maximum(SMALLEST_MISS_RATE, sampled)).mean()))


def recall_at(curve: MissRateCurve, fppi: float) -> float:
    """Share of the objects found with at most `fppi` false positives per image, in [0, 1]."""
    return float(1 - miss_rate_at(curve, fppi))


def max_recall(curve: MissRateCurve) -> float:
    """Share of the objects found by all detections together, in [0, 1]."""
    return recall_at(curve, np.inf)
