"""Sleeves: cap, short, puff, elbow and long."""

from dataclasses import dataclass

import numpy as np

from fcn_detect.scenes.chance import between, happens, pick
from fcn_detect.scenes.fabrics import Fabric
from fcn_detect.scenes.raster import Brush, Image, tube_outline
from fcn_detect.scenes.silhouettes import Points


@dataclass(frozen=True, eq=False)
class Sleeve:
    """One stretch of a sleeve: its axis, `(n, 2)` metres, and its width at each point."""

    spine: Points
    widths: list[float]


def sew_sleeves(rng: np.random.Generator, arms: list[Points]) -> list[Sleeve]:
    """Cap, puff, elbow or long sleeves along both arms."""
    style = pick(rng, ["cap", "short", "puff", "elbow", "long", "long"])
    bell = between(rng, 0.0, 0.07) if happens(rng, 0.4) else 0.0
    sleeves = []
    for points in arms:
        shoulder, elbow, hand = points
        if style == "puff":
            middle = shoulder + 0.35 * (elbow - shoulder)
            spine = np.stack([shoulder, middle, shoulder + 0.6 * (elbow - shoulder)])
            sleeves.append(Sleeve(spine, [0.11, 0.17, 0.09]))
            continue
        share = {"cap": 0.35, "short": 0.65}.get(style, 1.0)
        spine = np.stack([shoulder, shoulder + share * (elbow - shoulder)])
        end = 0.1 + (bell if style != "long" else 0)
        if style == "long":
            lower = np.stack([elbow, elbow + 0.9 * (hand - elbow)])
            sleeves.append(Sleeve(lower, [0.095, 0.075 + 1.4 * bell]))
        sleeves.append(Sleeve(spine, [0.125, end]))
    return sleeves


def draw_sleeve(
    brush: Brush, sleeve: Sleeve, fabric: Fabric, dress: tuple[Image, Image], light: float
) -> None:
    """Adds a sleeve to the dress's colours and mask."""
    sheet, body = dress
    mask = np.zeros_like(body)
    brush.stencil(tube_outline(sleeve.spine, sleeve.widths), mask, (255, 255, 255))
    for centre, width in zip(sleeve.spine[:-1].tolist(), sleeve.widths, strict=False):
        turn = np.linspace(0, 2 * np.pi, 16)[:, None]
        ring = centre + 0.5 * width * np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
        brush.stencil(ring, mask, (255, 255, 255))
    rows, cols = np.nonzero(mask)
    x, y = brush.rulings()
    start, along = sleeve.spine[0], sleeve.spine[-1] - sleeve.spine[0]
    along = along / max(float(np.linalg.norm(along)), 1e-6)
    dx, dy = x[cols] - start[0], y[rows] - start[1]
    across = (dx * -along[1] + dy * along[0]).astype(np.float32)
    down = (dx * along[0] + dy * along[1]).astype(np.float32) + 0.5
    colour = fabric.sample(across[None], down[None], brush.scale)[0]
    side = np.clip(across / (0.5 * max(sleeve.widths)), -1, 1)
    shade = 0.62 + 0.34 * np.sqrt(np.clip(1 - 0.8 * side**2, 0, 1)) + 0.16 * light * side
    shade += 0.05 * np.sin(55 * down + 6 * side)
    sheet[rows, cols] = np.clip(colour * shade[:, None], 0, 255)
    body |= mask
