"""Cars and vans seen from the side."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.raster import Brush, Colour, Sprite, tinted


class _Body(NamedTuple):
    """Outline of the body and of the glass, metres, front to the right."""

    length: float
    shell: tuple[tuple[float, float], ...]
    glass: tuple[tuple[float, float], ...]
    pillars: tuple[float, ...]


_BODIES = (
    _Body(
        4.1,
        ((-2.05, 0.35), (-2.05, 0.85), (-1.85, 1.0), (-1.55, 1.42), (0.2, 1.47), (0.95, 0.98),
         (1.85, 0.85), (2.05, 0.6), (2.03, 0.33)),
        ((-1.62, 1.0), (-1.4, 1.36), (0.13, 1.4), (0.74, 0.98)),
        (-0.72, 0.0),
    ),
    _Body(
        4.6,
        ((-2.3, 0.38), (-2.3, 0.88), (-1.55, 1.0), (-0.95, 1.4), (0.35, 1.43), (1.05, 0.98),
         (2.1, 0.84), (2.3, 0.6), (2.28, 0.36)),
        ((-1.3, 1.0), (-0.86, 1.34), (0.28, 1.37), (0.82, 0.98)),
        (-0.35, 0.3),
    ),
    _Body(
        4.9,
        ((-2.45, 0.38), (-2.45, 1.95), (-2.3, 2.1), (0.9, 2.1), (1.65, 1.25), (2.35, 1.0),
         (2.45, 0.7), (2.43, 0.38)),
        ((0.1, 1.25), (0.1, 1.9), (0.82, 1.9), (1.35, 1.25)),
        (0.55,),
    ),
    _Body(
        4.4,
        ((-2.2, 0.42), (-2.2, 1.05), (-2.05, 1.62), (0.3, 1.68), (0.98, 1.12), (2.0, 1.0),
         (2.2, 0.75), (2.18, 0.42)),
        ((-1.98, 1.1), (-1.85, 1.54), (0.22, 1.58), (0.74, 1.12)),
        (-1.05, -0.2),
    ),
)  # fmt: skip


def draw_car(rng: np.random.Generator, scale: float, light: float) -> Sprite:
    """A hatchback, saloon, van or off-roader, facing either way."""
    body = pick(rng, _BODIES)
    turned = -1 if happens(rng, 0.5) else 1
    half = body.length / 2
    brush = Brush((-half - 0.1, -0.05, half + 0.1, 2.2), scale)
    paint, flip = any_colour(rng), np.array((turned, 1))
    brush.polygon(np.array(body.shell) * flip, paint)
    _draw_panels(brush, body, paint, flip, light)
    for wheel in (-0.31 * body.length, 0.31 * body.length):
        _draw_wheel(brush, wheel, between(rng, 0.3, 0.34))
    front = np.array(
        [(half - 0.35, 0.72), (half - 0.06, 0.68), (half - 0.03, 0.8), (half - 0.3, 0.86)]
    )
    back = np.array([(-half, 0.72), (-half + 0.14, 0.72), (-half + 0.12, 0.9), (-half, 0.9)])
    brush.polygon(front * flip, (250, 246, 220))
    brush.polygon(back * flip, (190, 30, 30))
    return brush.sprite()


def _draw_panels(
    brush: Brush,
    body: _Body,
    paint: Colour,
    flip: NDArray[np.int64],
    light: float,
) -> None:
    """Glass, doors, highlights and the dark lower edge."""
    half = body.length / 2
    sill = np.array(
        [(-half + 0.02, 0.34), (half - 0.02, 0.34), (half - 0.04, 0.5), (-half + 0.02, 0.5)]
    )
    brush.polygon(sill * flip, tinted(paint, 0.5))
    belt = np.array(
        [(-half + 0.06, 0.88), (half - 0.35, 0.8), (half - 0.5, 0.86), (-half + 0.12, 0.95)]
    )
    brush.polygon(belt * flip, tinted(paint, 1.25 + 0.1 * light))
    brush.polygon(np.array(body.glass) * flip, (52, 62, 74))
    glass = np.array(body.glass)
    shine = np.array([glass[1] + (0.25, -0.03), glass[1] + (0.5, -0.03), glass[0] + (0.5, 0.03),
                      glass[0] + (0.32, 0.03)])  # fmt: skip
    brush.polygon(shine * flip, (108, 124, 140))
    for pillar in body.pillars:
        low, high = glass[0, 1], glass[1, 1] + 0.03
        foot, head = (pillar - 0.05, low), (pillar + 0.01, high)
        post = np.array([foot, (pillar + 0.04, low), head, (pillar - 0.06, high)])
        brush.polygon(post * flip, paint)
        seam = np.array(
            [
                (pillar - 0.02, 0.42),
                (pillar, 0.42),
                (pillar, glass[0, 1]),
                (pillar - 0.02, glass[0, 1]),
            ]
        )
        brush.polygon(seam * flip, tinted(paint, 0.6))
        grip = np.array(
            [(pillar - 0.3, 0.86), (pillar - 0.12, 0.86), (pillar - 0.12, 0.9), (pillar - 0.3, 0.9)]
        )
        brush.polygon(grip * flip, tinted(paint, 0.55))


def _draw_wheel(brush: Brush, x: float, radius: float) -> None:
    brush.ellipse((x, radius + 0.05), (radius + 0.07, radius + 0.07), (22, 22, 24))
    brush.ellipse((x, radius), (radius, radius), (38, 38, 40))
    brush.ellipse((x, radius), (0.62 * radius, 0.62 * radius), (172, 174, 180))
    for turn in np.linspace(0, 2 * np.pi, 6)[:-1].tolist():
        centre = (
            x + 0.36 * radius * float(np.cos(turn)),
            radius + 0.36 * radius * float(np.sin(turn)),
        )
        brush.ellipse(centre, (0.13 * radius, 0.13 * radius), (70, 72, 78))
    brush.ellipse((x, radius), (0.12 * radius, 0.12 * radius), (210, 210, 214))
