"""One class of a whole set of images: what became of every detection and every true box."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.evaluate.matching import RIGHT, WRONG, Matches, match_detections
from fcn_detect.evaluate.miss_rate import MissRateCurve, miss_rate_curve
from fcn_detect.evaluate.pairs import ImagePair
from fcn_detect.results import Progress, silent

TOLD_EVERY: Final = 1000


@dataclass(frozen=True, eq=False)
class ClassMatches:
    """The detections and true boxes of all images, one image after the other.

    Attributes:
        images: number of images, those without objects included.
        image: intp `(n,)`, the image of each detection; never falls.
        boxes: float32 `(n, 4)`.
        scores: float32 `(n,)`; within an image never rising.
        flags: int8 `(n,)`: 1 found an object, 0 found none, -1 leaves all counts.
        true_index: intp `(n,)`, row of the true box that was found or lies below; -1 where none.
        true_image: intp `(m,)`, the image of each true box; never falls.
        true_boxes: float32 `(m, 4)`.
        ignore: bool `(m,)`.
    """

    images: int
    image: NDArray[np.intp]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    flags: NDArray[np.int8]
    true_index: NDArray[np.intp]
    true_image: NDArray[np.intp]
    true_boxes: NDArray[np.float32]
    ignore: NDArray[np.bool_]

    @property
    def objects(self) -> int:
        """Number of objects to find, without ignored ones."""
        return int((~self.ignore).sum())

    def curve(self) -> MissRateCurve:
        """The miss rate against false positives per image."""
        return miss_rate_curve(self.flags, self.scores, self.images, self.objects)

    @cached_property
    def ranking(self) -> NDArray[np.intp]:
        """Indices of the detections that count, best first; equal ones keep their order."""
        counted = np.flatnonzero(self.flags >= 0)
        return counted[np.argsort(-self.scores[counted], kind="stable")]

    def kept_at(self, fppi: float) -> NDArray[np.bool_]:
        """`(n,)`: the best detections that count, with at most `fppi` false ones per image.

        They are those up to the point of the curve that `recall_at` reads.
        """
        false = np.cumsum(self.flags[self.ranking] == WRONG) / self.images
        kept = np.zeros(len(self.flags), np.bool_)
        kept[self.ranking[: np.searchsorted(false, fppi, side="right")]] = True
        return kept

    def found_by(self, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`(m,)`: the true boxes that the kept detections `(n,)` found."""
        found = np.zeros(len(self.ignore), np.bool_)
        found[self.true_index[kept & (self.flags == RIGHT)]] = True
        return found


def match_class(
    pairs: Sequence[ImagePair], label: str, progress: Progress = silent
) -> ClassMatches:
    """One class's detections, each matched with the true boxes of its image.

    `progress` is told of every thousandth image.
    """
    found = [pair.found_of(label) for pair in pairs]
    boxes, ignore = zip(*(pair.truth_of(label) for pair in pairs), strict=True)
    matches = []
    for number, (d, b, i) in enumerate(zip(found, boxes, ignore, strict=True), start=1):
        matches.append(match_detections(d.boxes, d.scores, b, i))
        if len(pairs) >= TOLD_EVERY and (number % TOLD_EVERY == 0 or number == len(pairs)):
            progress(f"matching {label}", number, len(pairs))
    numbers = np.arange(len(pairs))
    return ClassMatches(
        images=len(pairs),
        image=np.repeat(numbers, [len(d) for d in found]),
        boxes=np.concatenate([d.boxes for d in found]),
        scores=np.concatenate([d.scores for d in found]),
        flags=np.concatenate([m.flags for m in matches]),
        true_index=_pooled_index(matches, [len(i) for i in ignore]),
        true_image=np.repeat(numbers, [len(i) for i in ignore]),
        true_boxes=np.concatenate(boxes),
        ignore=np.concatenate(ignore),
    )


def _pooled_index(matches: Sequence[Matches], counts: Sequence[int]) -> NDArray[np.intp]:
    """Each image's `true_index`, counted through all images; `counts` true boxes an image."""
    starts = np.cumsum([0, *counts[:-1]])
    moved = [
        np.where(m.true_index < 0, -1, m.true_index + start)
        for m, start in zip(matches, starts, strict=True)
    ]
    return np.concatenate(moved).astype(np.intp)
