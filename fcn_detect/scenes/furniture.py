"""What stands about in streets and parks: lamps, benches, cones, parasols, signs, bins."""

import math

import numpy as np

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.raster import Brush, Colour, Field, Sprite, hsv, tinted

_IRON: Colour = (52.0, 56.0, 58.0)


def draw_lamp(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A lamp post with one or two lanterns, 3 to 4.5 m tall."""
    del light
    tall = between(rng, 3.0, 4.5)
    iron = pick(rng, [_IRON, (38.0, 70.0, 58.0), (130.0, 134.0, 138.0)])
    brush = Brush((-0.8, 0, 0.8, tall + 0.6), scale)
    brush.tube([(0, 0.02), (0, 0.5), (0, 0.55), (0, tall)], [0.22, 0.16, 0.1, 0.07], iron)
    arms = [0.0] if happens(rng, 0.5) else [-0.5, 0.5]
    for x in arms:
        if x:
            brush.tube([(0, tall - 0.35), (x * 0.7, tall - 0.2), (x, tall)], [0.05] * 3, iron)
        brush.polygon(
            [(x - 0.12, tall), (x + 0.12, tall), (x + 0.2, tall + 0.38), (x - 0.2, tall + 0.38)],
            (246, 240, 214),
        )
        brush.polygon([(x - 0.24, tall + 0.36), (x + 0.24, tall + 0.36), (x, tall + 0.55)], iron)
    return brush.sprite()


def draw_bench(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A park bench, 1.8 m wide."""
    del light
    wood = hsv(between(rng, 0.05, 0.11), between(rng, 0.3, 0.65), between(rng, 0.35, 0.65))
    brush = Brush((-1.0, 0, 1.0, 0.95), scale)
    for x in (-0.78, 0.78):
        brush.tube([(x - 0.05, 0), (x, 0.45), (x, 0.88)], [0.06, 0.07, 0.05], _IRON)
        brush.tube([(x + 0.1, 0), (x + 0.06, 0.42)], [0.06, 0.06], tinted(_IRON, 0.8))
    for y in (0.54, 0.66, 0.78):
        brush.rectangle((-0.92, y, 0.92, y + 0.085), tinted(wood, 1.1 - 0.1 * y))
    for i in range(3):
        brush.rectangle(
            (-0.95, 0.36 + 0.05 * i, 0.95, 0.4 + 0.05 * i), tinted(wood, 0.8 + 0.12 * i)
        )
    return brush.sprite()


def draw_cone(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A traffic cone, 0.5 to 1 m tall."""
    tall = between(rng, 0.5, 1.0)
    half = tall * between(rng, 0.2, 0.26)
    orange = hsv(between(rng, 0.02, 0.07), 0.9, between(rng, 0.8, 1.0))
    brush = Brush((-half * 1.6, -0.03, half * 1.6, tall + 0.02), scale)
    brush.rectangle((-half * 1.45, -0.02, half * 1.45, 0.06 * tall), tinted(orange, 0.7))
    bands = [(0.05, 0.35, orange), (0.35, 0.52, (240.0, 240.0, 240.0)), (0.52, 0.68, orange),
             (0.68, 0.82, (240.0, 240.0, 240.0)), (0.82, 1.0, orange)]  # fmt: skip
    for low, high, colour in bands:
        bottom, top = (half * (1 - 0.85 * y) for y in (low, high))
        brush.polygon(
            [(-bottom, low * tall), (bottom, low * tall), (top, high * tall), (-top, high * tall)],
            colour,
        )
    brush.shade(_round_light(brush, half, light))
    return brush.sprite()


def draw_parasol(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A parasol, open over a table or closed, 2.3 m tall."""
    colours = (any_colour(rng), any_colour(rng) if happens(rng, 0.6) else (244.0, 240.0, 230.0))
    brush = Brush((-1.5, 0, 1.5, 2.45), scale)
    brush.tube([(0, 0.02), (0, 2.35)], [0.06, 0.05], (200, 196, 190))
    brush.rectangle((-0.3, 0, 0.3, 0.08), (120, 120, 120))
    if happens(rng, 0.45):
        half = between(rng, 0.2, 0.32)
        for i in range(4):
            left, right = (half * (2 * (i + k) / 4 - 1) for k in (0, 1))
            brush.polygon(
                [(left, 0.75), (right, 0.75), (right * 0.45, 1.7), (0, 2.4), (left * 0.45, 1.7)],
                colours[i % 2],
            )
        brush.rectangle((-half * 0.78, 1.05, half * 0.78, 1.13), tinted(colours[0], 0.6))
        brush.shade(_round_light(brush, half, light))
        return brush.sprite()
    if happens(rng, 0.6):
        brush.rectangle((-0.5, 0.72, 0.5, 0.78), (225, 222, 216))
        brush.tube([(0, 0.1), (0, 0.74)], [0.12, 0.1], (150, 150, 150))
    edges = 1.4 * np.sin(np.linspace(-math.pi / 2, math.pi / 2, 7))
    for i, (left, right) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        colour = tinted(colours[i % 2], 0.9 + 0.05 * light * (i - 2.5))
        sag = [
            (left + (right - left) * k, 1.82 - 0.07 * math.sin(math.pi * k))
            for k in (0, 0.25, 0.5, 0.75, 1)
        ]
        bow = [(right * 0.72, 2.14), (0, 2.42), (left * 0.72, 2.14)]
        brush.polygon([*sag, *bow], colour)
    return brush.sprite()


def draw_bin(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A litter bin, 0.95 m tall."""
    colour = pick(rng, [(44.0, 92.0, 62.0), _IRON, (150.0, 152.0, 156.0), any_colour(rng)])
    brush = Brush((-0.32, 0, 0.32, 1.05), scale)
    brush.polygon([(-0.22, 0), (0.22, 0), (0.27, 0.85), (-0.27, 0.85)], colour)
    brush.ellipse((0, 0.86), (0.27, 0.12), tinted(colour, 1.2))
    brush.rectangle((-0.16, 0.7, 0.16, 0.8), (20, 20, 20))
    brush.shade(_round_light(brush, 0.27, light))
    return brush.sprite()


def draw_post_box(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A pillar box, hydrant or bollard, 0.7 to 1.6 m tall."""
    colour = pick(rng, [(196.0, 32.0, 36.0), (226.0, 176.0, 36.0), (48.0, 60.0, 120.0), _IRON])
    tall = between(rng, 0.7, 1.6)
    half = tall * between(rng, 0.1, 0.2)
    brush = Brush((-half * 1.4, 0, half * 1.4, tall + 0.1), scale)
    brush.rectangle((-half * 1.1, 0, half * 1.1, 0.1), tinted(colour, 0.5))
    brush.rectangle((-half, 0.05, half, 0.86 * tall), colour)
    brush.ellipse((0, 0.86 * tall), (half * 1.15, 0.12 * tall), tinted(colour, 1.05))
    brush.rectangle((-0.6 * half, 0.7 * tall, 0.6 * half, 0.75 * tall), (20, 20, 20))
    brush.rectangle((-0.5 * half, 0.45 * tall, 0.5 * half, 0.62 * tall), (236, 234, 226))
    brush.shade(_round_light(brush, half, light))
    return brush.sprite()


def draw_sign(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A street sign on a pole, or a board that stands on the pavement."""
    del light
    brush = Brush((-0.6, 0, 0.6, 2.8), scale)
    colour, white = any_colour(rng), (240.0, 240.0, 236.0)
    if happens(rng, 0.5):
        brush.polygon([(-0.35, 0), (0.35, 0), (0.28, 1.1), (-0.28, 1.1)], hsv(0.08, 0.5, 0.4))
        brush.polygon(
            [(-0.28, 0.12), (0.28, 0.12), (0.24, 1.02), (-0.24, 1.02)], tinted(colour, 0.6)
        )
        for y in (0.35, 0.55, 0.75, 0.9):
            half = between(rng, 0.08, 0.19)
            brush.rectangle((-half, y, half, y + 0.06), white)
        return brush.sprite()
    brush.tube([(0, 0), (0, 2.6)], [0.06, 0.06], (150, 152, 156))
    shape = pick(rng, ["disc", "warning", "plate"])
    if shape == "disc":
        brush.ellipse((0, 2.35), (0.32, 0.32), (200, 34, 36))
        brush.ellipse((0, 2.35), (0.23, 0.23), white)
    elif shape == "warning":
        brush.polygon([(-0.4, 2.05), (0.4, 2.05), (0, 2.72)], (200, 34, 36))
        brush.polygon([(-0.26, 2.13), (0.26, 2.13), (0, 2.57)], white)
    else:
        brush.rectangle((-0.32, 2.0, 0.32, 2.65), (36, 84, 170))
        brush.polygon(
            [
                (-0.1, 2.1),
                (0.1, 2.1),
                (0.1, 2.35),
                (0.2, 2.35),
                (0, 2.58),
                (-0.2, 2.35),
                (-0.1, 2.35),
            ],
            white,
        )
    return brush.sprite()


def draw_fountain(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A stone fountain or a statue's plinth, 2 m tall."""
    stone = hsv(0.1, between(rng, 0.03, 0.18), between(rng, 0.6, 0.85))
    brush = Brush((-1.6, -0.35, 1.6, 2.3), scale)
    brush.ellipse((0, 0), (1.5, 0.3), tinted(stone, 0.8))
    brush.rectangle((-1.5, 0, 1.5, 0.45), stone)
    brush.ellipse((0, 0.45), (1.5, 0.3), tinted(stone, 1.1))
    brush.ellipse((0, 0.43), (1.35, 0.25), (120, 170, 190))
    brush.tube([(0, 0.4), (0, 0.8), (0, 1.5)], [0.5, 0.24, 0.2], tinted(stone, 0.95))
    brush.polygon([(-0.7, 1.62), (0.7, 1.62), (0.2, 1.3), (-0.2, 1.3)], tinted(stone, 0.9))
    brush.ellipse((0, 1.62), (0.7, 0.12), (170, 205, 216))
    for side in (-1, 1):
        jet = [(0.02 * side, 1.65), (0.1 * side, 2.15), (0.3 * side, 2.0), (0.42 * side, 1.6)]
        brush.tube(jet, [0.05, 0.06, 0.05, 0.03], (226, 240, 246))
    brush.shade(_round_light(brush, 1.5, light))
    return brush.sprite()


def _round_light(brush: Brush, half: float, light: float) -> Field:
    """Brightness `(h, w)` of an upright round thing of some half width, metres."""
    across = np.clip(brush.rulings()[0] / half, -1, 1)
    row = 0.68 + 0.34 * np.sqrt(1 - 0.9 * across**2) + 0.2 * light * across
    return np.asarray(np.broadcast_to(row, brush.mask.shape), np.float32)
