"""Streets, squares and parks without dresses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.chance import between, pick
from fcn_detect.scenes.furniture import (
    draw_bench,
    draw_bin,
    draw_cone,
    draw_fountain,
    draw_lamp,
    draw_parasol,
    draw_post_box,
    draw_sign,
)
from fcn_detect.scenes.grounds import paint_sky
from fcn_detect.scenes.horizons import add_hills
from fcn_detect.scenes.layouts import lay_park, lay_square, lay_street
from fcn_detect.scenes.plants import TREES, draw_bush, draw_cypress, draw_fir, draw_leafy_tree
from fcn_detect.scenes.raster import Draw, Image
from fcn_detect.scenes.stages import Stage, Standing
from fcn_detect.scenes.vehicles import draw_car
from fcn_detect.scenes.views import Light, View, set_light, set_view

_PARK: tuple[Draw, ...] = (
    *TREES, draw_bush, draw_bush, draw_bench, draw_lamp, draw_bin, draw_cypress, draw_parasol,
    draw_fir,
)  # fmt: skip
_STREET: tuple[Draw, ...] = (
    draw_leafy_tree, draw_cypress, draw_lamp, draw_bin, draw_cone, draw_sign, draw_sign,
    draw_post_box, draw_bench, draw_parasol, draw_cone, draw_car,
)  # fmt: skip
_SQUARE: tuple[Draw, ...] = (
    draw_parasol, draw_parasol, draw_cypress, draw_lamp, draw_bench, draw_sign, draw_fountain,
    draw_bin, draw_leafy_tree, draw_post_box, draw_bush,
)  # fmt: skip
_PLACES = (lay_park, _PARK), (lay_street, _STREET), (lay_square, _SQUARE)


@dataclass(frozen=True, eq=False)
class Backdrop:
    """A finished picture without dresses.

    Attributes:
        image: uint8 RGB `(h, w, 3)`.
        boxes: float32 `(n, 4)`, x0, y0, x1, y1 of the things that stand in it, not clipped.
        view: the camera.
        light: the light.
    """

    image: Image
    boxes: NDArray[np.float32]
    view: View
    light: Light


def draw_backdrop(
    rng: np.random.Generator, size_hw: tuple[int, int], heights: tuple[float, float] = (48, 240)
) -> Backdrop:
    """A street, square or park in which dresses of these heights, pixels, could stand."""
    stage = set_stage(rng, size_hw, heights)
    boxes = np.asarray([thing.box_xyxy for thing in stage.things], np.float32).reshape(-1, 4)
    return Backdrop(stage.paint(), boxes, stage.view, stage.light)


def set_stage(
    rng: np.random.Generator, size_hw: tuple[int, int], heights: tuple[float, float]
) -> Stage:
    """Sky, ground and houses, and the list of trees, cars and furniture still to be painted."""
    view, light = set_view(rng, size_hw, heights), set_light(rng)
    image = np.empty((*size_hw, 3), np.uint8)
    paint_sky(rng, image, view, light)
    stage = Stage(image, view, light)
    add_hills(rng, stage)
    lay, crowd = pick(rng, _PLACES)
    lay(rng, stage)
    _scatter(rng, stage, crowd)
    return stage


def _scatter(rng: np.random.Generator, stage: Stage, kinds: tuple[Draw, ...]) -> None:
    """Adds things all over the ground, fewer and smaller ones near the camera."""
    view = stage.view
    height, width = view.size_hw
    count = round(between(rng, 7, 13) * (width * height / 2**19) ** 0.7)
    for _ in range(count):
        span = np.log(view.near_scale / (1.15 * view.far_scale))
        scale = 1.15 * view.far_scale * float(np.exp(span * rng.random() ** 1.3))
        draw = pick(rng, kinds)
        if draw in TREES and scale * 5 > 0.7 * height:
            draw = pick(rng, (draw_bush, draw_cone, draw_bench))
        at_xy = int(rng.integers(0, width)), round(view.row_at(scale))
        stage.things.append(Standing(draw(rng, scale, stage.light.side), at_xy))
