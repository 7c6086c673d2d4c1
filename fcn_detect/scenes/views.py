"""The camera's place and the light: what gives size and shade to all that stands in a scene."""

from dataclasses import dataclass

import numpy as np

from fcn_detect.scenes.chance import between, happens, pick
from fcn_detect.scenes.raster import Colour


@dataclass(frozen=True)
class View:
    """A level camera above flat ground.

    Attributes:
        size_hw: pixels.
        horizon: row of the horizon.
        camera_height: metres above the ground.
        focal: focal length, pixels.
        far_scale: pixels per metre where the buildings stand.
    """

    size_hw: tuple[int, int]
    horizon: float
    camera_height: float
    focal: float
    far_scale: float

    @property
    def near_scale(self) -> float:
        """Pixels per metre of what stands at the frame's lower edge."""
        return (self.size_hw[0] - self.horizon) / self.camera_height

    def row_at(self, scale: float) -> float:
        """The row of the ground where one metre is `scale` pixels."""
        return self.horizon + scale * self.camera_height

    def scale_at(self, row: float) -> float:
        """Pixels per metre of what stands on a row of the ground."""
        return max(row - self.horizon, 0.0) / self.camera_height


@dataclass(frozen=True)
class Light:
    """Sun or cloud.

    Attributes:
        side: where the light comes from, -1 (left) to 1 (right).
        sunny: 0 (overcast) to 1.
        fall_xy: pixels right and down that a shadow runs for each pixel of height.
        tint: factors on red, green and blue.
        haze: the colour that distance fades into.
    """

    side: float
    sunny: float
    fall_xy: tuple[float, float]
    tint: Colour
    haze: Colour

    @property
    def shadow(self) -> float:
        """How dark shadows are, 0 to 1."""
        return 0.12 + 0.36 * self.sunny


def set_view(
    rng: np.random.Generator, size_hw: tuple[int, int], heights: tuple[float, float]
) -> View:
    """A camera from which dresses of these heights, in pixels, can stand on the ground.

    Args:
        rng: decides horizon and focal length.
        size_hw: pixels.
        heights: of the smallest and largest dress, pixels.
    """
    far_scale = min(heights[0] / 1.4, 0.075 * size_hw[0]) * between(rng, 0.75, 1)
    horizon = min(between(rng, 0.3, 0.45) * size_hw[0], between(rng, 9, 15) * far_scale)
    near_scale = max(heights[1] / 1.05, 1.5 * far_scale)
    camera_height = max((size_hw[0] - horizon) * between(rng, 0.95, 1.05) / near_scale, 0.3)
    return View(size_hw, horizon, camera_height, between(rng, 0.9, 1.4) * size_hw[1], far_scale)


def set_light(rng: np.random.Generator) -> Light:
    """Overcast, sunny or low evening light."""
    side = between(rng, 0.25, 1) * pick(rng, (-1, 1))
    sunny = between(rng, 0.55, 1) if happens(rng, 0.7) else between(rng, 0, 0.3)
    length = between(rng, 0.3, 1.1)
    fall_xy = (-side * length, between(rng, 0.08, 0.3) * pick(rng, (-1, 1)))
    warm = between(rng, -0.04, 0.1)
    haze = (198 + 30 * warm * 10, 210.0, 226 - 40 * warm * 10)
    return Light(side, sunny, fall_xy, (1 + warm, 1 + 0.2 * warm, 1 - warm), haze)
