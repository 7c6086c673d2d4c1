"""Whether scores mean what they say: among objects scored 0.7, seven of ten should be objects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Scores and what they turned out to be, in bins of as many windows each.

    Attributes:
        scores: `(bins,)` mean score of each bin.
        shares: `(bins,)` share of objects among its windows.
        weights: `(bins,)` what each bin weighs, 1 together.
    """

    scores: NDArray[np.float64]
    shares: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error: the weighted mean of |score - share|, in [0, 1]."""
        return float((self.weights * np.abs(self.scores - self.shares)).sum())


def measure_reliability(
    scores: NDArray[np.floating], classes: NDArray[np.int64], background: int, bins: int = BINS
) -> Reliability:
    """How far scores lie from the shares of objects.

    The background weighs as much as all objects together, and the classes of objects alike.

    Args:
        scores: `(n,)` probability that a window shows an object.
        classes: `(n,)` what each window shows; both objects and background must occur.
        background: its index among the classes.
        bins: number of bins, each of as many windows, to one; fewer where there are fewer windows.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with
    bins of equal counts (Nguyen and O'Connor, EMNLP 2015).
    """
    is_object = classes != background
    counts = np.bincount(classes)
    objects = np.count_nonzero(np.delete(counts, background))
    weights = np.where(is_object, 0.5 / objects, 0.5) / counts[classes]
    order = np.lexsort((is_object, scores))
    parts = [part for part in np.array_split(order, bins) if len(part)]
    weight = np.array([weights[part].sum() for part in parts])
    score = np.array([np.average(scores[part], weights=weights[part]) for part in parts])
    share = np.array([weights[part][is_object[part]].sum() for part in parts]) / weight
    return Reliability(score, share, weight)
