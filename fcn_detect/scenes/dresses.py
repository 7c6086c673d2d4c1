"""Drawing one dress: cloth on a silhouette, folds, light and trimmings."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.fabrics import Fabric, weave
from fcn_detect.scenes.figures import SUPPORTS, draw_support
from fcn_detect.scenes.raster import Brush, Field, Image, Sprite, tinted, tube_outline
from fcn_detect.scenes.silhouettes import (
    SHOULDER,
    WAIST_DROP,
    Garment,
    Points,
    arm,
    cut_garment,
)
from fcn_detect.scenes.sleeves import Sleeve, draw_sleeve, sew_sleeves


@dataclass(frozen=True, eq=False)
class Dress:
    """A drawn dress with its wearer, dummy or stand.

    Attributes:
        sprite: the whole figure; its origin is the ground point between the feet.
        cover: uint8 `(h, w)`, the part of the sprite's alpha that is the dress.
        box_xyxy: the dress's own tight box in sprite pixels: all pixels at least half covered.
        pixels_per_metre: the scale that it was drawn at.
    """

    sprite: Sprite
    cover: Image
    box_xyxy: tuple[int, int, int, int]
    pixels_per_metre: float


def draw_dress(rng: np.random.Generator, height: float, light: float = 0.0) -> Dress:
    """A dress whose tight box is `height` pixels tall, to within 2 pixels.

    Args:
        rng: decides cut, cloth, pose and who wears it.
        height: pixels, at least 8.
        light: where the light comes from, -1 (left) to 1 (right).
    """
    garment = cut_garment(rng)
    support = pick(rng, ("woman", "dummy") if garment.top == "strapless" else SUPPORTS)
    arms = [arm(rng, side, garment) for side in (-1, 1)]
    sleeves = sew_sleeves(rng, arms) if garment.top == "sleeves" else []
    outline = garment.outline()
    scale = height / _tallness(garment, outline, sleeves)
    reach = max(0.5, float(np.abs(outline[:, 0]).max()) + 0.05)
    brush = Brush((-reach, -0.06, reach, SHOULDER + 0.42), scale)
    draw_support(rng, brush, support, garment, arms)
    sheet, mask = _draw_cloth(rng, brush, garment, sleeves, light)
    cv2.copyTo(sheet, mask, brush.rgb)
    brush.mask |= mask
    sprite = brush.sprite()
    size = sprite.alpha.shape[::-1]
    cover = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Dress(sprite, cover, tight_box(cover), scale)


def _tallness(garment: Garment, outline: Points, sleeves: list[Sleeve]) -> float:
    """Metres from the highest to the lowest point of the dress."""
    tops = [float(outline[:, 1].max())]
    tops += [SHOULDER] if garment.top in ("straps", "halter") else []
    tops += [float(sleeve.spine[0, 1]) + 0.48 * sleeve.widths[0] for sleeve in sleeves]
    return max(tops) - float(outline[:, 1].min())


def tight_box(cover: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The box x0, y0, x1, y1 of all pixels that are at least half covered."""
    solid = cover >= 128
    rows, cols = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    return int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1


def _draw_cloth(
    rng: np.random.Generator, brush: Brush, garment: Garment, sleeves: list[Sleeve], light: float
) -> tuple[Image, Image]:
    """The dress alone: colours `(h, w, 3)` and mask `(h, w)`, as large as the brush's sheet."""
    fabric = weave(rng)
    sheet, body = np.zeros_like(brush.rgb), np.zeros_like(brush.mask)
    brush.stencil(garment.outline(), body, (255, 255, 255))
    _add_straps(brush, garment, body)
    x, y = brush.rulings()
    x0, y0, x1, y1 = tight_box(body)
    drops = (SHOULDER - y[y0:y1]).astype(np.float64)
    half = garment.half_width(drops)[:, None].astype(np.float32)
    middle = garment.centre(drops)[:, None].astype(np.float32)
    across = np.clip((x[x0:x1] - middle) / half, -1, 1)
    depth = np.clip(SHOULDER - y[y0:y1, None], 0, None)
    flared = 0.5 * (half + half.min()) * across
    colour = fabric.sample(flared, np.broadcast_to(depth, across.shape), brush.scale)
    colour = _decorate(rng, garment, fabric, colour, (across, depth))
    shade = _drape(rng, garment, fabric, (across, depth), light)
    sheet[y0:y1, x0:x1] = np.clip(colour * shade[..., None], 0, 255)
    for sleeve in sleeves:
        draw_sleeve(brush, sleeve, fabric, (sheet, body), light)
    return sheet, body


