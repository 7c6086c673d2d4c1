"""What the page holds of one image, as the page's scripts read it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.formats.rows import rounded_length, rounded_score
from fcn_detect.report.page.pictures import Drawn
from fcn_detect.results import Detections, ImageResult, pair_detections

_NONE = -1


class EntryWriter:
    """Makes entries of records.

    Attributes:
        labels: of all detections; an entry names a label by its place. Grows as labels come.
        keep: smallest score that entries hold.
    """

    def __init__(self, labels: Sequence[str], keep: float) -> None:
        self.labels, self.keep = list(labels), keep

    def entry(
        self,
        result: ImageResult,
        drawn: Drawn,
        spots: NDArray[np.int64],
        other: ImageResult | None = None,
    ) -> dict[str, Any]:
        """An image, its detections, and those of the same image in another run.

        A detection is a list: label's number, score, x0, y0, x1, y1, spot (-1: none), and its
        partner's place among the other run's detections (-1: none).

        Args:
            result: the record.
            drawn: its pictures.
            spots: the repeat that each detection belongs to, -1 for none: `(n,)`.
            other: the other run's record.
        """
        entry: dict[str, Any] = {"name": result.image}
        if result.width is not None:
            entry["size"] = [result.width, result.height]
        if drawn.taken:
            entry["taken"] = drawn.taken
        if drawn.picture:
            entry["picture"] = True
        if drawn.note or result.warnings:
            entry["notes"] = [*result.warnings, *([drawn.note] if drawn.note else [])]
        if result.failure is not None:
            entry["failure"] = [result.failure.kind, result.failure.message]
            return entry
        found = self._kept(result)
        partners, beside = self._beside(found, other)
        entry["found"] = self._rows(found, spots[: len(found)], partners)
        if beside is not None:
            entry["beside"] = beside
        return entry

    def _kept(self, result: ImageResult) -> Detections:
        """Those of a record that entries hold: the first ones, as records are sorted by score."""
        return result.found.above(self.keep)

    def _beside(
        self, found: Detections, other: ImageResult | None
    ) -> tuple[Iterable[int], list[list[float]] | None]:
        """The partner of each detection, and the other run's detections."""
        partners = np.full(len(found), _NONE)
        if other is None or other.detections is None:
            return partners, None
        theirs = self._kept(other)
        owners = np.full(len(theirs), _NONE)
        for i, j in pair_detections(found, theirs).pairs:
            partners[i], owners[j] = j, i
        return partners, self._rows(theirs, np.full(len(theirs), _NONE), owners)

    def _rows(
        self, found: Detections, spots: NDArray[np.int64], partners: Iterable[int]
    ) -> list[list[float]]:
        rows = []
        for (box, score, label), spot, partner in zip(found, spots, partners, strict=True):
            if label not in self.labels:
                self.labels.append(label)
            sides = (rounded_length(float(value)) for value in box)
            number = self.labels.index(label)
            rows.append([number, rounded_score(score), *sides, int(spot), int(partner)])
        return rows
