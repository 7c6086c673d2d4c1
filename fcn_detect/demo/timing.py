"""What dense evaluation saves: one pass against crop by crop, on the same windows."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fcn_detect.backends import Pixels
from fcn_detect.detect import classify_windows, level_pixels, level_plan, score_level


@dataclass(frozen=True)
class SpeedUp:
    """Median seconds for the same windows of one frame, measured in turns.

    Attributes:
        windows: number of windows.
        dense_s: one pass of the converted net, resizing included.
        window_s: the classifier on batches of the cut windows.
    """

    windows: int
    dense_s: float
    window_s: float

    @property
    def ratio(self) -> float:
        """How many times faster the dense pass is."""
        return self.window_s / self.dense_s


def time_dense_against_window(backend: Any, image: Pixels, repeats: int = 3) -> SpeedUp:
    """Times both on one frame at its own scale, RGB uint8 `(h, w, 3)`; both are warmed up."""
    level = level_plan(backend.header).level((image.shape[0], image.shape[1]), 1.0)
    grid = level.grid(backend.header.crop_hw, backend.header.stride_hw)
    score_level(backend, image, level)
    dense, window = [], []
    for _ in range(repeats):
        dense.append(_seconds(lambda: score_level(backend, image, level)))
        window.append(
            _seconds(lambda: classify_windows(backend.classify, level_pixels(image, level), grid))
        )
    windows = grid.size_hw[0] * grid.size_hw[1]
    return SpeedUp(windows, statistics.median(dense), statistics.median(window))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
