"""Which detections of two searches of one image are the same object."""

from dataclasses import dataclass

import numpy as np

from fcn_detect.geometry import box_iou
from fcn_detect.results.detections import Detections

# Overlap, by intersection over union, from which two boxes of one label can be the same object.
SAME_OBJECT = 0.5


@dataclass(frozen=True)
class Pairing:
    """The detections of two searches, by their indices.

    Attributes:
        pairs: of the same object, those of the first search in order.
        first_alone: of the first search, those that the second has not.
        second_alone: likewise.
    """

    pairs: list[tuple[int, int]]
    first_alone: list[int]
    second_alone: list[int]


def pair_detections(first: Detections, second: Detections) -> Pairing:
    """Pairs of one label; the best of the first search chooses first, what overlaps it most."""
    overlaps = box_iou(first.boxes, second.boxes)
    overlaps[np.array(first.labels)[:, None] != np.array(second.labels)[None]] = 0
    pairs = []
    for i in range(len(first)):
        if len(second) and overlaps[i].max() >= SAME_OBJECT:
            pairs.append((i, int(overlaps[i].argmax())))
            overlaps[:, pairs[-1][1]] = 0
    paired, taken = {i for i, _ in pairs}, {j for _, j in pairs}
    return Pairing(
        pairs,
        [i for i in range(len(first)) if i not in paired],
        [j for j in range(len(second)) if j not in taken],
    )
