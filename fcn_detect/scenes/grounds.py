"""Sky and ground: the parts of a scene that have no outline."""

from collections.abc import Callable

import cv2
import numpy as np

from fcn_detect.scenes.chance import between, happens, pick
from fcn_detect.scenes.raster import Colour, Field, Image, hsv, smooth_noise, tinted
from fcn_detect.scenes.views import Light, View

_TEXTURE = 512
_STRIP = 128
Surface = Callable[[Field, Field, Field], Field]
"""Brightness `(h, w)` of the ground at metres right `(h, w)` and away `(h, 1)`, and the pixels
per metre there `(h, 1)`."""


def paint_sky(rng: np.random.Generator, image: Image, view: View, light: Light) -> None:
    """Paints a sky with clouds down to just below the horizon."""
    height, width = min(view.size_hw[0], int(view.horizon) + 2), view.size_hw[1]
    small = max(2, height // 2), max(2, width // 2)
    down = np.linspace(0, 1, small[0], dtype=np.float32)[:, None, None]
    blue = hsv(between(rng, 0.54, 0.61), between(rng, 0.3, 0.65) * light.sunny, 0.9)
    sky = np.asarray(blue, np.float32) * (1 - down) + np.asarray(light.haze, np.float32) * down
    stretch = 1 + 2 * down[..., 0]
    clouds = smooth_noise(rng, small, (small[0] / 2, small[1] / between(rng, 2, 4)), 5) * stretch
    cover = np.clip(clouds - between(rng, -0.3, 0.5), 0, 0.6)[..., None] / 0.6
    above = np.pad(cv2.GaussianBlur(clouds, (0, 0), 5), ((6, 0), (0, 0)), mode="edge")[:-6]
    lit = cv2.GaussianBlur(clouds, (0, 0), 2) - above
    white = np.clip(236 + 30 * lit[..., None] * np.array((1, 1, 0.9), np.float32), 170, 255)
    sky = sky + (white - sky) * cover * between(rng, 0.5, 0.95)
    painted = cv2.resize(np.clip(sky, 0, 255).astype(np.uint8), (width, height))
    image[:height] = painted


def paint_ground(
    image: Image,
    view: View,
    surface: Surface,
    colours: tuple[Colour, Colour],
    region: Surface | None,
) -> None:
    """Paints one surface on a region of the ground.

    Args:
        image: changed in place.
        view: the camera.
        surface: gives the brightness.
        colours: of the near and of the hazy far ground.
        region: None for all of the ground, or a function of metres right, away and the scale
            that returns the share of each pixel covered, `(h, w)`.
    """
    height, width = view.size_hw
    near, far = (np.asarray(colour, np.float32) for colour in colours)
    columns = np.arange(width, dtype=np.float32) + 0.5 - width / 2
    for top in range(int(view.horizon) + 1, height, _STRIP):
        rows = np.arange(top, min(height, top + _STRIP), dtype=np.float32) + 0.5
        scale = ((rows - view.horizon) / view.camera_height)[:, None]
        right, away = columns / scale, view.focal / scale
        bright = surface(right, away, scale)
        weight = 0.6 * np.clip(0.7 * view.far_scale / scale, 0, 1) ** 2
        colour = near + (far - near) * weight[..., None]
        paint = np.clip(bright[..., None] * colour, 0, 255)
        target = image[top : top + len(rows)]
        if region is not None:
            share = region(right, away, scale)[..., None]
            if not share.any():
                continue
            paint = target + (paint - target) * share
        target[:] = paint


def grass(rng: np.random.Generator) -> tuple[Surface, Colour]:
    """A lawn: its brightness and colour."""
    colour = hsv(between(rng, 0.19, 0.28), between(rng, 0.38, 0.62), between(rng, 0.45, 0.68))
    blades, tufts, patches = (_texture(rng, cell, n) for cell, n in ((2, 1), (12, 3), (85, 4)))
    mown = between(rng, 0.03, 0.08) if happens(rng, 0.4) else 0.0

    def surface(right: Field, away: Field, scale: Field) -> Field:
        bright = 1 + 0.20 * np.clip(scale / 200, 0, 1) * _lookup(blades, right, away, 130)
        bright += 0.13 * np.clip(scale / 70, 0, 1) * _lookup(tufts, right, away, 60)
        bright += 0.13 * np.clip(scale / 60, 0, 1) * _lookup(patches, right, away, 22)
        return np.asarray(
            bright + mown * np.clip(scale / 40, 0, 1) * np.sign(np.sin(right * 1.6)), np.float32
        )

    return surface, colour


def asphalt(rng: np.random.Generator) -> tuple[Surface, Colour]:
    """A road, a path or gravel: its brightness and colour."""
    sandy = happens(rng, 0.4)
    colour = hsv(0.1, 0.22, 0.75) if sandy else hsv(0.6, 0.05, between(rng, 0.35, 0.55))
    grain, stains = _texture(rng, 1, 1), _texture(rng, _TEXTURE / 5, 4)

    def surface(right: Field, away: Field, scale: Field) -> Field:
        fade = np.clip(scale / 150, 0, 1)
        bright = 1 + 0.12 * fade * _lookup(grain, right, away, 130)
        return np.asarray(bright + 0.12 * _lookup(stains, right, away, 26), np.float32)

    return surface, colour


def paving(rng: np.random.Generator) -> tuple[Surface, Colour]:
    """Slabs with joints, some lighter than others: their brightness and colour."""
    colour = hsv(between(rng, 0.05, 0.12), between(rng, 0.05, 0.3), between(rng, 0.6, 0.8))
    wide, long = between(rng, 0.5, 1.2), between(rng, 0.5, 1.0)
    bond = 0.5 if happens(rng, 0.5) else 0.0
    tones = rng.uniform(0.9, 1.08, 1021).astype(np.float32)
    stains = _texture(rng, _TEXTURE / 6, 4)

    def surface(right: Field, away: Field, scale: Field) -> Field:
        row = np.floor(away / long)
        across = right / wide + bond * (row % 2)
        tone = tones[(np.floor(across) * 37 + row * 101).astype(np.int64) % 1021]
        joint_px = np.minimum(across % 1, 1 - across % 1) * wide * scale
        depth_px = np.abs((away / long + 0.5) % 1 - 0.5) * long * scale**2 / scale.max() * 0.5
        fade = np.clip((scale * wide - 6) / 24, 0, 1)
        gap = np.clip(1 - np.minimum(joint_px, depth_px) / np.maximum(0.015 * scale, 0.8), 0, 1)
        bright = 1 + (tone - 1) * fade - 0.28 * fade * gap
        return np.asarray(bright + 0.1 * _lookup(stains, right, away, 24), np.float32)

    return surface, colour


def strip(near: float, far: float) -> Surface:
    """The region of a band across the view, from `near` to `far` metres away."""

    def region(right: Field, away: Field, scale: Field) -> Field:
        del scale
        inside = (away >= near) & (away < far)
        return np.asarray(np.broadcast_to(inside, right.shape), np.float32)

    return region


def winding(rng: np.random.Generator, metres: float, end_scale: float) -> Surface:
    """The region of a path of some width that winds away to where a metre is `end_scale` px."""
    bend, phase = between(rng, 0.2, 0.9) * metres, between(rng, 0, 6.3)
    rate, slope = between(rng, 0.08, 0.25), between(rng, -0.12, 0.12)
    start = between(rng, -1, 1) * metres

    def region(right: Field, away: Field, scale: Field) -> Field:
        middle = start + slope * away + bend * np.sin(rate * away + phase)
        share = np.clip((metres / 2 - np.abs(right - middle)) * scale + 0.5, 0, 1)
        return np.asarray(share * (scale > end_scale), np.float32)

    return region


def kerb_colour(rng: np.random.Generator) -> Colour:
    """The colour of kerb stones."""
    return tinted(pick(rng, [(205.0, 203.0, 198.0), (175.0, 170.0, 165.0)]), between(rng, 0.8, 1))


def _texture(rng: np.random.Generator, cell: float, octaves: int) -> Field:
    """Noise, `(512, 512)`, that joins itself on all sides."""
    total: Field = np.zeros((_TEXTURE, _TEXTURE), np.float32)
    middle = slice(_TEXTURE // 2, _TEXTURE // 2 + _TEXTURE)
    for octave in range(octaves):
        count = min(_TEXTURE, max(2, round(_TEXTURE / cell * 2**octave)))
        grid = rng.uniform(-1, 1, (count, count)).astype(np.float32) * 0.5**octave
        twice = cv2.resize(
            np.tile(grid, (2, 2)), (2 * _TEXTURE, 2 * _TEXTURE), interpolation=cv2.INTER_CUBIC
        )
        total += twice[middle, middle]
    return total


def _lookup(texture: Field, right: Field, away: Field, texels_per_metre: float) -> Field:
    rows = (away * texels_per_metre).astype(np.int32) % _TEXTURE
    cols = ((right + 4096) * texels_per_metre).astype(np.int32) % _TEXTURE
    return np.asarray(texture[rows, cols])
