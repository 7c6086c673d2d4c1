"""The shapes of dresses, and of whoever wears them, in metres."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.chance import between, happens, pick

SHOULDER = 1.36
"""Height of the shoulders above the ground; every dress hangs from there."""
WAIST_DROP, HIP_DROP, BUST_DROP = 0.40, 0.60, 0.20
"""How far waist, hip and bust lie below the shoulders."""

Points = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Cut:
    """One family of dresses: ranges for length, half width of the hem and how the skirt opens.

    Attributes:
        length: metres from the shoulders to the hem.
        hem: half width of the hem, metres.
        flare: exponent of the skirt's curve: below 1 a bell, 1 a cone, above 2 a fish tail.
        folds: number of folds across the skirt.
    """

    length: Range
    hem: Range
    flare: Range
    folds: tuple[int, int]


CUTS = {
    "a_line": Cut((0.92, 1.15), (0.25, 0.33), (0.85, 1.15), (4, 9)),
    "sheath": Cut((0.88, 1.08), (0.165, 0.2), (1.0, 1.0), (2, 4)),
    "ball_gown": Cut((1.2, 1.32), (0.33, 0.385), (0.42, 0.62), (6, 12)),
    "mini": Cut((0.76, 0.88), (0.19, 0.26), (0.8, 1.2), (3, 7)),
    "maxi": Cut((1.18, 1.33), (0.22, 0.33), (0.9, 1.4), (4, 9)),
    "mermaid": Cut((1.2, 1.33), (0.26, 0.36), (3.0, 4.5), (4, 8)),
}
NECKLINES = ("round", "v", "square", "boat")
TOPS = ("sleeves", "sleeves", "sleeveless", "straps", "strapless", "halter")


@dataclass(frozen=True)
class Garment:
    """One dress, cut but without cloth.

    Attributes:
        cut: name of its family in `CUTS`.
        top: one of `TOPS`.
        neckline: one of `NECKLINES`.
        length: metres from the shoulders to the hem.
        hem: half width of the hem, metres.
        flare: exponent of the skirt's curve.
        waist: half width of the waist, metres.
        folds: number of folds across the skirt.
        lean: metres to the right for each metre down.
        sway: metres that the hem is blown to the right.
        skew: how much wider the right half is than the left, -0.1 to 0.1.
        slant: metres that the hem's right end hangs lower than its middle.
        wave: depth of the hem's waves, metres.
    """

    cut: str
    top: str
    neckline: str
    length: float
    hem: float
    flare: float
    waist: float
    folds: int
    lean: float
    sway: float
    skew: float
    slant: float
    wave: float

    def half_width(self, drop: Points) -> Points:
        """Half the garment's width, metres, at each depth below the shoulders, metres."""
        size = 1 + 1.4 * (self.waist - 0.13)
        drops = (0.0, 0.1, BUST_DROP, WAIST_DROP, HIP_DROP, 1.0, 2.0)
        widths = (0.165, 0.158 * size, 0.158 * size, self.waist, 0.172 * size, 0.16, 0.155)
        body = np.interp(drop, drops, widths)
        body = np.convolve(np.pad(body, 3, mode="edge"), np.full(7, 1 / 7), mode="valid")
        skirt = np.clip((drop - WAIST_DROP) / (self.length - WAIST_DROP), 0, None)
        opened = self.waist + (self.hem - self.waist) * skirt**self.flare
        if self.cut in ("sheath", "mermaid"):
            return np.asarray(np.maximum(body, np.where(drop > WAIST_DROP, opened, 0)))
        return np.asarray(np.where(drop > WAIST_DROP, np.maximum(opened, self.waist), body))

    def centre(self, drop: Points) -> Points:
        """Where the garment's middle is, metres to the right, at each depth."""
        skirt = np.clip((drop - WAIST_DROP) / (self.length - WAIST_DROP), 0, None)
        return np.asarray(self.lean * drop + self.sway * skirt**2)

    def hem_drop(self, across: Points) -> Points:
        """Depth of the hem, metres, at each place across, -1 (left) to 1 (right)."""
        bulge = 0.1 * self.hem * (1 - across**2)
        waves = self.wave * np.sin(self.folds * 2.4 * across + 9 * self.slant)
        return np.asarray(self.length + bulge + waves + self.slant * across - 0.1 * self.hem)

    def outline(self) -> Points:
        """The edge of the garment without its sleeves, `(n, 2)`: x right, y up, metres."""
        top = 0.14 if self.top in ("straps", "strapless") else 0.0
        drop = np.linspace(top, self.length - 0.1 * self.hem, 60)
        half = self.half_width(drop)
        if self.top in ("sleeveless", "halter"):
            inset = 0.028 if self.top == "sleeveless" else 0.085
            half = half - inset * np.clip(1 - drop / BUST_DROP, 0, 1) ** 0.6
        middle = self.centre(drop)
        across = np.linspace(1, -1, 61)[1:-1]
        hem_half = half[-1] * np.where(across > 0, 1 + self.skew, 1 - self.skew)
        hem = np.stack([middle[-1] + across * hem_half, self.hem_drop(across)], axis=1)
        right = np.stack([middle + half * (1 + self.skew), drop], axis=1)
        left = np.stack([middle - half * (1 - self.skew), drop], axis=1)[::-1]
        points = np.concatenate([right, hem, left, self._neck(float(half[0]), top)])
        return np.asarray(points * (1, -1) + (0, SHOULDER))

    def _neck(self, half: float, top: float) -> Points:
        """The upper edge from the left shoulder to the right one, as depths."""
        across = np.linspace(-1, 1, 25)
        if top:
            return np.stack([across * half, top - 0.03 * np.abs(np.sin(3.1 * across))], axis=1)
        wide, deep = {"round": (0.075, 0.1), "v": (0.07, 0.19), "square": (0.08, 0.12)}.get(
            self.neckline, (0.12, 0.05)
        )
        wide = min(wide, 0.8 * half)
        depth = deep * {
            "v": 1 - np.abs(across),
            "square": np.clip(6 * (1 - np.abs(across)), 0, 1),
        }.get(self.neckline, np.sqrt(1 - across**2))
        collar = np.stack([across * wide, depth - 0.025 * self.lean], axis=1)
        return np.concatenate([[[-0.9 * half, -0.012]], collar - (0, 0.03), [[0.9 * half, -0.012]]])


