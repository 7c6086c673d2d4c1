"""Draws from a numpy Generator, as plain Python numbers."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from fcn_detect.scenes.raster import Colour, hsv

_T = TypeVar("_T")


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two others, all equally likely."""
    return float(rng.uniform(low, high))


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two positive ones, each doubling equally likely."""
    return math.exp(float(rng.uniform(math.log(low), math.log(high))))


def pick(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def happens(rng: np.random.Generator, probability: float) -> bool:
    """Whether something of this probability happens."""
    return bool(rng.random() < probability)


def any_colour(rng: np.random.Generator) -> Colour:
    """A paint or cloth colour: vivid, muted, pastel, dark or nearly white."""
    saturation, value = pick(
        rng, [((0.6, 0.95), (0.5, 0.95)), ((0.2, 0.5), (0.35, 0.8)), ((0.1, 0.35), (0.8, 1.0)),
              ((0.1, 0.9), (0.1, 0.35)), ((0.0, 0.08), (0.75, 1.0))]
    )  # fmt: skip
    return hsv(float(rng.random()), between(rng, *saturation), between(rng, *value))
