"""Trees and bushes, conical ones too: what a dress is most easily taken for."""

import math

import numpy as np

from fcn_detect.scenes.chance import between, happens, pick
from fcn_detect.scenes.raster import Brush, Colour, Draw, Sprite, hsv, smooth_noise, tinted


def draw_leafy_tree(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A broad-leaved tree, 3.5 to 8 m tall, at `scale` pixels per metre."""
    tall = between(rng, 3.5, 8.0)
    wide = tall * between(rng, 0.26, 0.42)
    brush = Brush((-wide * 1.15, -0.1, wide * 1.15, tall + 0.3), scale)
    bark = hsv(between(rng, 0.05, 0.11), between(rng, 0.15, 0.45), between(rng, 0.25, 0.45))
    fork = tall * between(rng, 0.25, 0.4)
    lean = between(rng, -0.25, 0.25)
    brush.tube(
        [(0, 0), (lean / 2, fork), (lean, 0.75 * tall)], [0.045 * tall, 0.035 * tall, 0.06], bark
    )
    for side in (-1, 1):
        tip = (lean + side * wide * 0.5, fork + 0.3 * tall)
        brush.tube([(lean / 2, fork * 0.9), tip], [0.025 * tall, 0.04], tinted(bark, 0.9))
    lumps = _crown(rng, (lean, fork + 0.5 * (tall - fork)), (wide, 0.5 * (tall - fork)))
    _leaves(rng, brush, lumps, _leaf_colour(rng), light)
    return _weathered(rng, brush)


def draw_fir(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A fir of jagged tiers, 1.8 to 7 m tall."""
    tall = between(rng, 1.8, 7.0)
    wide = tall * between(rng, 0.2, 0.32)
    brush = Brush((-wide * 1.1, -0.1, wide * 1.1, tall + 0.1), scale)
    green = hsv(between(rng, 0.28, 0.45), between(rng, 0.3, 0.6), between(rng, 0.25, 0.45))
    brush.tube([(0, 0), (0, 0.4 * tall)], [0.05 * tall, 0.04 * tall], hsv(0.07, 0.45, 0.3))
    tiers = int(rng.integers(4, 9))
    for tier in range(tiers):
        low = tall * (0.1 + 0.8 * tier / tiers)
        half = wide * (1 - tier / tiers) ** 0.85
        top = min(tall, low + 1.9 * tall / tiers)
        teeth = np.linspace(-half, half, int(rng.integers(9, 15)))
        sag = 0.06 * tall * rng.uniform(0.2, 1, len(teeth)) * (np.arange(len(teeth)) % 2 * 2 - 1)
        skirt = np.stack([teeth, low + 0.12 * tall * (1 - np.abs(teeth / half)) * 0.4 - sag], 1)
        brush.polygon([*skirt.tolist(), (0.03, top), (-0.03, top)], tinted(green, 0.75))
        lit = skirt.copy()
        lit[:, 1] += 0.05 * tall
        lit[:, 0] = lit[:, 0] * 0.75 + light * half * 0.16
        brush.polygon([*lit.tolist(), (0, top)], tinted(green, 0.95 + 0.05 * tier))
    return _weathered(rng, brush)


def draw_cypress(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A cypress, poplar or clipped cone, narrow and pointed, 1.2 to 6 m tall."""
    potted = happens(rng, 0.35)
    tall = between(rng, 1.2, 2.0) if potted else between(rng, 2.2, 6.0)
    wide = tall * (between(rng, 0.17, 0.26) if potted else between(rng, 0.11, 0.19))
    base = 0.3 * tall if potted else 0.08 * tall
    brush = Brush((-wide * 1.4, -0.05, wide * 1.4, tall + 0.1), scale)
    brush.tube([(0, 0), (0, base + 0.3)], [0.06, 0.06], hsv(0.07, 0.5, 0.3))
    if potted:
        clay = hsv(between(rng, 0.02, 0.08), between(rng, 0.1, 0.7), between(rng, 0.4, 0.8))
        w = 0.75 * wide
        brush.polygon([(-0.7 * w, 0), (0.7 * w, 0), (w, 0.2 * tall), (-w, 0.2 * tall)], clay)
        brush.rectangle((-w * 1.1, 0.18 * tall, w * 1.1, 0.21 * tall), tinted(clay, 1.15))
    rise = np.linspace(0, 1, 14)
    full = np.sin(np.pi * (0.25 + 0.75 * rise)) if not potted else 1 - rise**1.2
    half = wide * (full + rng.uniform(-0.05, 0.05, 14)).clip(0.04)
    y = base + rise * (tall - base)
    outline = np.concatenate([np.stack([half, y], 1), np.stack([-half, y], 1)[::-1]])
    green = hsv(between(rng, 0.25, 0.42), between(rng, 0.3, 0.6), between(rng, 0.28, 0.5))
    brush.polygon(outline, tinted(green, 0.8))
    inner = outline * (0.62, 0.97) + (0.25 * light * wide, 0.015 * tall)
    brush.polygon(inner, tinted(green, 1.05))
    lumps = [(float(rng.uniform(-h, h) * 0.8), float(v), 0.4 * h + 0.02, 0.4 * h + 0.02)
             for h, v in zip(half, y, strict=True) for _ in range(2)]  # fmt: skip
    _leaves(rng, brush, lumps, green, light)
    return _weathered(rng, brush)


def draw_bush(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A bush, some in flower, 0.6 to 1.6 m tall."""
    tall = between(rng, 0.6, 1.6)
    wide = tall * between(rng, 0.5, 0.9)
    brush = Brush((-wide * 1.3, -0.1, wide * 1.3, tall * 1.2), scale)
    green = _leaf_colour(rng)
    lumps = _crown(rng, (0, 0.5 * tall), (wide, 0.5 * tall))
    _leaves(rng, brush, lumps, green, light)
    if happens(rng, 0.4):
        bloom = hsv(pick(rng, [0.0, 0.15, 0.8, 0.92]), between(rng, 0.1, 0.8), 0.95)
        for _ in range(int(rng.integers(15, 50))):
            x, y = rng.normal(0, 0.45 * wide), rng.normal(0.55 * tall, 0.22 * tall)
            brush.ellipse((float(x), max(0.05, float(y))), (0.035, 0.035), bloom)
    return _weathered(rng, brush)


Lumps = list[tuple[float, float, float, float]]


def _crown(
    rng: np.random.Generator, centre: tuple[float, float], radii: tuple[float, float]
) -> Lumps:
    """Lumps of leaves, each centre x, y and radii, that fill an ellipse."""
    lumps = []
    for _ in range(int(rng.integers(14, 26))):
        turn, reach = between(rng, 0, 2 * math.pi), math.sqrt(rng.random()) * 0.78
        size = between(rng, 0.25, 0.42)
        x = centre[0] + reach * math.cos(turn) * radii[0]
        y = centre[1] + reach * math.sin(turn) * radii[1]
        lumps.append((x, y, size * radii[0], size * radii[1]))
    return sorted(lumps, key=lambda lump: lump[1])


def _leaves(
    rng: np.random.Generator, brush: Brush, lumps: Lumps, colour: Colour, light: float
) -> None:
    """Paints lumps from dark to lit, and single leaves on their edges."""
    floor, ceiling = min(lump[1] for lump in lumps), max(lump[1] for lump in lumps) + 1e-6
    for x, y, rx, ry in lumps:
        brush.ellipse((x, y), (rx, ry), tinted(colour, 0.6))
    count = max(4, min(26, round(brush.scale * lumps[0][2] * 0.7)))
    for x, y, rx, ry in lumps:
        high = 0.75 + 0.3 * (y - floor) / (ceiling - floor)
        turns, reaches = rng.uniform(0, 2 * math.pi, count), np.sqrt(rng.random(count)) * 1.12
        tones, sizes = rng.uniform(0.85, 1.15, count), rng.uniform(0.12, 0.26, count)
        for turn, reach, tone, size in zip(turns, reaches, tones, sizes, strict=True):
            dx, dy = reach * math.cos(turn), reach * math.sin(turn)
            bright = high * tone * (1 + 0.22 * (0.7 * dy + 0.5 * light * dx))
            leaf = (float(size) * rx + 0.01, float(size) * ry + 0.01)
            brush.ellipse((x + dx * rx, max(0.02, y + dy * ry)), leaf, tinted(colour, bright))


def _leaf_colour(rng: np.random.Generator) -> Colour:
    autumn = happens(rng, 0.12)
    hue = between(rng, 0.03, 0.13) if autumn else between(rng, 0.2, 0.36)
    return hsv(hue, between(rng, 0.4, 0.75), between(rng, 0.4, 0.65))


def _weathered(rng: np.random.Generator, brush: Brush) -> Sprite:
    """The sprite, with a little unevenness in its brightness."""
    cell = max(2.0, 0.08 * brush.scale)
    noise = smooth_noise(rng, brush.mask.shape, (cell, cell), 2)
    brush.shade(np.asarray(1 + 0.14 * noise, np.float32))
    return brush.sprite()


TREES: tuple[Draw, ...] = (draw_leafy_tree, draw_leafy_tree, draw_fir, draw_cypress)
"""Half of all trees are broad-leaved."""
