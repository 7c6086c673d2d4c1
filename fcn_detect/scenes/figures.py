"""Whoever or whatever holds the dress up: a woman, a tailor's dummy or a hanger on a stand."""

import numpy as np

from fcn_detect.scenes.chance import any_colour, between, happens, pick
from fcn_detect.scenes.raster import Brush, Colour, hsv, tinted
from fcn_detect.scenes.silhouettes import SHOULDER, Garment, Points

SUPPORTS = ("woman", "woman", "woman", "woman", "dummy", "hanger")
HAIR_STYLES = ("long", "bob", "bun", "short", "tail")


def draw_support(
    rng: np.random.Generator, brush: Brush, support: str, garment: Garment, arms: list[Points]
) -> None:
    """Paints what is seen of one of `SUPPORTS` around and behind the dress.

    Args:
        rng: decides colours, hair, legs and shoes.
        brush: the sheet, ground at y = 0.
        support: one of `SUPPORTS`.
        garment: the dress; the legs stand under its middle.
        arms: shoulder, elbow and hand of each arm, `(3, 2)` metres.
    """
    if support == "woman":
        _draw_woman(rng, brush, garment, arms)
    elif support == "dummy":
        _draw_dummy(rng, brush)
    else:
        _draw_stand(rng, brush)


def _draw_woman(
    rng: np.random.Generator, brush: Brush, garment: Garment, arms: list[Points]
) -> None:
    tone = between(rng, 0, 1)
    skin = (238 - 150 * tone, 196 - 138 * tone, 168 - 130 * tone)
    hair = hsv(between(rng, 0.03, 0.12), between(rng, 0.2, 0.75), between(rng, 0.08, 0.75))
    style = pick(rng, HAIR_STYLES)
    lean = -garment.lean * 0.2
    _draw_legs(rng, brush, garment, tinted(skin, 0.92))
    if style in ("long", "tail"):
        width = 0.2 if style == "long" else 0.09
        side = 0.0 if style == "long" else between(rng, -0.1, 0.1)
        down = SHOULDER - between(rng, 0.05, 0.25)
        spine = [(lean, SHOULDER + 0.24), (lean + side / 2, SHOULDER + 0.12), (lean + side, down)]
        brush.tube(spine, [0.19, width * 1.1, width], tinted(hair, 0.8))
    for points in arms:
        brush.tube(points, [0.085, 0.07, 0.052], tinted(skin, 0.95))
        brush.ellipse((points[2][0], points[2][1] - 0.03), (0.03, 0.045), skin)
    bust = [(-0.15, SHOULDER - 0.03), (-0.05, SHOULDER + 0.02), (0.05, SHOULDER + 0.02)]
    bust += [(0.15, SHOULDER - 0.03), (0.14, SHOULDER - 0.22), (-0.14, SHOULDER - 0.22)]
    brush.polygon(bust, tinted(skin, 0.97))
    brush.tube([(0, SHOULDER - 0.03), (lean, SHOULDER + 0.12)], [0.1, 0.09], tinted(skin, 0.86))
    _draw_head(brush, (lean, SHOULDER + 0.2), skin, hair, style)


def _draw_head(
    brush: Brush, centre: tuple[float, float], skin: Colour, hair: Colour, style: str
) -> None:
    x, y = centre
    if style == "bun":
        brush.ellipse((x, y + 0.14), (0.05, 0.045), tinted(hair, 0.9))
    brush.ellipse((x, y + 0.025), (0.1, 0.115), hair)
    if style == "bob":
        brush.polygon([(x - 0.1, y), (x + 0.1, y), (x + 0.11, y - 0.1), (x - 0.11, y - 0.1)], hair)
    brush.ellipse((x, y - 0.01), (0.074, 0.1), skin)
    fringe = [(x - 0.085, y + 0.02), (x - 0.02, y + 0.06), (x + 0.085, y + 0.03)]
    brush.polygon([*fringe, (x + 0.06, y + 0.12), (x - 0.06, y + 0.12)], hair)
    for eye in (-0.028, 0.03):
        brush.ellipse((x + eye, y - 0.005), (0.008, 0.006), (50, 40, 40))
    brush.ellipse((x, y - 0.06), (0.02, 0.006), (175, 75, 75))


def _draw_legs(rng: np.random.Generator, brush: Brush, garment: Garment, skin: Colour) -> None:
    middle = 0.5 * float(garment.centre(np.array([garment.length]))[0])
    stride = between(rng, 0.02, 0.16)
    tights = any_colour(rng) if happens(rng, 0.15) else skin
    shoes = any_colour(rng)
    for side in (-1, 1):
        hip, foot = middle + side * 0.07, middle + side * (0.055 + stride * between(rng, 0.2, 1))
        lift = between(rng, 0, 0.06) if side > 0 else 0.0
        knee = (0.5 * (hip + foot) + 0.01 * side, 0.46 + lift / 2)
        spine = [(hip, 0.8), knee, (foot * 0.98, 0.3 + lift), (foot, 0.06 + lift)]
        brush.tube(spine, [0.15, 0.1, 0.1, 0.055], tinted(tights, 0.94 if side < 0 else 1))
        toe = foot + side * 0.05
        brush.polygon(
            [(foot - 0.04, lift + 0.08), (foot + 0.04, lift + 0.08), (toe + 0.05, lift + 0.01),
             (toe + 0.03, lift - 0.02), (foot - 0.04, lift)], shoes
        )  # fmt: skip


def _draw_dummy(rng: np.random.Generator, brush: Brush) -> None:
    cloth = pick(rng, [(222.0, 210.0, 190.0), (60.0, 58.0, 60.0), (235.0, 235.0, 232.0)])
    wood = hsv(0.08, between(rng, 0.3, 0.6), between(rng, 0.3, 0.6))
    brush.tube([(0, 0.03), (0, 0.9)], [0.035, 0.03], wood)
    for foot in (-0.2, 0.03, 0.21):
        brush.tube([(0, 0.16), (foot, 0.01)], [0.03, 0.025], tinted(wood, 0.8))
    brush.tube([(0, SHOULDER - 0.2), (0, SHOULDER - 0.03)], [0.27, 0.26], cloth)
    brush.tube([(0, SHOULDER - 0.05), (0, SHOULDER + 0.09)], [0.11, 0.09], tinted(cloth, 0.9))
    brush.ellipse((0, SHOULDER + 0.1), (0.05, 0.02), wood)


def _draw_stand(rng: np.random.Generator, brush: Brush) -> None:
    metal = tinted((170, 172, 178), between(rng, 0.4, 1.1))
    post = between(rng, 0.3, 0.42) * (1 if happens(rng, 0.5) else -1)
    rail = SHOULDER + 0.2
    brush.tube([(post, 0), (post, rail)], [0.03, 0.03], metal)
    brush.tube([(post - 0.22, 0.01), (post + 0.22, 0.01)], [0.035, 0.035], tinted(metal, 0.8))
    brush.tube([(post, rail), (-0.14 * np.sign(post), rail)], [0.025, 0.025], metal)
    wood = hsv(0.08, between(rng, 0.3, 0.6), between(rng, 0.4, 0.8))
    brush.tube([(0, SHOULDER + 0.06), (0, rail)], [0.012, 0.012], metal)
    spine = [(-0.16, SHOULDER - 0.03), (0, SHOULDER + 0.07), (0.16, SHOULDER - 0.03)]
    brush.tube(spine, [0.025, 0.035, 0.025], wood)
