"""The point at which as many objects are missed as detections are wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.matching import RIGHT, WRONG


@dataclass(frozen=True)
class EqualErrorPoint:
    """Where recall equals precision.

    Attributes:
        rate: recall and precision, in [0, 1]; nan where there are no objects to find.
        threshold: the score from which on detections count there; 0 where fewer detections
            than objects were kept, and 1 where there are no objects.
    """

    rate: float
    threshold: float


def equal_error_point(
    flags: NDArray[np.int8], scores: NDArray[np.floating], objects: int
) -> EqualErrorPoint:
    """The point of the pooled detections of all images.

    Recall is right / objects and precision right / detections, so they are equal where as many
    detections count as there are objects. Where fewer were kept, those missing count as wrong.
    Of equal scores, the wrong come first.

    Args:
        flags: `(n,)`, 1 right, 0 wrong, -1 leaves all counts.
        scores: `(n,)`.
        objects: number of objects to find, without ignored ones.

    Source: Agarwal, Awan, Roth, TPAMI 26(11), 2004, section 5.1: precision against recall
    instead of the ROC curve, since a scan has no fixed number of negatives.
    """
    if not objects:
        return EqualErrorPoint(float("nan"), 1.0)
    counted = flags >= WRONG
    flags, scores = flags[counted], scores[counted]
    best = np.lexsort((flags, -scores))[:objects]
    threshold = float(scores[best[-1]]) if len(best) == objects else 0.0
    return EqualErrorPoint(float((flags[best] == RIGHT).sum() / objects), threshold)
