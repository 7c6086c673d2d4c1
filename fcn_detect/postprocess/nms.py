"""Non-maximum suppression: of boxes that overlap, the best stays."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import box_areas, box_intersections


def order_by_score(
    boxes_xyxy: NDArray[np.floating], scores: NDArray[np.floating]
) -> NDArray[np.intp]:
    """Indices from the best score down; ties go by box, so that no input order matters."""
    x0, y0, x1, y1 = boxes_xyxy.T
    return np.lexsort((y1, x1, y0, x0, -scores))


def suppress(
    boxes_xyxy: NDArray[np.floating],
    scores: NDArray[np.floating],
    overlap: float,
    measure: str = "union",
    limit: int | None = None,
) -> NDArray[np.intp]:
    """Indices of the boxes that stay, best first.

    Greedy: the best box stays and drops all others that overlap it by more than `overlap`.
    Its memory is linear in the number of boxes, its time in boxes × boxes kept.

    Args:
        boxes_xyxy: `(n, 4)`.
        scores: `(n,)`.
        overlap: in (0, 1].
        measure: intersection over `union`, or over the `smaller` box's area.
        limit: most boxes that stay.
    """
    waiting = order_by_score(boxes_xyxy, scores)
    kept: list[int] = []
    while len(waiting) and (limit is None or len(kept) < limit):
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        shared = box_intersections(boxes_xyxy[[best]], boxes_xyxy[waiting])[0]
        areas = box_areas(boxes_xyxy[waiting])
        best_area = box_areas(boxes_xyxy[[best]])[0]
        whole = areas + best_area - shared if measure == "union" else np.minimum(areas, best_area)
        waiting = waiting[shared <= overlap * whole]
    return np.array(kept, np.intp)
