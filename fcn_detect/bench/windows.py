"""All windows of one level of a frame: in one dense pass, as batched crops, one by one."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import Backend, Pixels
from fcn_detect.bench.arithmetic import MacCounter
from fcn_detect.bench.turns import Times, Work
from fcn_detect.detect import cut_windows, level_pixels, score_level
from fcn_detect.geometry import Level, ScoreGrid

BATCH = 256
# Windows that are really classified; where a level has more, a random sample stands for all.
MOST_BATCHED, MOST_ALONE = 32 * BATCH, 64


@dataclass(frozen=True)
class Way:
    """One way to score all windows of a level.

    Attributes:
        way: its name.
        seconds: for all windows.
        measured: windows that were really scored; the seconds are in proportion.
    """

    way: str
    seconds: float
    measured: int


@dataclass(frozen=True)
class DenseAgainstCrops:
    """The same net on the same windows of one level at scale 1.

    Attributes:
        backend: that ran all of it.
        size_hw: height and width of the level with its border.
        windows: number of them.
        dense: one pass; in strips where the level is too large for one.
        crops: the other ways.
        dense_macs: multiplications of the dense pass; None where they cannot be counted.
        crop_macs: of all windows, crop by crop.
    """

    backend: str
    size_hw: tuple[int, int]
    windows: int
    dense: Way
    crops: list[Way]
    dense_macs: int | None
    crop_macs: int | None

    @property
    def faster(self) -> float:
        """How many times faster the dense pass is than the fastest way of batched crops."""
        batched = [way.seconds for way in self.crops if way.way != ONE_BY_ONE]
        return min(batched) / self.dense.seconds

    @property
    def less_arithmetic(self) -> float | None:
        """How many times fewer multiplications it takes."""
        if self.dense_macs is None or self.crop_macs is None:
            return None
        return self.crop_macs / self.dense_macs

    def to_dict(self) -> dict[str, Any]:
        """For JSON; sizes are written as [width, height], times are seconds."""
        return {
            "backend": self.backend,
            "size": list(self.size_hw[::-1]),
            "windows": self.windows,
            "dense_s": self.dense.seconds,
            "crops": [asdict(way) for way in self.crops],
            "faster": self.faster,
            "dense_macs": self.dense_macs,
            "crop_macs": self.crop_macs,
            "less_arithmetic": self.less_arithmetic,
        }


DENSE, BATCHED, TRAINED, ONE_BY_ONE = (
    "dense",
    f"crops in batches of {BATCH}",
    f"crops in batches of {BATCH}, classifier as trained",
    "crops one by one",
)


class WindowBench:
    """The works of `DenseAgainstCrops`, to be timed among others.

    Where a backend has the unconverted classifier too, its batches are one more way. In all
    others the converted net itself gets images of one window.
    """

    def __init__(self, backend: Backend, image: Pixels, level: Level) -> None:
        self.backend, self.image, self.level = backend, image, level
        self.grid = level.grid(backend.header.crop_hw, backend.header.stride_hw)
        self.windows = self.grid.size_hw[0] * self.grid.size_hw[1]
        self._pixels = level_pixels(image, level)
        sample = np.random.default_rng(0).permutation(self.windows)
        self._cells = {n: np.sort(sample[:n]) for n in (MOST_BATCHED, MOST_ALONE)}

    def works(self) -> dict[str, Work]:
        """What is to be timed."""
        works: dict[str, Work] = {
            DENSE: lambda: score_level(self.backend, self.image, self.level),
            BATCHED: lambda: self._classify(self.backend.maps, MOST_BATCHED, BATCH),
            ONE_BY_ONE: lambda: self._classify(self.backend.maps, MOST_ALONE, 1),
        }
        classify = getattr(self.backend, "classify", None)
        if classify is not None:
            works[TRAINED] = lambda: self._classify(classify, MOST_BATCHED, BATCH)
        return works

    def result(self, times: Times, count: MacCounter | None) -> DenseAgainstCrops:
        """What the times say."""
        ways = [
            Way(name, times[name] * self.windows / measured, measured)
            for name, measured in self._measured().items()
        ]
        dense_macs = None if count is None else count(self.level.size_hw)
        crop_macs = None if count is None else count(self.grid.crop_hw) * self.windows
        return DenseAgainstCrops(
            self.backend.name,
            self.level.size_hw,
            self.windows,
            ways[0],
            ways[1:],
            dense_macs,
            crop_macs,
        )

    def _measured(self) -> dict[str, int]:
        batched, alone = len(self._cells[MOST_BATCHED]), len(self._cells[MOST_ALONE])
        counts = {DENSE: self.windows, BATCHED: batched}
        if hasattr(self.backend, "classify"):
            counts[TRAINED] = batched
        return {**counts, ONE_BY_ONE: alone}

    def _classify(self, classify: Callable[[Pixels], object], most: int, batch: int) -> None:
        for crops in _batches(self._pixels, self.grid, self._cells[most], batch):
            classify(crops)


def _batches(
    pixels: Pixels, grid: ScoreGrid, cells: NDArray[np.int64], batch: int
) -> Iterator[Pixels]:
    """Cut windows of cells, given by their number in reading order."""
    for i in range(0, len(cells), batch):
        rows, cols = np.divmod(cells[i : i + batch], grid.size_hw[1])
        yield cut_windows(pixels, grid, rows, cols)
