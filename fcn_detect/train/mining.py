"""Photos without the object: random windows of them, and the false alarms found in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.detect import Detector, cut_windows, level_pixels
from fcn_detect.errors import DataError, ImageError
from fcn_detect.geometry import Border, PyramidPlan, ScoreGrid, plan_pyramid
from fcn_detect.images import add_border, find_images, read_image
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration, Progress
from fcn_detect.train.crop_set import Skipped
from fcn_detect.train.room import stacked

LONGEST_RUN = 8


@dataclass(frozen=True)
class Surroundings:
    """How much of a photo is cut out around a window, so that windows can be cut inside it again.

    Attributes:
        crop_hw: height and width of what is cut out.
        margins_hw: pixels above and left of the window.
    """

    crop_hw: tuple[int, int]
    margins_hw: tuple[int, int]

    def cut(
        self,
        pixels: NDArray[np.uint8],
        grid: ScoreGrid,
        rows: NDArray[np.integer],
        cols: NDArray[np.integer],
    ) -> NDArray[np.uint8]:
        """The windows of cells of a level and what lies around them; edge pixels are repeated."""
        top, left = self.margins_hw
        bottom, right = (
            crop - margin - window
            for crop, margin, window in zip(
                self.crop_hw, self.margins_hw, grid.crop_hw, strict=True
            )
        )
        wider = add_border(pixels, Border(top, left, bottom, right))
        return cut_windows(wider, replace(grid, crop_hw=self.crop_hw), rows, cols)


class _Stack:
    """Arrays put one behind the other, in memory that is taken once and used as it fills.

    Kept one by one among the large arrays that come and go with every photo, they would keep the
    memory between them from being used again.

    Args:
        shape: of one row.
        dtype: of its values.
        most: rows that there may be.
    """

    def __init__(self, shape: tuple[int, ...], dtype: type[np.generic], most: int) -> None:
        self._rows, self._count = np.empty((most, *shape), dtype), 0

    def add(self, rows: NDArray[Any]) -> None:
        """Puts `(n, *shape)` behind what is there."""
        self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    @property
    def rows(self) -> NDArray[Any]:
        """All of them, `(n, *shape)`."""
        return self._rows[: self._count]


@dataclass(frozen=True, eq=False)
class FalseAlarms:
    """What a detector found in photos without the object.

    Attributes:
        windows: their pixels, with what lies around them, uint8 `(n, *around.crop_hw, 3)`, best
            score first in each photo and level.
        logits: float32 `(n, outputs)` of the dense map.
        labels: int `(n,)` index of the label that each was given.
        photos: number searched.
        cells: windows scored, over all photos and levels.
    """

    windows: NDArray[np.uint8]
    logits: NDArray[np.float32]
    labels: NDArray[np.intp]
    photos: int
    cells: int

    def scores(self, calibration: Calibration) -> NDArray[np.float64]:
        """Probabilities of the labels given, `(n,)`."""
        shares = probabilities(self.logits.T, calibration)
        return np.asarray(shares[self.labels, np.arange(len(self.labels))])


def joined_alarms(shares: Sequence[FalseAlarms]) -> FalseAlarms:
    """The false alarms of several lists of photos, at least one, as if searched in turn."""
    if len(shares) == 1:
        return shares[0]
    return FalseAlarms(
        stacked([share.windows for share in shares]),
        np.concatenate([share.logits for share in shares]),
        np.concatenate([share.labels for share in shares]),
        sum(share.photos for share in shares),
        sum(share.cells for share in shares),
    )


def list_photos(folder: Path, held_back: float) -> tuple[list[Path], list[Path]]:
    """Photos to learn from, and photos held back, in runs of neighbours by name.

    Neighbouring photos often show one place, so every run is held back or used whole. Runs are of
    eight; of few photos of a tenth of them, or of as many as are to be held back or used.

    Raises:
        DataError: the folder does not exist or holds no images.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of photos without the object")
    photos = list(find_images([folder]))
    length = max(
        1, min(LONGEST_RUN, len(photos) // 10, int(min(held_back, 1 - held_back) * len(photos)))
    )
    used, held = list[Path](), list[Path]()
    for i, begin in enumerate(range(0, len(photos), length)):
        is_held = int(held_back * (i + 1) + 1e-9) > int(held_back * i + 1e-9)
        (held if is_held else used).extend(photos[begin : begin + length])
    return used, held


def random_windows(
    photos: Sequence[tuple[int, Path]],
    plan: PyramidPlan,
    per_photo: int,
    seed: int,
    around: Surroundings,
    progress: Progress,
) -> tuple[NDArray[np.uint8], list[Skipped]]:
    """Windows at random levels and places of each photo, its border included.

    Args:
        photos: each with its number, which with `seed` says where its windows are.
        plan: of the levels.
        per_photo: number of windows.
        seed: of what is random.
        around: how much is cut out around each window.
        progress: told of each photo.

    Returns:
        uint8 `(n, *around.crop_hw, 3)`, and the photos that could not be read.
    """
    windows = _Stack((*around.crop_hw, 3), np.uint8, per_photo * len(photos))
    skipped: list[Skipped] = []
    for done, (i, path) in enumerate(photos, 1):
        try:
            for some in _windows_of(read_image(path).pixels, plan, per_photo, [seed, i], around):
                windows.add(some)
        except ImageError as error:
            skipped.append(Skipped(path.as_posix(), error.kind, str(error)))
        progress("cutting windows from photos", done, len(photos))
    return windows.rows, skipped


def find_false_alarms(
    detector: Detector,
    photos: Sequence[Path],
    per_photo: int,
    around: Surroundings,
    progress: Progress,
) -> tuple[FalseAlarms, list[Skipped]]:
    """The best-scoring windows of photos that hold no object, and the photos skipped."""
    most = per_photo * len(photos)
    windows = _Stack((*around.crop_hw, 3), np.uint8, most)
    logits = _Stack((detector.header.outputs,), np.float32, most)
    labels = _Stack((), np.intp, most)
    skipped: list[Skipped] = []
    cells = alarms_found = 0
    for i, path in enumerate(photos):
        try:
            search = detector.search(path)
        except ImageError as error:
            skipped.append(Skipped(path.as_posix(), error.kind, str(error)))
            continue
        found = search.candidates.take(np.arange(min(per_photo, len(search.candidates))))
        alarms_found += len(found)
        for level in np.unique(found.levels):
            at = found.take(np.flatnonzero(found.levels == level))
            pixels = level_pixels(search.pixels, search.levels[level])
            grid = search.score_maps[level].grid
            windows.add(around.cut(pixels, grid, at.rows, at.cols))
            logits.add(search.score_maps[level].logits[:, at.rows, at.cols].T)
            labels.add(at.classes)
        cells += sum(score_map.logits[0].size for score_map in search.score_maps)
        progress("searching photos for false alarms", i + 1, len(photos), f"{alarms_found} found")
    alarms = FalseAlarms(
        windows.rows,
        logits.rows,
        labels.rows,
        len(photos) - len(skipped),
        cells,
    )
    return alarms, skipped


def _windows_of(
    image: NDArray[np.uint8],
    plan: PyramidPlan,
    count: int,
    seed: list[int],
    around: Surroundings,
) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    levels = plan_pyramid((image.shape[0], image.shape[1]), plan)
    if not levels:
        return
    for level_index, times in enumerate(rng.multinomial(count, [1 / len(levels)] * len(levels))):
        if times:
            level = levels[level_index]
            grid = level.grid(plan.crop_hw, plan.stride_hw)
            rows, cols = (rng.integers(0, size, times) for size in grid.size_hw)
            yield around.cut(level_pixels(image, level), grid, rows, cols)
