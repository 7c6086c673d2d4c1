"""Where a detector goes wrong at one operating point, and how well its boxes sit."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.class_matches import ClassMatches
from fcn_detect.evaluate.matching import RIGHT, WRONG
from fcn_detect.geometry import box_areas, box_iou

OPERATING_FPPI: Final = 1.0
FOUND_IOU: Final = 0.5
NEAR_IOU: Final = 0.1
TIGHT_IOU: Final = 0.75


@dataclass(frozen=True)
class ErrorAnalysis:
    """What is found, missed and falsely reported with at most `fppi` false alarms per image.

    The false alarms are duplicates, badly placed ones and background; each is one of the three.
    Shares are in [0, 1], nan where there is nothing to share.

    Attributes:
        fppi: most false positives per image allowed.
        threshold: smallest score that is kept, nan where nothing is.
        found: number of objects found.
        missed: number of objects not found.
        missed_badly_placed: misses that some false alarm overlaps with an IoU in [0.1, 0.5).
        missed_badly_placed_share: the same as a share of all misses.
        false_alarms: number of detections that found nothing.
        duplicates: those that overlap an object found by a better one with an IoU of 0.5 or more.
        badly_placed: others that overlap some object with an IoU of 0.1 or more.
        background: the rest.
        at_edge: false alarms whose box comes nearer to the frame's left or right edge than half
            its width, or to the upper or lower edge than half its height: a window around it that
            is twice as large would reach outside the frame. Counted across the three kinds.
        mean_iou: of the right detections with the objects that they found.
        median_iou: likewise.
        tight_share: share of the right detections with an IoU of 0.75 or more.
    """

    fppi: float
    threshold: float
    found: int
    missed: int
    missed_badly_placed: int
    missed_badly_placed_share: float
    false_alarms: int
    duplicates: int
    badly_placed: int
    background: int
    at_edge: int
    mean_iou: float
    median_iou: float
    tight_share: float


def analyse_errors(
    matches: ClassMatches, sizes_wh: NDArray[np.float64], fppi: float = OPERATING_FPPI
) -> ErrorAnalysis:
    """Sorts a class's mistakes by kind; `sizes_wh` `(images, 2)` are the frames' in pixels.

    Source of the kinds: Hoiem, Chodpathumwan, Dai, "Diagnosing Error in Object Detectors",
    ECCV 2012, section 2 (localisation from IoU 0.1 on; duplicates are told apart here).
    """
    kept = matches.kept_at(fppi)
    found = matches.found_by(kept)
    wrong = kept & (matches.flags == WRONG)
    best_found, best_any, near_miss = _overlaps(matches, wrong, found)
    duplicates, near = best_found >= FOUND_IOU, best_any >= NEAR_IOU
    iou = _right_iou(matches, kept & (matches.flags == RIGHT))
    missed = matches.objects - int(found.sum())
    return ErrorAnalysis(
        fppi=fppi,
        threshold=float(matches.scores[kept].min()) if kept.any() else np.nan,
        found=int(found.sum()),
        missed=missed,
        missed_badly_placed=near_miss,
        missed_badly_placed_share=near_miss / missed if missed else np.nan,
        false_alarms=int(wrong.sum()),
        duplicates=int(duplicates.sum()),
        badly_placed=int((near & ~duplicates).sum()),
        background=int((~near & ~duplicates).sum()),
        at_edge=int(_at_edge(matches.boxes[wrong], sizes_wh[matches.image[wrong]]).sum()),
        mean_iou=float(iou.mean()) if len(iou) else np.nan,
        median_iou=float(np.median(iou)) if len(iou) else np.nan,
        tight_share=float((iou >= TIGHT_IOU).mean()) if len(iou) else np.nan,
    )


def _overlaps(
    matches: ClassMatches, wrong: NDArray[np.bool_], found: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Each false alarm's best IoU with a found object and with any; how many misses are near one.

    A false alarm never overlaps a missed object with an IoU of 0.5: it would have found it.
    """
    rows = np.flatnonzero(wrong)
    best_found, best_any, near_misses = np.zeros(len(rows)), np.zeros(len(rows)), 0
    objects = np.flatnonzero(~matches.ignore)
    images = matches.image[rows]
    for image in np.unique(images):
        here = _run(images, image)
        there = objects[_run(matches.true_image[objects], image)]
        iou = box_iou(
            matches.boxes[rows[here]].astype(np.float64),
            matches.true_boxes[there].astype(np.float64),
        )
        best_any[here] = iou.max(axis=1, initial=0)
        best_found[here] = iou[:, found[there]].max(axis=1, initial=0)
        near_misses += int((iou[:, ~found[there]].max(axis=0, initial=0) >= NEAR_IOU).sum())
    return best_found, best_any, near_misses


def _run(sorted_values: NDArray[np.intp], value: np.intp) -> slice:
    """Where a value stands in a sorted array."""
    return slice(*np.searchsorted(sorted_values, [value, value + 1]))


def _right_iou(matches: ClassMatches, right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`(k,)`: intersection over union of right detections with what they found."""
    boxes = matches.boxes[right].astype(np.float64)
    objects = matches.true_boxes[matches.true_index[right]].astype(np.float64)
    low, high = np.maximum(boxes[:, :2], objects[:, :2]), np.minimum(boxes[:, 2:], objects[:, 2:])
    shared = box_areas(np.concatenate([low, high], axis=1))
    return np.asarray(shared / (box_areas(boxes) + box_areas(objects) - shared), np.float64)


def _at_edge(boxes: NDArray[np.float32], sizes_wh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """`(n,)`: boxes `(n, 4)` nearer to an edge of their frame `(n, 2)` than half their size."""
    low, high = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    gaps = np.minimum(low, sizes_wh - high)  # (n, 2): across, down
    return np.asarray((gaps < (high - low) / 2).any(axis=1))
