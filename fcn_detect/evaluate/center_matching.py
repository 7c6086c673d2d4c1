"""Which detections are right where centres and widths decide, not overlap: the UIUC cars' rule.

Source: Agarwal, Awan, Roth, "Learning to Detect Objects in Images via a Sparse, Part-Based
Representation", TPAMI 26(11), 2004, section 5.2, and the README of their data set.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.matching import RIGHT, WRONG, Boxes, Matches
from fcn_detect.geometry import order_by_score

TOLERANCE: Final = 0.25  # half-axes of the ellipse, as a share of the true box's sides


def match_centers(
    boxes: Boxes, scores: NDArray[np.floating], true_boxes: Boxes, *, widths: bool
) -> Matches:
    """Compares detections `(n, 4)`, `(n,)` with the true boxes `(m, 4)` of one image.

    A detection fits a true box when its `center_distances` is at most 1. The best score chooses
    first, equal ones by box; it takes the nearest true box that it fits and that is still free.
    A further detection of an object is wrong.

    Args:
        boxes: of the same kind as the true ones; not clipped to the image, as that moves centres.
        scores: `(n,)`.
        true_boxes: `(m, 4)`, with area.
        widths: whether the widths must agree too: the rule of the multi-scale set.
    """
    distances = center_distances(boxes, true_boxes, widths=widths)
    flags = np.full(len(boxes), WRONG, np.int8)
    true_index = np.full(len(boxes), -1, np.int64)
    near = np.any(distances <= 1, axis=1)  # (n,); the others stay wrong
    order = order_by_score(boxes, scores)
    for i in order[near[order]]:
        choice = int(np.argmin(distances[i]))
        if distances[i, choice] <= 1:
            flags[i], true_index[i] = RIGHT, choice
            distances[:, choice] = np.inf
    return Matches(flags, true_index)


def center_distances(boxes: Boxes, true_boxes: Boxes, *, widths: bool) -> NDArray[np.float64]:
    """Squared distances `(n, m)` in units of the half-axes: at most 1 inside the ellipse.

    The half-axes are a quarter of the true box's height and width; with `widths`, the difference
    of the two widths is a third axis, of a quarter of the true width.
    """
    found, true = (np.asarray(b, np.float64).reshape(-1, 4) for b in (boxes, true_boxes))
    found_sides, true_sides = (b[:, 2:] - b[:, :2] for b in (found, true))
    centers = (found[:, None, :2] + found[:, None, 2:] - true[None, :, :2] - true[None, :, 2:]) / 2
    axes = TOLERANCE * true_sides  # (m, 2): x, y
    distances = np.square(centers / axes).sum(axis=2)
    if widths:
        differences = found_sides[:, None, 0] - true_sides[None, :, 0]
        distances += np.square(differences / axes[:, 0])
    return np.asarray(distances, np.float64)
