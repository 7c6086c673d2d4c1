"""House fronts: walls, windows, doors, shops and roofs."""

import numpy as np

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.raster import Brush, Colour, Sprite, hsv, smooth_noise, tinted

FLOOR = 3.1
"""Height of a storey, metres."""
_WALLS = (
    (0.03, 0.5, 0.62), (0.09, 0.3, 0.85), (0.11, 0.12, 0.9), (0.6, 0.1, 0.7),
    (0.02, 0.25, 0.85), (0.14, 0.4, 0.9), (0.5, 0.12, 0.8), (0.0, 0.0, 0.6),
)  # fmt: skip


def draw_building(rng: np.random.Generator, scale: float, width: float, storeys: int) -> Sprite:
    """A house front of some metres' width; its origin is the middle of its foot."""
    eaves = FLOOR * storeys + 0.4
    gabled = storeys <= 3 and happens(rng, 0.6)
    roof = between(rng, 1.4, 2.8) if gabled else 0.5
    brush = Brush((-width / 2 - 0.3, -0.05, width / 2 + 0.3, eaves + roof + 1.2), scale)
    wall = _wall_colour(rng)
    if gabled:
        _draw_roof(rng, brush, (width, eaves, roof))
    brush.rectangle((-width / 2, 0, width / 2, eaves), wall)
    _draw_courses(rng, brush, wall, (width, eaves))
    if not gabled:
        brush.rectangle(
            (-width / 2 - 0.15, eaves - 0.1, width / 2 + 0.15, eaves + roof), tinted(wall, 0.85)
        )
        brush.rectangle(
            (-width / 2 - 0.2, eaves + roof - 0.15, width / 2 + 0.2, eaves + roof),
            tinted(wall, 1.1),
        )
    style = _Windows(rng, wall)
    count = max(1, round(width / between(rng, 2.0, 3.0)))
    for storey in range(1, storeys):
        for i in range(count):
            x = width * ((i + 0.5) / count - 0.5)
            style.draw(rng, brush, (x, storey * FLOOR + 0.9))
    if happens(rng, 0.5):
        _draw_shop(rng, brush, width)
    else:
        door = int(rng.integers(count))
        for i in range(count):
            x = width * ((i + 0.5) / count - 0.5)
            if i == door:
                _draw_door(rng, brush, x)
            else:
                style.draw(rng, brush, (x, 1.0))
    noise = smooth_noise(rng, brush.mask.shape, (2.5 * brush.scale, 1.2 * brush.scale), 4)
    brush.shade(np.asarray(1 + 0.07 * noise, np.float32))
    return brush.sprite()


class _Windows:
    """The windows of one house: all alike but for their curtains."""

    def __init__(self, rng: np.random.Generator, wall: Colour) -> None:
        self.half = between(rng, 0.4, 0.65)
        self.tall = between(rng, 1.2, 1.8)
        self.frame = pick(rng, [(240.0, 240.0, 236.0), (70.0, 60.0, 55.0), tinted(wall, 0.6)])
        self.glass = hsv(0.58, between(rng, 0.1, 0.4), between(rng, 0.25, 0.6))
        self.shutter = any_colour(rng) if happens(rng, 0.3) else None
        self.balcony = happens(rng, 0.2)
        self.sill = tinted(wall, 1.2)

    def draw(self, rng: np.random.Generator, brush: Brush, foot: tuple[float, float]) -> None:
        """Paints one window that stands on a point."""
        x, y = foot
        half, top = self.half, y + self.tall
        if self.shutter:
            for side in (-1, 1):
                edge = x + side * (half + 0.32)
                frame = (min(edge, x + side * half), y, max(edge, x + side * half), top)
                brush.rectangle(frame, self.shutter)
        brush.rectangle((x - half - 0.08, y - 0.08, x + half + 0.08, top + 0.08), self.frame)
        glass = tinted(self.glass, between(rng, 0.75, 1.3))
        brush.rectangle((x - half, y, x + half, top), glass)
        slide = between(rng, -half, half * 0.2)
        glint = [
            (x + slide, y),
            (x + slide + 0.25, y),
            (x + slide + 0.6, top),
            (x + slide + 0.35, top),
        ]
        glint = [(min(max(gx, x - half), x + half), gy) for gx, gy in glint]
        brush.polygon(glint, tinted(glass, 1.25))
        if happens(rng, 0.4):
            cloth = pick(rng, [(235.0, 230.0, 220.0), any_colour(rng)])
            for side in (-1, 1):
                brush.polygon([(x + side * half, y), (x + side * half, top), (x + side * 0.1, top),
                               (x + side * half * 0.6, y + 0.4)], cloth)  # fmt: skip
        brush.rectangle((x - 0.03, y, x + 0.03, top), self.frame)
        brush.rectangle(
            (x - half, y + 0.62 * self.tall, x + half, y + 0.66 * self.tall), self.frame
        )
        brush.rectangle((x - half - 0.14, y - 0.16, x + half + 0.14, y - 0.06), self.sill)
        if self.balcony and y > FLOOR:
            for bar in np.linspace(x - half - 0.2, x + half + 0.2, 9).tolist():
                brush.rectangle((bar - 0.015, y - 0.1, bar + 0.015, y + 0.6), (50, 50, 55))
            brush.rectangle((x - half - 0.22, y + 0.57, x + half + 0.22, y + 0.63), (50, 50, 55))