def cut_garment(rng: np.random.Generator) -> Garment:
    """A dress of a random family, top, length and hang."""
    name = pick(rng, list(CUTS))
    cut = CUTS[name]
    length = between(rng, *cut.length)
    flowing = name not in ("sheath", "mermaid")
    swing = between(rng, -0.1, 0.1) if flowing and happens(rng, 0.5) else between(rng, -0.02, 0.02)
    return Garment(
        cut=name,
        top=pick(rng, TOPS),
        neckline=pick(rng, NECKLINES),
        length=length,
        hem=between(rng, *cut.hem),
        flare=between(rng, *cut.flare),
        waist=between(rng, 0.112, 0.15),
        folds=int(rng.integers(cut.folds[0], cut.folds[1] + 1)),
        lean=between(rng, -0.05, 0.05),
        sway=swing * length,
        skew=between(rng, -0.08, 0.08),
        slant=between(rng, -0.09, 0.09) if happens(rng, 0.2) else between(rng, -0.012, 0.012),
        wave=between(rng, 0.006, 0.022) if flowing else 0.003,
    )


def arm(rng: np.random.Generator, side: int, garment: Garment) -> Points:
    """Shoulder, elbow and hand of one arm, `(3, 2)` metres; `side` is -1 (left) or 1."""
    shoulder = np.array([side * 0.155, SHOULDER - 0.035])
    pose = pick(rng, ["hanging", "hanging", "hip", "walking", "behind"])
    spread = between(rng, 0.10, 0.3)
    upper, fore = {
        "hanging": (spread, spread * between(rng, -0.3, 0.7)),
        "hip": (between(rng, 0.45, 0.62), -between(rng, 0.7, 0.95)),
        "walking": (spread * 1.1, between(rng, 0.25, 0.6)),
        "behind": (between(rng, 0.25, 0.35), -between(rng, 0.5, 0.8)),
    }[pose]
    if garment.top == "sleeves" and garment.length < 1.0:
        upper = min(upper, 0.3)
    if garment.cut == "ball_gown":
        upper, fore = max(upper, 0.3), max(fore, 0.2)
    elbow = shoulder + 0.27 * np.array([side * math.sin(upper), -math.cos(upper)])
    hand = elbow + 0.25 * np.array([side * math.sin(fore), -math.cos(fore)])
    return np.stack([shoulder, elbow, hand])
