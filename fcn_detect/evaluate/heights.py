"""Evaluation of one range of heights, as the Caltech pedestrian benchmark does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import SettingsError
from fcn_detect.evaluate.pairs import ImagePair
from fcn_detect.results import Detections

EXPANSION: Final = 1.25


@dataclass(frozen=True)
class HeightRange:
    """Heights of at least `low` and less than `high` pixels.

    Raises:
        SettingsError: the range is empty.
    """

    low: float = 0.0
    high: float = np.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise SettingsError(
                f"the smallest height, {self.low:g} px, must be below the largest, {self.high:g} px"
            )

    def holds(self, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        """`(n,)`: which boxes `(n, 4)` have such a height."""
        heights = boxes[:, 3].astype(np.float64) - boxes[:, 1]
        return np.asarray((heights >= self.low) & (heights < self.high))

    def expanded(self) -> "HeightRange":
        """The range widened by 1.25 at either end."""
        return HeightRange(self.low / EXPANSION, self.high * EXPANSION)


def within_heights(pairs: Sequence[ImagePair], heights: HeightRange) -> list[ImagePair]:
    """The pairs of an evaluation of these heights only.

    True boxes of other heights become ignored ones. Detections outside the expanded range are
    left out before anything is matched; those inside it may find any object of the range.

    Source: Dollár, Wojek, Schiele, Perona, "Pedestrian Detection: An Evaluation of the State of
    the Art", TPAMI 34(4), 2012, section 3.3, "expanded filtering" with r = 1.25; `filterGtFun` and
    `evalAlgs` in dbEval.m of the Caltech pedestrian code.
    """
    return [_within(pair, heights) for pair in pairs]


def _within(pair: ImagePair, heights: HeightRange) -> ImagePair:
    found, truth = pair.found, pair.truth
    keep = np.flatnonzero(heights.expanded().holds(found.boxes))
    labels = [found.labels[i] for i in keep]
    ignore = truth.ignore | ~heights.holds(truth.boxes)
    return replace(
        pair,
        found=Detections(found.boxes[keep], found.scores[keep], labels),
        truth=replace(truth, ignore=ignore),
    )
