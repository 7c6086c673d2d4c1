"""Cloth: repeating tiles of colour."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.raster import Colour, Field, Image, tinted

TILE = 192
"""Side of a tile, pixels."""


@dataclass(frozen=True, eq=False)
class Fabric:
    """A cloth.

    Attributes:
        tile: uint8 `(TILE, TILE, 3)`, joins itself on all sides.
        span: side of the tile, metres.
        ground: the colour that covers most of it.
        accent: the colour of the pattern, of belts and of collars.
        fade: how far the colour runs into the accent at the hem, 0 to 1.
        gloss: strength of the highlights, 0 (cotton) to 1 (satin).
    """

    tile: Image
    span: float
    ground: Colour
    accent: Colour
    fade: float
    gloss: float

    def sample(self, across: Field, down: Field, pixels_per_metre: float) -> Field:
        """Colours, float32 `(h, w, 3)`, at places on the cloth, metres, each `(h, w)`."""
        side = max(4, min(TILE, round(self.span * pixels_per_metre)))
        tile = cv2.resize(self.tile, (side, side), interpolation=cv2.INTER_AREA)
        rows = (down * (side / self.span)).astype(np.int32) % side
        cols = (across * (side / self.span) + 16 * side).astype(np.int32) % side
        return tile[rows, cols].astype(np.float32)


def weave(rng: np.random.Generator) -> Fabric:
    """A cloth of random pattern and colours."""
    ground, accent = any_colour(rng), any_colour(rng)
    for _ in range(4):
        if sum(abs(a - b) for a, b in zip(ground, accent, strict=True)) > 150:
            break
        accent = any_colour(rng)
    name = pick(rng, list(PATTERNS)) if happens(rng, 0.7) else "plain"
    tile = np.full((TILE, TILE, 3), ground, np.uint8)
    PATTERNS[name](rng, tile, accent)
    fade = between(rng, 0.5, 1.0) if happens(rng, 0.15) else 0.0
    return Fabric(tile, between(rng, 0.16, 0.34), ground, accent, fade, between(rng, 0, 1) ** 2)


def _plain(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    del rng, tile, accent


def _stripes(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    count = int(rng.integers(2, 7))
    share = between(rng, 0.2, 0.6)
    phase = np.arange(TILE) * count / TILE % 1
    if happens(rng, 0.5):
        tile[phase < share] = accent
    else:
        tile[:, phase < share] = accent


def _dots(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    count = int(rng.integers(2, 6))
    cell = TILE // count
    offset = (np.arange(TILE) % cell - cell / 2) / cell
    radius = between(rng, 0.16, 0.3)
    disc = offset[:, None] ** 2 + offset[None] ** 2 < radius**2
    tile[disc | np.roll(disc, (cell // 2, cell // 2), (0, 1))] = accent


def _checks(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    count = int(rng.integers(2, 6))
    band = (np.arange(TILE) * count / TILE % 1 < 0.5).astype(np.float32)
    thin = (np.abs(np.arange(TILE) * count / TILE % 1 - 0.25) < between(rng, 0.02, 0.08)) * 0.5
    weight = (band + thin)[:, None, None] / 2 + (band - thin)[None, :, None] / 2
    tile[:] = np.clip(tile + (np.asarray(accent) - tile) * weight, 0, 255)


def _flowers(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    petals, heart, leaf = accent, any_colour(rng), (60.0, between(rng, 90, 150), 60.0)
    size = between(rng, 9, 22)
    for _ in range(int(3200 / size**2) + 3):
        x, y, turn = between(rng, 0, TILE), between(rng, 0, TILE), between(rng, 0, 7)
        scale = size * between(rng, 0.6, 1.1)
        marks = [(turn, 1.7, 0.5, leaf), (turn + 2.6, 1.7, 0.5, leaf)]
        marks += [(turn + 1.257 * i, 0.75, 0.62, petals) for i in range(5)] + [(0, 0, 0.4, heart)]
        for angle, reach, radius, colour in marks:
            _wrapped_disc(
                tile,
                (x + math.cos(angle) * reach * scale, y + math.sin(angle) * reach * scale),
                radius * scale,
                colour,
            )


def _zigzag(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    count = int(rng.integers(2, 5))
    ramp = np.abs(np.arange(TILE) * count / TILE % 1 - 0.5)
    phase = (np.arange(TILE)[:, None] * count / TILE + ramp[None]) % 1
    tile[phase < between(rng, 0.25, 0.5)] = accent


def _blotches(rng: np.random.Generator, tile: Image, accent: Colour) -> None:
    colours = [accent, tinted(accent, between(rng, 0.5, 1.4)), any_colour(rng)]
    for _ in range(int(rng.integers(20, 50))):
        centre = between(rng, 0, TILE), between(rng, 0, TILE)
        _wrapped_disc(tile, centre, between(rng, 4, 18), pick(rng, colours))


def _wrapped_disc(tile: Image, centre: tuple[float, float], radius: float, c: Colour) -> None:
    """Draws a disc of colour `c`, and again on the far side where it crosses the edge."""
    for dx in (-TILE, 0, TILE):
        for dy in (-TILE, 0, TILE):
            x, y = centre[0] + dx, centre[1] + dy
            if -radius < x < TILE + radius and -radius < y < TILE + radius:
                cv2.circle(tile, (round(x), round(y)), max(1, round(radius)), c, -1)


PATTERNS: dict[str, Callable[[np.random.Generator, Image, Colour], None]] = {
    "plain": _plain,
    "stripes": _stripes,
    "dots": _dots,
    "checks": _checks,
    "flowers": _flowers,
    "zigzag": _zigzag,
    "blotches": _blotches,
}