def _drape(
    rng: np.random.Generator,
    garment: Garment,
    fabric: Fabric,
    at: tuple[Field, Field],
    light: float,
) -> Field:
    """How bright the cloth is, `(h, w)`: roundness, folds of the skirt, creases of the waist."""
    across, depth = at
    skirt = np.clip((depth - WAIST_DROP) / (garment.length - WAIST_DROP), 0, 1.1)
    turned = across * 1.35
    phase, drift = between(rng, 0, 6.3), between(rng, -1.2, 1.2)
    wave = garment.folds * turned * 1.25 + phase + drift * skirt
    folds = np.sin(wave) + 0.45 * np.sin(2.1 * wave + 1.3 + 1.7 * skirt)
    deep = between(rng, 0.10, 0.24) * (0.5 if garment.cut == "sheath" else 1)
    bodice = np.clip(1 - np.abs(depth - WAIST_DROP) / 0.12, 0, 1)
    creases = np.sin(60 * depth + 5 * across + phase) * bodice * 0.05
    facing = np.sqrt(np.clip(1 - 0.85 * across**2, 0, 1))
    shade = 0.66 + 0.32 * facing + 0.2 * light * across + creases
    shade += deep * np.clip(skirt, 0, 1) ** 0.6 * (folds - 0.25)
    bust = np.exp(-(((depth - 0.27) / 0.05) ** 2)) * np.exp(-(((np.abs(across) - 0.45) / 0.3) ** 2))
    shade -= 0.1 * bust
    shine = np.clip(np.sin(wave + light) - 0.55, 0, 1) * fabric.gloss * (0.3 + skirt)
    return np.asarray(shade + 0.9 * shine * facing, np.float32)


def _decorate(
    rng: np.random.Generator,
    garment: Garment,
    fabric: Fabric,
    colour: Field,
    at: tuple[Field, Field],
) -> Field:
    """The cloth's colours with fade, belt, hem band, tiers, buttons and a plain bodice."""
    across, depth = at
    edge_drop = garment.hem_drop(np.linspace(-1, 1, 257)).astype(np.float32)
    hem = edge_drop[((across + 1) * 128).astype(np.int32)] - depth
    down = depth[:, 0]
    if fabric.fade:
        weight = fabric.fade * np.clip(depth / garment.length, 0, 1)[..., None] ** 1.5
        colour += (np.asarray(fabric.accent, np.float32) - colour) * weight
    if happens(rng, 0.2):
        colour[down < WAIST_DROP] = any_colour(rng)
    if happens(rng, 0.15) and garment.cut not in ("sheath", "mermaid"):
        colour[(hem % between(rng, 0.14, 0.22) < 0.018) & (depth > WAIST_DROP)] *= 0.62
    if happens(rng, 0.25):
        colour[hem < between(rng, 0.025, 0.09)] = fabric.accent
    if happens(rng, 0.15):
        button = (np.abs(across) < 0.05) & (depth % 0.09 < 0.02) & (depth > 0.1)
        colour[button] = tinted(fabric.accent, 1.2)
    if happens(rng, 0.4):
        belt = np.abs(down - WAIST_DROP) < between(rng, 0.015, 0.04)
        colour[belt] = tinted(fabric.accent, 0.8)
    if happens(rng, 0.2):
        collar = (depth < 0.13) & (np.abs(across) < 0.62)
        colour[collar] = tinted(fabric.accent, 1.1)
    return colour


def _add_straps(brush: Brush, garment: Garment, mask: Image) -> None:
    """Paints the straps that hold up a low top."""
    if garment.top not in ("straps", "halter"):
        return
    inner = 0.1 if garment.top == "straps" else 0.045
    for side in (-1, 1):
        low = (side * (inner + 0.012), SHOULDER - 0.17)
        spine = np.array([low, (side * inner, SHOULDER)])
        brush.stencil(tube_outline(spine, [0.03, 0.026]), mask, (255, 255, 255))
