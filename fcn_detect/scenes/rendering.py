"""Crops to train on and whole scenes to search, with the true boxes of their dresses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.errors import SettingsError
from fcn_detect.geometry import box_areas, box_intersections, box_iou
from fcn_detect.scenes.backdrops import set_stage
from fcn_detect.scenes.camera import photograph
from fcn_detect.scenes.chance import between
from fcn_detect.scenes.dresses import Dress, draw_dress
from fcn_detect.scenes.raster import Image
from fcn_detect.scenes.stages import Stage, Standing

MAX_IOU = 0.1
"""Two dresses of one scene overlap less than this."""
_TRIES = 60


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture and where its dresses are.

    Attributes:
        image: uint8 RGB `(h, w, 3)`.
        boxes: float32 `(n, 4)`, x0, y0, x1, y1 of each dress in pixels, tight, wholly inside,
            from the nearest dress to the farthest.
    """

    image: Image
    boxes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Placed:
    """A dress, where it stands, and its box in image pixels."""

    standing: Standing
    box: NDArray[np.float32]


def render_scene(
    rng: np.random.Generator,
    size_hw: tuple[int, int],
    dresses: int,
    heights: tuple[float, float] = (48, 240),
) -> Scene:
    """A street, square or park with dresses in it, as a camera would see it.

    Dresses stand on the ground in perspective, so that the small ones are far away. Their
    heights are spread over the range so that each doubling holds as many; no two boxes have
    an IoU of 0.1 or more. No tree or furniture stands in front of a dress; where it is
    crowded, a nearer figure may reach over up to a quarter of a farther dress's box.

    Args:
        rng: decides everything else; the same state gives the same scene.
        size_hw: pixels.
        dresses: how many, 0 or more.
        heights: of the smallest and the tallest dress, pixels.

    Raises:
        SettingsError: the heights are not an ascending range from 16 px to 0.95 of the frame's
            height, or so many dresses do not fit the frame.
    """
    if dresses < 0 or not 16 <= heights[0] <= heights[1] <= 0.95 * size_hw[0]:
        raise SettingsError(
            f"{dresses} dresses {heights[0]:g} to {heights[1]:g} px tall in {size_hw[0]} rows: "
            f"expected 0 or more, of ascending heights from 16 to {0.95 * size_hw[0]:.0f} px"
        )
    stage = set_stage(rng, size_hw, heights)
    placed: list[_Placed] = []
    for height in spread_heights(rng, dresses, heights):
        placed.append(_place(rng, stage, draw_dress(rng, height, stage.light.side), placed))
    boxes = np.asarray([dress.box for dress in placed], np.float32).reshape(-1, 4)
    stage.things = [thing for thing in stage.things if not _hides(thing, placed)]
    stage.things += [dress.standing for dress in placed]
    return Scene(photograph(rng, stage.paint()), boxes)


def spread_heights(
    rng: np.random.Generator, count: int, heights: tuple[float, float]
) -> list[float]:
    """Heights from the tallest to the smallest, one at random in each equal ratio of the range."""
    low, high = np.log(heights)
    shares = (np.arange(count)[::-1] + rng.random(count)) / max(count, 1)
    return [float(height) for height in np.exp(low + (high - low) * shares)]


def _place(rng: np.random.Generator, stage: Stage, dress: Dress, others: list[_Placed]) -> _Placed:
    """The dress where it is free: first on the ground at its distance, then anywhere.

    Raises:
        SettingsError: there is no room left.
    """
    for attempt in range(4 * _TRIES):
        on_ground = attempt < 2 * _TRIES
        candidate = _try_place(rng, stage, dress, on_ground)
        if _is_free(candidate, others, gently=attempt < _TRIES):
            return candidate
    height, width = stage.view.size_hw
    raise SettingsError(
        f"no room for dress {len(others) + 1} in a frame of {width} x {height} px: "
        "ask for fewer or smaller dresses, or a larger frame"
    )


def _try_place(rng: np.random.Generator, stage: Stage, dress: Dress, on_ground: bool) -> _Placed:
    """The dress at a random place at which it is wholly inside the frame."""
    height, width = stage.view.size_hw
    x0, y0, x1, y1 = dress.box_xyxy
    left = int(rng.integers(0, max(1, width - (x1 - x0))))
    if on_ground:
        foot = stage.view.row_at(dress.pixels_per_metre * between(rng, 0.95, 1.1))
        top = round(foot) - dress.sprite.origin_xy[1] + y0
    else:
        top = int(rng.integers(0, height))
    top = min(max(top, 0), height - (y1 - y0))
    at_xy = left - x0 + dress.sprite.origin_xy[0], top - y0 + dress.sprite.origin_xy[1]
    box = np.array([left, top, left + x1 - x0, top + y1 - y0], np.float32)
    return _Placed(Standing(dress.sprite, at_xy), box)


def _is_free(candidate: _Placed, others: list[_Placed], gently: bool) -> bool:
    """Whether boxes stay apart and, when `gently`, no figure stands before another's dress."""
    if not others:
        return True
    boxes = np.stack([other.box for other in others])
    if (box_iou(boxes, candidate.box[None]) >= MAX_IOU).any():
        return False
    shared = max(_share_hidden(candidate.standing, other) for other in others)
    shared = max(shared, *(_share_hidden(other.standing, candidate) for other in others))
    return shared < (0.05 if gently else 0.25)


def _share_hidden(thing: Standing, dress: _Placed) -> float:
    """The share of a dress's box that lies behind a nearer thing's frame."""
    if thing.at_xy[1] < dress.standing.at_xy[1]:
        return 0.0
    frame = np.asarray([thing.box_xyxy], np.float32)
    return float(box_intersections(frame, dress.box[None])[0, 0] / box_areas(dress.box))


def _hides(thing: Standing, dresses: list[_Placed]) -> bool:
    """Whether a thing stands before any of the dresses."""
    return any(_share_hidden(thing, dress) > 0 for dress in dresses)
