"""Arrays of boxes: float `(n, 4)`, each row x0, y0, x1, y1 in pixels, half-open."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[Any]


def box_areas(boxes_xyxy: Boxes) -> Boxes:
    """Areas in square pixels, `(n,)`; an inverted box has area 0."""
    sides: Boxes = np.clip(boxes_xyxy[..., 2:] - boxes_xyxy[..., :2], 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def box_intersections(a_xyxy: Boxes, b_xyxy: Boxes) -> Boxes:
    """Areas shared by every box of `a` and every box of `b`: `(n, 4), (m, 4)` -> `(n, m)`."""
    top_left = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])  # (n, m, 2)
    bottom_right = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])  # (n, m, 2)
    sides: Boxes = np.clip(bottom_right - top_left, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def box_iou(a_xyxy: Boxes, b_xyxy: Boxes) -> Boxes:
    """Intersection over union, in [0, 1]: `(n, 4), (m, 4)` -> `(n, m)`; 0 where both are empty."""
    shared = box_intersections(a_xyxy, b_xyxy)
    union = box_areas(a_xyxy)[:, None] + box_areas(b_xyxy)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def clip_boxes(boxes_xyxy: Boxes, image_hw: tuple[int, int]) -> Boxes:
    """The boxes' parts inside an image of `(height, width)` pixels, as a new `(n, 4)` array."""
    height, width = image_hw
    return np.clip(boxes_xyxy, 0, np.array([width, height, width, height], boxes_xyxy.dtype))


def wholes_of_parts(
    boxes_xyxy: Boxes, part_xyxy: tuple[float, float, float, float], whole_hw: tuple[int, int]
) -> Boxes:
    """The rectangles that have each box as their part, such as the window of an object box.

    Args:
        boxes_xyxy: `(n, 4)`.
        part_xyxy: where the part lies in a whole of size `whole_hw`; both sides above 0.
        whole_hw: height and width of the whole, in the part's unit.
    """
    x0, y0, x1, y1 = part_xyxy
    height, width = whole_hw
    units = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / np.array([x1 - x0, y1 - y0])  # (n, 2)
    top_left = boxes_xyxy[:, :2] - units * np.array([x0, y0])
    return np.concatenate([top_left, top_left + units * np.array([width, height])], axis=1)


def order_by_score(boxes_xyxy: Boxes, scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """Indices from the best score down; ties go by box, so that no input order matters."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    if (ranked[1:] != ranked[:-1]).all():  # as good as always, and five times as fast
        return order
    x0, y0, x1, y1 = boxes_xyxy.T
    return np.lexsort((y1, x1, y0, x0, -scores))