def _wall_colour(rng: np.random.Generator) -> Colour:
    hue, saturation, value = pick(rng, _WALLS)
    return hsv(hue + between(rng, -0.02, 0.02), saturation, value * between(rng, 0.8, 1.05))


def _draw_courses(
    rng: np.random.Generator, brush: Brush, wall: Colour, size: tuple[float, float]
) -> None:
    """Brick courses where they would be seen, and bands between the storeys."""
    width, eaves = size
    if brush.scale > 45 and happens(rng, 0.5):
        for y in np.arange(0.2, eaves, 0.16).tolist():
            brush.rectangle((-width / 2, y, width / 2, y + 0.025), tinted(wall, 0.88))
    if happens(rng, 0.5):
        for y in np.arange(FLOOR, eaves, FLOOR).tolist():
            brush.rectangle((-width / 2, y, width / 2, y + 0.16), tinted(wall, 1.15))
    brush.rectangle((-width / 2, 0, width / 2, 0.4), tinted(wall, 0.7))


def _draw_roof(rng: np.random.Generator, brush: Brush, size: tuple[float, float, float]) -> None:
    width, eaves, roof = size
    tiles = hsv(pick(rng, [0.02, 0.04, 0.6]), between(rng, 0.15, 0.6), between(rng, 0.3, 0.6))
    inset = between(rng, 0.05, 0.3) * width
    half = width / 2
    for side in (-1, 1):
        x = side * between(rng, 0.15, 0.35) * width
        brush.rectangle((x - 0.3, eaves, x + 0.3, eaves + roof + 0.6), hsv(0.03, 0.4, 0.45))
    corners = [(-half - 0.25, eaves), (half + 0.25, eaves)]
    brush.polygon([*corners, (half - inset, eaves + roof), (inset - half, eaves + roof)], tiles)
    for share in np.arange(0.12, 1, 0.16).tolist():
        x = half + 0.25 - share * (inset + 0.25)
        y = eaves + share * roof
        brush.rectangle((-x, y, x, y + 0.05), tinted(tiles, 0.85))


def _draw_door(rng: np.random.Generator, brush: Brush, x: float) -> None:
    colour, half, tall = any_colour(rng), between(rng, 0.45, 0.6), between(rng, 2.0, 2.3)
    brush.rectangle((x - half - 0.15, 0, x + half + 0.15, tall + 0.2), (225, 222, 214))
    brush.rectangle((x - half, 0.05, x + half, tall), colour)
    for low, high in ((0.25, 0.9), (1.05, 1.85)):
        for side in (-1, 1):
            edges = sorted((x + side * 0.08, x + side * (half - 0.1)))
            brush.rectangle((edges[0], low, edges[1], high), tinted(colour, 0.75))
    brush.ellipse((x + half - 0.1, 1.0), (0.04, 0.04), (200, 180, 90))


def _draw_shop(rng: np.random.Generator, brush: Brush, width: float) -> None:
    """A shop window with a door, a sign and often a striped awning."""
    colour, half = any_colour(rng), width / 2 - 0.3
    brush.rectangle((-half, 0, half, 2.9), tinted(colour, 0.7))
    glass = hsv(0.56, between(rng, 0.1, 0.3), between(rng, 0.3, 0.6))
    panes = max(2, round(width / 1.8))
    for i in range(panes):
        x = -half + 2 * half * (i + 0.5) / panes
        span = half / panes - 0.08
        brush.rectangle((x - span, 0.12 if i == panes // 2 else 0.5, x + span, 2.25), glass)
        lit = [(x - span, 1.4), (x + span * 0.2, 2.25), (x - span * 0.3, 2.25), (x - span, 1.9)]
        brush.polygon(lit, tinted(glass, 1.2))
    brush.rectangle((-half, 2.4, half, 2.9), colour)
    for x in np.linspace(-half * 0.5, half * 0.5, int(rng.integers(4, 9))).tolist():
        brush.rectangle((x - 0.1, 2.52, x + 0.08, 2.78), (240, 236, 220))
    if happens(rng, 0.6):
        stripes = max(4, round(width / 0.5))
        for i in range(stripes):
            left, right = (2 * half * (i + k) / stripes - half for k in (0, 1))
            paint = colour if i % 2 else (240.0, 238.0, 230.0)
            brush.polygon(
                [(left, 2.85), (right, 2.85), (right * 1.04, 2.2), (left * 1.04, 2.2)], paint
            )
            middle = (left + right) * 0.52
            brush.ellipse((middle, 2.2), ((right - left) * 0.52, 0.1), tinted(paint, 0.92))
