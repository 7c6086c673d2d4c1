"""The user's own frames: what 8-bit ranges are taken from, and what their cost is measured on."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from fcn_detect.backends import Pixels
from fcn_detect.detect import Detector, level_pixels
from fcn_detect.errors import DataError, ImageError
from fcn_detect.geometry import Level, plan_pyramid
from fcn_detect.images import find_images, read_image


@dataclass(frozen=True)
class Frame:
    """One readable image.

    Attributes:
        path: of its file.
        name: its path below the folder, with forward slashes.
        size_hw: height and width.
    """

    path: Path
    name: str
    size_hw: tuple[int, int]

    def pixels(self) -> Pixels:
        """RGB uint8 `(h, w, 3)`."""
        return _pixels(self.path)


def find_frames(folder: Path) -> list[Frame]:
    """Every image in a folder and below that can be read.

    Raises:
        DataError: there is no such folder, or none of its images can be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of images (--calibration)")
    frames = [frame for path in find_images([folder]) if (frame := _frame(folder, path))]
    if not frames:
        raise DataError(f"{folder}: none of its images can be read (--calibration)")
    return frames


def _frame(folder: Path, path: Path) -> Frame | None:
    try:
        height, width = read_image(path).pixels.shape[:2]
    except ImageError:
        return None
    return Frame(path, path.relative_to(folder).as_posix(), (height, width))


@lru_cache(maxsize=1)
def _pixels(path: Path) -> Pixels:
    return read_image(path).pixels


@dataclass(frozen=True)
class LevelOfFrame:
    """What the net sees of a frame in one pass."""

    frame: Frame
    level: Level

    def pixels(self) -> Pixels:
        """The level with its border, RGB uint8 `(h, w, 3)`."""
        return level_pixels(self.frame.pixels(), self.level)


def calibration_levels(
    frames: Iterable[Frame], detector: Detector, most: int, largest: int
) -> list[LevelOfFrame]:
    """Levels that detection would score, spread evenly over the frames and their scales.

    Args:
        frames: to take them from.
        detector: whose pyramids count.
        most: number of levels.
        largest: most pixels of a level.

    Raises:
        DataError: no window fits into any of the frames.
    """
    levels = [
        LevelOfFrame(frame, level)
        for frame in frames
        for level in plan_pyramid(frame.size_hw, detector.plan)
        if level.size_hw[0] * level.size_hw[1] <= largest
    ]
    if not levels:
        raise DataError("no window fits into any frame of --calibration; lower --min-height")
    chosen = np.linspace(0, len(levels) - 1, min(most, len(levels))).astype(int)
    return [levels[i] for i in chosen]
