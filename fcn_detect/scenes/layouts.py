"""The three kinds of place: park, square and street."""

import cv2
import numpy as np

from fcn_detect.scenes.chance import between, happens
from fcn_detect.scenes.grounds import (
    asphalt,
    grass,
    kerb_colour,
    paint_ground,
    paving,
    strip,
    winding,
)
from fcn_detect.scenes.horizons import add_houses, add_tree_line
from fcn_detect.scenes.stages import Stage, Standing
from fcn_detect.scenes.vehicles import draw_car


def lay_park(rng: np.random.Generator, stage: Stage) -> None:
    """Paints a lawn with one or two winding paths, and adds trees and some houses."""
    surface, green = grass(rng)
    paint_ground(stage.image, stage.view, surface, (green, stage.light.haze), None)
    for _ in range(int(rng.integers(1, 3))):
        surface, colour = asphalt(rng) if happens(rng, 0.7) else paving(rng)
        region = winding(rng, between(rng, 1.5, 4.0), 0.8 * stage.view.far_scale)
        paint_ground(stage.image, stage.view, surface, (colour, stage.light.haze), region)
    if happens(rng, 0.45):
        add_houses(rng, stage, between(rng, 0.3, 0.9))
    add_tree_line(rng, stage, 1.0)


def lay_square(rng: np.random.Generator, stage: Stage) -> None:
    """Paints paving, at times with a lawn, and adds a row of houses."""
    surface, colour = paving(rng)
    paint_ground(stage.image, stage.view, surface, (colour, stage.light.haze), None)
    if happens(rng, 0.4):
        surface, green = grass(rng)
        region = winding(rng, between(rng, 3, 8), 0.8 * stage.view.far_scale)
        paint_ground(stage.image, stage.view, surface, (green, stage.light.haze), region)
    add_houses(rng, stage, 0.95)
    add_tree_line(rng, stage, 0.25)


def lay_street(rng: np.random.Generator, stage: Stage) -> None:
    """Paints pavements and a road across the view, and adds houses and cars."""
    view, haze = stage.view, stage.light.haze
    pavement, stone = paving(rng)
    paint_ground(stage.image, view, pavement, (stone, haze), None)
    road, tar = asphalt(rng)
    house, camera = view.focal / view.far_scale, view.focal / view.near_scale
    far = camera + (house - camera) * between(rng, 0.6, 0.8)
    near = camera + (far - camera) * between(rng, 0.25, 0.5)
    kerb = kerb_colour(rng)
    paint_ground(stage.image, view, pavement, (kerb, kerb), strip(near - 0.3, far + 0.35))
    paint_ground(stage.image, view, road, (tar, haze), strip(near, far))
    _paint_dashes(stage, (near + far) / 2)
    add_houses(rng, stage, 0.9)
    add_tree_line(rng, stage, 0.3)
    span = view.size_hw[1] / view.scale_at(view.row_at(view.focal / far))
    for lane in (0.25, 0.75):
        scale = view.focal / (near + (far - near) * lane)
        for _ in range(int(rng.integers(0, 2 + min(6, int(span / 14))))):
            x = int(rng.integers(view.size_hw[1]))
            row = round(view.row_at(scale) + between(rng, -0.1, 0.1) * scale)
            stage.things.append(Standing(draw_car(rng, scale, stage.light.side), (x, row)))


def _paint_dashes(stage: Stage, away: float) -> None:
    """Paints the dashes down the middle of a road that runs across the view."""
    view = stage.view
    scale = view.focal / away
    row, half = view.row_at(scale), max(0.7, 0.08 * scale * scale * view.camera_height / view.focal)
    for left in np.arange(0, view.size_hw[1], 4 * scale).tolist():
        corners = (
            (round(left * 8), round((row - half) * 8)),
            (round((left + 1.8 * scale) * 8), round((row + half) * 8)),
        )
        cv2.rectangle(stage.image, *corners, (226, 226, 220), -1, cv2.LINE_AA, 3)
