"""Non-maximum suppression: of boxes that overlap, the best stays."""

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import order_by_score


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
    order = order_by_score(boxes_xyxy, scores)
    x0, y0, x1, y1 = np.ascontiguousarray(np.asarray(boxes_xyxy, np.float64)[order].T)
    areas = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    waiting = np.ones(len(order), bool)
    kept: list[int] = []
    best = 0
    while best < len(order) and len(kept) < (len(order) if limit is None else limit):
        kept.append(best)
        rest = slice(best + 1, None)
        width = np.minimum(x1[rest], x1[best]) - np.maximum(x0[rest], x0[best])
        height = np.minimum(y1[rest], y1[best]) - np.maximum(y0[rest], y0[best])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        if measure == "union":
            whole = areas[rest] + (areas[best] - shared)
        else:
            whole = np.minimum(areas[rest], areas[best])
        waiting[rest] &= shared <= overlap * whole
        best = _next(waiting, best + 1)
    return order[np.array(kept, np.intp)]


def _next(waiting: NDArray[np.bool_], start: int) -> int:
    """The first index that waits, from `start` on; the length where none does."""
    first = int(waiting[start:].argmax()) if start < len(waiting) else 0
    return start + first if start < len(waiting) and waiting[start + first] else len(waiting)
