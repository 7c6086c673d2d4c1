"""Candidates that come in many parts, in bounded memory."""

import numpy as np

from fcn_detect.geometry import order_by_score
from fcn_detect.postprocess.decode import MAX_CANDIDATES, Candidates


class CandidatePool:
    """Collects candidates part by part, and keeps those that can still be selected.

    `select` looks at the `MAX_CANDIDATES` best of a class, ties going by box. Those of all parts
    are among those of each part, so that all others are dropped on the way and the selection
    is the same.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._parts: list[Candidates] = []
        self._waiting = 0

    def add(self, part: Candidates) -> None:
        """Takes the candidates of one more part."""
        if not len(part) and self._parts:
            return
        self._parts.append(part)
        self._waiting += len(part)
        if self._waiting > MAX_CANDIDATES:
            self._drop()

    def candidates(self) -> Candidates:
        """Those kept, at most `MAX_CANDIDATES` a class; there must have been a part."""
        self._drop()
        return self._parts[0]

    def _drop(self) -> None:
        """Leaves one part, with the best of each class."""
        joined = Candidates.join(self._parts)
        members = (np.flatnonzero(joined.classes == c) for c in range(self._classes))
        best = [
            own[order_by_score(joined.boxes[own], joined.scores[own])[:MAX_CANDIDATES]]
            for own in members
        ]
        self._parts = [joined.take(np.concatenate(best))]
        self._waiting = 0
