"""Detections that a fixed camera makes again and again at one spot: a branch, a post, a sign.

Boxes of one label, in images of one size and one folder, that overlap from image to image belong
to one spot. A spot seen in many images is marked; a person decides what it is.

Source: the idea of MegaDetector's repeat detection elimination, with means of boxes in place of
its groups of neighbours, and in one pass over the records.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import box_iou
from fcn_detect.results import ImageResult


class View(NamedTuple):
    """What spots have in common: the folder stands for a camera."""

    folder: str
    width: int
    height: int
    label: str


@dataclass(frozen=True)
class RepeatRule:
    """When detections are repeats.

    Attributes:
        images: number of images in which a spot must be seen.
        overlap: intersection over union, from which a box belongs to a spot.
        least_score: smallest score that counts.
        patience: images of a view after which a spot is forgotten, when it was not seen again
            and has not been seen often enough; it bounds memory and time.
    """

    images: int = 10
    overlap: float = 0.75
    least_score: float = 0.1
    patience: int = 2000


@dataclass(frozen=True)
class Spot:
    """A place at which a camera saw the same thing often.

    Attributes:
        view: folder, size of its images in pixels, label.
        box: mean of the boxes, x0, y0, x1, y1 in pixels.
        images: number of images it was seen in.
        best_score: the highest.
        first: name of the first image.
        last: name of the last image.
    """

    view: View
    box: tuple[float, float, float, float]
    images: int
    best_score: float
    first: str
    last: str


class RepeatFinder:
    """Takes the records of a run, in order, and tells the spots; see `RepeatRule`."""

    def __init__(self, rule: RepeatRule) -> None:
        self.rule = rule
        self._seen: dict[View, _Spots] = {}

    def see(self, result: ImageResult) -> None:
        """Takes one record; one that failed is as good as none."""
        for view, boxes, index in _by_view(result, self.rule.least_score):
            assert result.detections is not None
            scores = result.detections.scores[index]
            self._seen.setdefault(view, _Spots(self.rule)).see(boxes, scores, result.image)

    def spots(self) -> list[Spot]:
        """All spots seen in enough images, by folder, then those seen most."""
        found = [
            spots.spot(view, int(i))
            for view, spots in self._seen.items()
            for i in np.flatnonzero(spots.counts >= self.rule.images)
        ]
        return sorted(found, key=lambda spot: (spot.view.folder, -spot.images, spot.view, spot.box))


class SpotIndex:
    """Says of each detection to which of some spots it belongs."""

    def __init__(self, spots: list[Spot], overlap: float) -> None:
        self._overlap = overlap
        self._places: dict[View, list[int]] = {}
        for number, spot in enumerate(spots):
            self._places.setdefault(spot.view, []).append(number)
        self._boxes = np.array([spot.box for spot in spots], np.float64).reshape(-1, 4)

    def spots_of(self, result: ImageResult) -> NDArray[np.int64]:
        """For each detection of a record the number of its spot, -1 for none: `(n,)`."""
        numbers = np.full(len(result.detections or ()), -1, np.int64)
        for view, boxes, index in _by_view(result, 0.0):
            places = np.array(self._places.get(view, []), np.int64)
            if len(places):
                overlaps = box_iou(boxes, self._boxes[places])
                near = overlaps.max(axis=1) >= self._overlap
                numbers[index[near]] = places[overlaps.argmax(axis=1)[near]]
        return numbers


class _Spots:
    """The spots of one view, as far as it has been seen.

    Attributes:
        boxes: float64 `(n, 4)`, means so far.
        counts: int64 `(n,)`, images.
        best: float64 `(n,)`, highest scores.
        names: first and last image of each.
    """

    def __init__(self, rule: RepeatRule) -> None:
        self._rule, self._images = rule, 0
        self.boxes = np.zeros((0, 4))
        self.counts, self._last = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.best = np.zeros(0)
        self.names: list[tuple[str, str]] = []

    def spot(self, view: View, i: int) -> Spot:
        """One of them, as it is told to others."""
        x0, y0, x1, y1 = (round(float(value), 2) for value in self.boxes[i])
        count, best = int(self.counts[i]), float(self.best[i])
        return Spot(view, (x0, y0, x1, y1), count, best, *self.names[i])

    def see(self, boxes: NDArray[np.float64], scores: NDArray[np.float32], name: str) -> None:
        """Takes the boxes `(n, 4)` of one more image, best first."""
        self._images += 1
        if self._images % self._rule.patience == 0:
            self._forget()
        for box, score in zip(boxes, scores, strict=True):
            overlaps = box_iou(box[None], self.boxes)[0]
            overlaps[self._last == self._images] = 0  # an image counts once at a spot
            nearest = int(overlaps.argmax()) if len(overlaps) else -1
            if nearest >= 0 and overlaps[nearest] >= self._rule.overlap:
                self._join(nearest, box, float(score), name)
            else:
                self._begin(box, float(score), name)

    def _join(self, spot: int, box: NDArray[np.float64], score: float, name: str) -> None:
        self.counts[spot] += 1
        self.boxes[spot] += (box - self.boxes[spot]) / self.counts[spot]
        self.best[spot] = max(self.best[spot], score)
        self._last[spot] = self._images
        self.names[spot] = (self.names[spot][0], name)

    def _begin(self, box: NDArray[np.float64], score: float, name: str) -> None:
        self.boxes = np.concatenate([self.boxes, box[None]])
        self.counts = np.append(self.counts, 1)
        self._last = np.append(self._last, self._images)
        self.best = np.append(self.best, score)
        self.names.append((name, name))

    def _forget(self) -> None:
        fresh = self._last > self._images - self._rule.patience
        kept = np.flatnonzero(fresh | (self.counts >= self._rule.images))
        self.boxes, self.counts, self.best = self.boxes[kept], self.counts[kept], self.best[kept]
        self._last, self.names = self._last[kept], [self.names[i] for i in kept]


def _by_view(
    result: ImageResult, least_score: float
) -> list[tuple[View, NDArray[np.float64], NDArray[np.intp]]]:
    """The boxes of a record by what they share, `(m, 4)`, and their indices `(m,)`."""
    found = result.detections
    if found is None or result.width is None or result.height is None:
        return []
    folder = str(PurePosixPath(result.image).parent)
    labels = np.array(found.labels)
    groups = []
    for label in sorted(set(found.labels)):
        index = np.flatnonzero((labels == label) & (found.scores >= least_score))
        view = View(folder, result.width, result.height, label)
        groups.append((view, found.boxes[index].astype(np.float64), index))
    return groups
