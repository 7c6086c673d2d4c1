"""Which detections of one image and class are right, wrong, or neither."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import box_areas, box_intersections, box_iou, order_by_score

RIGHT: Final = 1
WRONG: Final = 0
DROPPED: Final = -1

Boxes = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of each detection, in the order in which they were given.

    Attributes:
        flags: int8 `(n,)`: 1 found an object, 0 found none, -1 leaves all counts.
        true_index: int64 `(n,)`, the true box that was found or lies below; -1 where none.
    """

    flags: NDArray[np.int8]
    true_index: NDArray[np.int64]


def match_detections(
    boxes: Boxes,
    scores: NDArray[np.floating],
    true_boxes: Boxes,
    ignore: NDArray[np.bool_],
    iou_threshold: float = 0.5,
) -> Matches:
    """Compares detections `(n, 4)`, `(n,)` with the true boxes `(m, 4)`, `(m,)` of one image.

    The best score chooses first, equal ones by box. It takes the normal box that it overlaps most
    and that is still free, if their intersection over union is at least the threshold. Only where
    there is none, it may lie on an ignore box, if intersection over the *detection's* area is at
    least the threshold; an ignore box takes any number.

    Source: Dollár, Wojek, Schiele, Perona, "Pedestrian Detection: An Evaluation of the State of
    the Art", TPAMI 34(4), 2012, section 3.1; `evalRes` in bbGt.m of Piotr's Matlab toolbox.
    """
    overlaps = _overlaps(np.asarray(boxes, np.float64), np.asarray(true_boxes, np.float64), ignore)
    flags = np.full(len(boxes), WRONG, np.int8)
    true_index = np.full(len(boxes), -1, np.int64)
    order = order_by_score(boxes, scores)
    near = np.any(overlaps >= iou_threshold, axis=1)  # (n,); the others stay wrong
    for i in order[near[order]]:
        choice = _choose(overlaps[i], ignore, iou_threshold)
        if choice is None:
            continue
        true_index[i] = choice
        flags[i] = DROPPED if ignore[choice] else RIGHT
        if not ignore[choice]:
            overlaps[:, choice] = -np.inf
    return Matches(flags, true_index)


def _overlaps(boxes: Boxes, true_boxes: Boxes, ignore: NDArray[np.bool_]) -> Boxes:
    """`(n, m)`: intersection over union; over the detection's area below ignore boxes."""
    shared = box_intersections(boxes, true_boxes)
    areas = np.broadcast_to(box_areas(boxes)[:, None], shared.shape)
    inside = np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0)
    return np.where(ignore, inside, box_iou(boxes, true_boxes))


def _choose(overlaps: Boxes, ignore: NDArray[np.bool_], threshold: float) -> int | None:
    """The normal box of largest overlap `(m,)`, else the ignore box, else none."""
    for allowed in (~ignore, ignore):
        candidates = np.where(allowed, overlaps, -np.inf)
        best = int(np.argmax(candidates))
        if candidates[best] >= threshold:
            return best
    return None
