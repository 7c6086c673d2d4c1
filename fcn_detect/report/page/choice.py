"""Which images a page shows, where a run has more than a browser should hold."""

import hashlib
import heapq
from dataclasses import dataclass

from fcn_detect.results import ImageResult, pair_detections


@dataclass
class Choice:
    """The images with the highest ranks, and how many there were.

    Memory grows with `limit`, not with the run.

    Attributes:
        limit: most images that are shown.
        total: images seen.
        failed: images that failed among them.
    """

    limit: int
    total: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        self._best: list[tuple[tuple[float, ...], int]] = []

    def see(self, rank: tuple[float, ...], failed: bool) -> None:
        """Takes the next image, in the order of the records."""
        entry = (rank, -self.total)  # of equal ranks the first stays
        self.total += 1
        self.failed += failed
        if len(self._best) < self.limit:
            heapq.heappush(self._best, entry)
        else:
            heapq.heappushpop(self._best, entry)

    def numbers(self) -> set[int]:
        """Of the images chosen, counted from 0 in the order of the records."""
        return {-position for _, position in self._best}


def rank_by_score(result: ImageResult) -> tuple[float, ...]:
    """Higher for a better best score; images with nothing come before those that failed."""
    if result.detections is None:
        return (-2.0,)
    return (float(result.detections.scores.max(initial=-1.0)),)


def rank_by_chance(result: ImageResult) -> tuple[float, ...]:
    """As good as random, and the same each time: from the image's name."""
    digest = hashlib.sha256(result.image.encode("utf-8", "surrogatepass")).digest()
    return (float(int.from_bytes(digest[:6], "big")),)


def rank_by_difference(
    result: ImageResult, other: ImageResult | None, threshold: float
) -> tuple[float, ...]:
    """Higher for more detections, shown at a threshold, that only one of two searches has."""
    return (float(differences(result, other, threshold)), *rank_by_score(result))


def differences(result: ImageResult, other: ImageResult | None, threshold: float) -> int:
    """Number of detections that are shown of one search and not of the other."""
    if result.detections is None or other is None or other.detections is None:
        return 0
    first, second = result.detections.above(threshold), other.detections.above(threshold)
    return len(first) + len(second) - 2 * len(pair_detections(first, second).pairs)
