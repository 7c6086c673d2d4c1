"""What a finer stride costs, and what it gains."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, Pixels
from fcn_detect.detect.dense import level_pixels, score_level
from fcn_detect.geometry import Level

# Windows with the highest scores of each image whose surroundings are searched.
BEST_WINDOWS = 100


@dataclass(frozen=True)
class StrideReport:
    """One net at two strides on the same images.

    Attributes:
        stride: pixels between windows, the finer one.
        own_stride: the net's own.
        windows: number at the finer stride, all images together.
        own_windows: number at the net's own.
        times_as_long: time of a pass over the time of one at the own stride.
        rise: mean rise of the best logit near the `BEST_WINDOWS` best windows of each image,
            when all finer windows less than an own stride away may be chosen too.
    """

    stride: int
    own_stride: int
    windows: int
    own_windows: int
    times_as_long: float
    rise: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare_strides(
    finer: Backend, own: Backend, images: Sequence[tuple[str, Pixels, Level]], repeats: int = 3
) -> StrideReport:
    """The cost and the gain of a finer stride.

    Args:
        finer: the net at the finer stride.
        own: the same net at its own.
        images: name, RGB uint8 `(h, w, 3)`, and the level scored.
        repeats: passes timed of each, in turn; the median counts.
    """
    cells, own_cells, rises, ratios = 0, 0, [], []
    for _, image, level in images:
        fine, coarse = (score_level(backend, image, level).logits for backend in (finer, own))
        cells, own_cells = cells + fine[0].size, own_cells + coarse[0].size
        rises.append(_rise(fine[0], coarse[0], _ratio(own, finer)))
        ratios.append(_times_as_long(finer, own, level_pixels(image, level)[None], repeats))
    stride, own_stride = finer.header.stride_hw[0], own.header.stride_hw[0]
    rise = float(np.mean(rises)) if rises else 0.0
    return StrideReport(stride, own_stride, cells, own_cells, median(ratios), rise)


def _ratio(own: Backend, finer: Backend) -> tuple[int, int]:
    (own_h, own_w), (h, w) = own.header.stride_hw, finer.header.stride_hw
    return own_h // h, own_w // w


def _rise(fine: NDArray[np.float32], coarse: NDArray[np.float32], ratio: tuple[int, int]) -> float:
    """How much higher the best logit is near the best windows of the coarse map."""
    best = np.argsort(-coarse, axis=None)[:BEST_WINDOWS]
    rises = []
    for row, col in zip(*np.unravel_index(best, coarse.shape), strict=True):
        top, left = max(0, (row - 1) * ratio[0] + 1), max(0, (col - 1) * ratio[1] + 1)
        around = fine[top : (row + 1) * ratio[0], left : (col + 1) * ratio[1]]
        rises.append(float(around.max() - coarse[row, col]))
    return float(np.mean(rises))


def _times_as_long(finer: Backend, own: Backend, pixels: Pixels, repeats: int) -> float:
    """Median time of a pass at the finer stride over that at the own one, taken in turn."""
    times: dict[str, list[float]] = {"finer": [], "own": []}
    for _ in range(repeats):
        for name, backend in (("finer", finer), ("own", own)):
            start = time.perf_counter()
            backend.maps(pixels)
            times[name].append(time.perf_counter() - start)
    return median(times["finer"]) / median(times["own"])
