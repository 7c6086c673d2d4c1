"""Which scales of an image are searched, and how far the frame is widened at each."""

import math
from dataclasses import dataclass

from fcn_detect.geometry.grid import ScoreGrid


@dataclass(frozen=True)
class Border:
    """Level pixels by which the frame is widened on each side with its own edge pixels."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0


@dataclass(frozen=True)
class Level:
    """One scale of the image pyramid.

    Attributes:
        scale: level pixels per source pixel, the same on both axes.
        frame_hw: size of the resized frame, without its border.
        border: how far the frame is widened; it makes the level a whole number of strides.
    """

    scale: float
    frame_hw: tuple[int, int]
    border: Border

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width with the border, in level pixels."""
        height, width = self.frame_hw
        return (
            height + self.border.top + self.border.bottom,
            width + self.border.left + self.border.right,
        )

    def grid(self, crop_hw: tuple[int, int], stride_hw: tuple[int, int]) -> ScoreGrid:
        """The score grid of all windows wholly inside the level."""
        rows, cols = (
            (side - crop) // stride + 1
            for side, crop, stride in zip(self.size_hw, crop_hw, stride_hw, strict=True)
        )
        origin_xy = (-self.border.left, -self.border.top)
        return ScoreGrid((rows, cols), stride_hw, crop_hw, origin_xy, self.scale)


@dataclass(frozen=True)
class PyramidPlan:
    """What does not depend on the image: window, object, step and the sizes looked for.

    Attributes:
        crop_hw: height and width of a window.
        stride_hw: pixels between windows.
        object_box_xyxy: where the object sits inside a window, in crop pixels.
        min_height: height of the smallest object looked for, in source pixels.
        max_height: height of the largest; None means as tall as the frame.
        step: largest ratio between neighbouring scales, above 1.
        border: width of the border, in units of the window's margin around the object box.
        max_enlargement: largest scale that is ever used.
    """

    crop_hw: tuple[int, int]
    stride_hw: tuple[int, int]
    object_box_xyxy: tuple[float, float, float, float]
    min_height: float
    max_height: float | None = None
    step: float = 1.15
    border: float = 1.0
    max_enlargement: float = 4.0

    @property
    def object_height(self) -> float:
        """Height of the object inside a window, in crop pixels."""
        return self.object_box_xyxy[3] - self.object_box_xyxy[1]

    @property
    def largest_scale(self) -> float:
        """The scale of the first level, that of the smallest object, whatever the image."""
        return min(self.object_height / self.min_height, self.max_enlargement)

    def margins(self, most: float = math.inf) -> Border:
        """The border that every level gets at least, or one of at most so many margins."""
        crop_h, crop_w = self.crop_hw
        x0, y0, x1, y1 = self.object_box_xyxy
        top, left, bottom, right = (
            math.ceil(min(self.border, most) * margin)
            for margin in (y0, x0, crop_h - y1, crop_w - x1)
        )
        return Border(top, left, bottom, right)

    def smallest_scale(self, image_hw: tuple[int, int]) -> float:
        """The scale at which exactly one window fits the widened frame along one side.

        Of a border wider than the margins only these count: objects larger than the frame are
        not looked for.
        """
        margins = self.margins(most=1.0)
        free_h = self.crop_hw[0] - margins.top - margins.bottom
        free_w = self.crop_hw[1] - margins.left - margins.right
        return max(free_h / image_hw[0], free_w / image_hw[1])

    def level(self, image_hw: tuple[int, int], scale: float) -> Level:
        """The level of an image at a scale, its border rounded up to whole strides."""
        frame_hw = (
            max(1, math.floor(image_hw[0] * scale + 1e-6)),
            max(1, math.floor(image_hw[1] * scale + 1e-6)),
        )
        margins = self.margins()
        bottom = _whole_strides(
            frame_hw[0] + margins.top, margins.bottom, self.crop_hw[0], self.stride_hw[0]
        )
        right = _whole_strides(
            frame_hw[1] + margins.left, margins.right, self.crop_hw[1], self.stride_hw[1]
        )
        return Level(scale, frame_hw, Border(margins.top, margins.left, bottom, right))


def plan_pyramid(image_hw: tuple[int, int], plan: PyramidPlan) -> list[Level]:
    """The levels that find every object height in `[min_height, max_height]`.

    Scales fall from `object height / min_height` to the one at which the largest object fills
    the window's object box, or the last at which a window fits, in equal ratios of at most
    `plan.step`.

    Returns:
        Levels from the largest scale to the smallest; empty when no window fits the widened
        frame at the largest scale allowed.
    """
    largest = plan.largest_scale
    smallest = max(plan.smallest_scale(image_hw), 1e-6)
    if plan.max_height is not None:
        smallest = max(smallest, plan.object_height / plan.max_height)
    if smallest > largest * (1 + 1e-9):
        return []
    intervals = math.ceil(math.log(largest / smallest) / math.log(plan.step) - 1e-9)
    if intervals <= 0:
        return [plan.level(image_hw, largest)]
    ratio = (smallest / largest) ** (1 / intervals)
    return [plan.level(image_hw, largest * ratio**i) for i in range(intervals + 1)]


def count_windows(image_hw: tuple[int, int], plan: PyramidPlan) -> int:
    """Number of windows in all levels of an image of this size."""
    grids = [level.grid(plan.crop_hw, plan.stride_hw) for level in plan_pyramid(image_hw, plan)]
    return sum(grid.size_hw[0] * grid.size_hw[1] for grid in grids)


def _whole_strides(before: int, margin: int, crop: int, stride: int) -> int:
    """The margin, widened so that the windows end exactly at the level's edge."""
    free = before + margin - crop
    return margin + (-free if free < 0 else -free % stride)
