"""A place, and the things that stand in it, far ones first."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from fcn_detect.scenes.raster import Image, Sprite, cast_shadow, paste
from fcn_detect.scenes.views import Light, View


@dataclass(frozen=True, eq=False)
class Standing:
    """A thing, the pixel of the ground that it stands on, and whether it casts a shadow."""

    sprite: Sprite
    at_xy: tuple[int, int]
    shades: bool = True

    @property
    def box_xyxy(self) -> tuple[int, int, int, int]:
        """Its frame in image pixels; parts may lie outside the image."""
        height, width = self.sprite.alpha.shape
        left, top = (
            at - origin for at, origin in zip(self.at_xy, self.sprite.origin_xy, strict=True)
        )
        return left, top, left + width, top + height


@dataclass(eq=False)
class Stage:
    """A place before the things that stand in it are painted.

    Attributes:
        image: uint8 RGB `(h, w, 3)`: sky, ground and what is far away.
        view: the camera.
        light: the light.
        things: what will stand there.
    """

    image: Image
    view: View
    light: Light
    things: list[Standing] = field(default_factory=list)

    def paint(self) -> Image:
        """The picture with all things, the far ones first, and their shadows."""
        for thing in sorted(self.things, key=lambda thing: thing.at_xy[1]):
            cast_shadow(
                self.image,
                thing.sprite,
                thing.at_xy,
                self.light.fall_xy,
                0.12 + 0.36 * self.light.sunny,
            )
            paste(self.image, thing.sprite, thing.at_xy)
        tint = np.asarray([*self.light.tint, 0], np.float64)
        return np.asarray(cv2.multiply(self.image, tint), np.uint8)
