"""Box voting: windows that found the same object agree on its box."""

import numpy as np
from numpy.typing import NDArray

# A box votes with the square of its score; one that scores below half the kept one has no vote,
# so that lowering `keep` changes no box that was there before.
WEAKEST_VOTER = 0.5


def vote_boxes(
    boxes_xyxy: NDArray[np.floating],
    scores: NDArray[np.floating],
    voters_xyxy: NDArray[np.floating],
    voter_scores: NDArray[np.floating],
    iou_threshold: float,
) -> NDArray[np.float64]:
    """Each box as the mean of all voters around it, weighted by score squared.

    Args:
        boxes_xyxy: `(k, 4)` those that stayed after suppression.
        scores: `(k,)`.
        voters_xyxy: `(n, 4)` all candidates, those that stayed among them.
        voter_scores: `(n,)`.
        iou_threshold: intersection over union from which a candidate has a vote, above 0.

    Returns:
        Float64 `(k, 4)`.

    Source: Gidaris and Komodakis, "Object Detection via a Multi-region & Semantic
    Segmentation-aware CNN Model", ICCV 2015, section 5.
    """
    order = np.argsort(voters_xyxy[:, 0], kind="stable")
    voters, strength = np.asarray(voters_xyxy, np.float64)[order], voter_scores[order]
    x0, y0, x1, y1 = np.ascontiguousarray(voters.T)
    areas, weight = (x1 - x0) * (y1 - y0), strength**2
    first, end = _reach(boxes_xyxy, x0, iou_threshold)
    voted = np.array(boxes_xyxy, np.float64)
    for row, near in enumerate(map(slice, first, end)):
        left, top, right, bottom = boxes_xyxy[row]
        width = np.minimum(x1[near], right) - np.maximum(x0[near], left)
        height = np.minimum(y1[near], bottom) - np.maximum(y0[near], top)
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        union = areas[near] + ((right - left) * (bottom - top) - shared)
        votes = (shared >= iou_threshold * union) & (strength[near] >= WEAKEST_VOTER * scores[row])
        weights = weight[near][votes]
        if weights.any():  # scores of zero weigh nothing
            voted[row] = weights @ voters[near][votes] / weights.sum()
    return voted


def _reach(
    boxes_xyxy: NDArray[np.floating], lefts: NDArray[np.floating], iou_threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Between which indices of sorted left edges all boxes lie that overlap each one enough.

    Along one axis two boxes share no less of their union than both axes together: with a share t
    and a width w, both lie within w / t, and at least t w is covered. So a voter's left edge is in
    [x1 - w / t, x1 - t w].
    """
    x1 = boxes_xyxy[:, 2]
    width = x1 - boxes_xyxy[:, 0]
    slack = 1e-6 * np.maximum(1.0, np.abs(x1))
    first = np.searchsorted(lefts, x1 - width / iou_threshold - slack, side="left")
    end = np.searchsorted(lefts, x1 - iou_threshold * width + slack, side="right")
    return first, end
