"""Box voting: windows that found the same object agree on its box."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import box_iou

# A box votes with the square of its score; one that scores below half the kept one has no vote,
# so that lowering `keep` changes no box that was there before.
WEAKEST_VOTER = 0.5


def vote_boxes(
    kept: NDArray[np.intp],
    boxes_xyxy: NDArray[np.floating],
    scores: NDArray[np.floating],
    iou_threshold: float,
) -> NDArray[np.float64]:
    """The kept boxes, each the mean of all boxes around it, weighted by score squared.

    Args:
        kept: `(k,)` indices of the boxes that stayed after suppression.
        boxes_xyxy: `(n, 4)` all of them.
        scores: `(n,)`.
        iou_threshold: intersection over union with the kept box from which a box has a vote;
            the kept box always has one.

    Returns:
        Float64 `(k, 4)`.

    Source: Gidaris and Komodakis, "Object Detection via a Multi-region & Semantic
    Segmentation-aware CNN Model", ICCV 2015, section 5.
    """
    boxes = np.asarray(boxes_xyxy, np.float64)
    voted = np.empty((len(kept), 4))
    for row, index in enumerate(kept):
        near = box_iou(boxes[[index]], boxes)[0] >= iou_threshold
        near &= scores >= WEAKEST_VOTER * scores[index]
        near[index] = True
        voted[row] = np.average(boxes[near], axis=0, weights=scores[near] ** 2)
    return voted
