"""What closes the view: hills, rows of houses and lines of trees."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.buildings import draw_building
from fcn_detect.scenes.chance import between, happens, pick
from fcn_detect.scenes.plants import TREES
from fcn_detect.scenes.raster import Colour, Image, Sprite, hsv, smooth_noise
from fcn_detect.scenes.stages import Stage, Standing


def add_hills(rng: np.random.Generator, stage: Stage) -> None:
    """Paints hazy ridges along the horizon."""
    view, haze = stage.view, np.asarray(stage.light.haze)
    width = view.size_hw[1]
    for step in range(int(rng.integers(1, 4))):
        ridge = smooth_noise(rng, (1, width), (1, width / between(rng, 2, 6)), 4)[0]
        top = view.horizon - (0.6 + 0.4 * ridge - 0.15 * step) * 0.25 * view.horizon
        green = np.asarray(hsv(between(rng, 0.25, 0.6), 0.3, 0.45))
        colour = haze + (green - haze) * (0.3 + 0.18 * step)
        foot = view.horizon + 3
        points = [(0, foot), *enumerate(np.minimum(top, foot).tolist()), (width, foot)]
        cv2.fillPoly(stage.image, [np.rint(points).astype(np.int32)], _rgb(colour), cv2.LINE_AA)


def add_houses(rng: np.random.Generator, stage: Stage, share: float) -> None:
    """Adds a row of houses, each there with probability `share`, and the roofs behind them."""
    view = stage.view
    rows = 1 + min(4, int(0.3 * view.camera_height))
    for scale in np.linspace(1, 0.4, rows).tolist():
        _add_row(rng, stage, share, view.far_scale * scale)


def add_tree_line(rng: np.random.Generator, stage: Stage, density: float) -> None:
    """Adds trees at about the distance of the houses."""
    view = stage.view
    nearest, farthest = 1.25, (1.0 if view.camera_height < 3 else 0.4)
    count = int(
        density * between(rng, 0.5, 1.3) * view.size_hw[1] / view.far_scale / 3.2 / farthest
    )
    kinds = [pick(rng, TREES) for _ in range(int(rng.integers(1, 4)))]
    for _ in range(min(count, 120)):
        scale = view.far_scale * between(rng, farthest, nearest)
        at_xy = int(rng.integers(-20, view.size_hw[1] + 20)), round(view.row_at(scale))
        stage.things.append(Standing(pick(rng, kinds)(rng, scale, stage.light.side), at_xy))


def _add_row(rng: np.random.Generator, stage: Stage, share: float, scale: float) -> None:
    """Adds houses side by side where a metre is `scale` pixels, duller the farther they are."""
    view = stage.view
    x, row = -between(rng, 0, 8) * scale, round(view.row_at(scale))
    tall = int(rng.integers(2, 5))
    haze = 0.14 + 0.5 * (1 - scale / view.far_scale)
    while x < view.size_hw[1]:
        width = between(rng, 5.5, 13)
        if happens(rng, share):
            house = draw_building(rng, scale, width, max(1, tall + int(rng.integers(-1, 2))))
            hazy = cv2.addWeighted(house.rgb, 1 - haze, _veil(house, stage.light.haze), haze, 0)
            sprite = Sprite(np.asarray(hazy, np.uint8), house.alpha, house.origin_xy)
            stage.things.append(Standing(sprite, (round(x + width * scale / 2), row), False))
        x += (width + (between(rng, 0.5, 6) if happens(rng, 0.35) else 0)) * scale


def _veil(sprite: Sprite, haze: Colour) -> Image:
    veil = sprite.alpha[..., None] * (np.asarray(haze, np.float32) / 255)
    return np.asarray(veil, np.uint8)


def _rgb(colour: NDArray[np.float64]) -> Colour:
    return float(colour[0]), float(colour[1]), float(colour[2])
