"""Score maps to candidate boxes, and candidates to detections."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import apply_offsets, box_areas, clip_boxes, order_by_score
from fcn_detect.postprocess.nms import suppress
from fcn_detect.postprocess.probabilities import may_reach, probabilities
from fcn_detect.postprocess.voting import WEAKEST_VOTER, vote_boxes
from fcn_detect.results import Detections, ModelHeader, ScoreMap

# Candidates looked at in one group, strongest first: bounds the time on hostile images.
MAX_CANDIDATES = 20_000


@dataclass(frozen=True, eq=False)
class Candidates:
    """Cells that score high enough, as parallel arrays of length n.

    Attributes:
        boxes: float64 `(n, 4)` object boxes in source pixels, not clipped.
        scores: float64 `(n,)` calibrated probabilities.
        classes: int `(n,)` index into the model's labels.
        levels: int `(n,)` index of the score map.
        rows: int `(n,)` row of the cell.
        cols: int `(n,)` column of the cell.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.intp]
    levels: NDArray[np.intp]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp]) -> "Candidates":
        """Those of an index array, in its order."""
        return Candidates(*(getattr(self, f.name)[index] for f in fields(self)))

    @classmethod
    def join(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """All parts as one; at least one part."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def decode(score_maps: Sequence[ScoreMap], header: ModelHeader, keep: float) -> Candidates:
    """The cells of all maps and classes that score at least `keep`, with their object boxes.

    Of one class and map no more than the `MAX_CANDIDATES` best, and what ties with them.
    """
    return Candidates.join(
        [_decode_map(score_map, i, header, keep) for i, score_map in enumerate(score_maps)]
    )


@dataclass(frozen=True)
class Selection:
    """Which candidates stay.

    Attributes:
        overlap: above it, the weaker of two boxes is dropped.
        measure: of overlap: intersection over `union`, or over the `smaller` box.
        across_classes: whether boxes of different classes drop each other, too, as is right
            where one place shows one object.
        voting: intersection over union from which the boxes around one that stays have a vote on
            where it lies; None: it stays where it is.
        keep: smallest score that stays.
        limit: most candidates that stay.
    """

    overlap: float = 0.5
    measure: str = "union"
    across_classes: bool = False
    voting: float | None = None
    keep: float = 0.0
    limit: int = 1000

    @property
    def smallest_score(self) -> float:
        """Smallest score of a candidate that can change what stays."""
        return self.keep if self.voting is None else self.keep * WEAKEST_VOTER


def select(candidates: Candidates, classes: int, selection: Selection) -> Candidates:
    """The candidates that stay after suppression, best first, their boxes voted on."""
    one = np.zeros(len(candidates), int)
    groups = (one, 1) if selection.across_classes else (candidates.classes, classes)
    strongest = _strongest_by_group(candidates.scores, *groups)
    stay = [_select_of_group(candidates.take(members), selection) for members in strongest]
    joined = Candidates.join(stay)
    return joined.take(order_by_score(joined.boxes, joined.scores)[: selection.limit])


def to_detections(
    selected: Candidates, header: ModelHeader, image_hw: tuple[int, int]
) -> tuple[Detections, NDArray[np.intp]]:
    """Candidates as detections, clipped to the image; those wholly outside it are left out.

    Returns:
        The detections, best first, and for each the index of its candidate.
    """
    boxes = clip_boxes(selected.boxes, image_hw)
    index = np.flatnonzero(box_areas(boxes) > 0)
    labels = [header.labels[c] for c in selected.classes[index]]
    scores = selected.scores[index].astype(np.float32)
    return Detections(boxes[index].astype(np.float32), scores, labels), index


def _select_of_group(candidates: Candidates, selection: Selection) -> Candidates:
    # some may tie for the last place; sorted, so that the order in which they came is no matter
    candidates = candidates.take(
        order_by_score(candidates.boxes, candidates.scores)[:MAX_CANDIDATES]
    )
    worthy = candidates.take(np.flatnonzero(candidates.scores >= selection.keep))
    kept = suppress(
        worthy.boxes, worthy.scores, selection.overlap, selection.measure, selection.limit
    )
    stay = worthy.take(kept)
    if selection.voting is None:
        return stay
    voted = vote_boxes(
        stay.boxes, stay.scores, candidates.boxes, candidates.scores, selection.voting
    )
    return replace(stay, boxes=voted)


def _decode_map(score_map: ScoreMap, level: int, header: ModelHeader, keep: float) -> Candidates:
    calibration = header.calibration
    classes, rows, cols = np.nonzero(may_reach(score_map.logits, calibration, keep))
    shares = probabilities(score_map.logits[:, rows, cols], calibration)  # (labels, n)
    scores = shares[classes, np.arange(len(classes))]
    reach = np.flatnonzero(scores >= keep)
    strongest = _strongest_by_group(scores[reach], classes[reach], len(header.labels))
    reach = reach[np.sort(np.concatenate(strongest))]
    classes, rows, cols, scores = classes[reach], rows[reach], cols[reach], scores[reach]
    boxes = score_map.grid.parts_xyxy(rows, cols, header.object_box)
    boxes = apply_offsets(boxes, score_map.offsets[:, rows, cols].T, header.offsets)
    return Candidates(boxes, scores, classes, np.full(len(rows), level), rows, cols)


def _strongest_by_group(
    scores: NDArray[np.float64], group: NDArray[np.intp], groups: int
) -> list[NDArray[np.intp]]:
    """For each of the groups 0, 1, ... the indices of its `MAX_CANDIDATES` best, and their ties."""
    strongest = []
    for members in (np.flatnonzero(group == g) for g in range(groups)):
        if len(members) > MAX_CANDIDATES:
            least = np.partition(scores[members], -MAX_CANDIDATES)[-MAX_CANDIDATES]
            members = members[scores[members] >= least]
        strongest.append(members)
    return strongest
