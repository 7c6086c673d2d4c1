"""Pixels: sheets ruled in metres to paint on, sprites to paste, and smooth noise."""

import colorsys
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

_SHIFT = 4


@dataclass(frozen=True, eq=False)
class Sprite:
    """A picture of one thing, cut out.

    Attributes:
        rgb: uint8 `(h, w, 3)`, already multiplied by the coverage.
        alpha: uint8 `(h, w)`, coverage, 255 where the thing hides what is behind.
        origin_xy: the sprite pixel that stands on the ground point it is placed at.
    """

    rgb: Image
    alpha: Image
    origin_xy: tuple[int, int]


class Brush:
    """A transparent sheet, ruled in metres, that shapes are painted on, later over earlier.

    Points are `(x, y)` in metres: x to the right, y upwards from the ground point at (0, 0).

    Attributes:
        rgb: uint8 `(h, w, 3)`, black where nothing was painted.
        mask: uint8 `(h, w)`, 255 where something was painted.
        scale: sheet pixels per metre, `oversampling` times those of the sprite.
    """

    def __init__(self, frame_m: tuple[float, float, float, float], pixels_per_metre: float) -> None:
        """Makes a sheet over the metres x0, y0, x1, y1."""
        x0, y0, x1, y1 = (side * pixels_per_metre for side in frame_m)
        left, right = math.floor(x0) - 1, math.ceil(x1) + 1
        bottom, top = math.floor(y0) - 1, math.ceil(y1) + 1
        longest = max(right - left, top - bottom)
        self.oversampling = 3 if longest < 120 else 2 if longest < 1400 else 1
        size_hw = (top - bottom) * self.oversampling, (right - left) * self.oversampling
        self.rgb: Image = np.zeros((*size_hw, 3), np.uint8)
        self.mask: Image = np.zeros(size_hw, np.uint8)
        self.scale = pixels_per_metre * self.oversampling
        self.origin_xy = (-left, top)

    def to_pixels(self, points: ArrayLike) -> NDArray[np.int32]:
        """Sheet pixels of points in metres, `(n, 2)`, in sixteenths of a pixel."""
        xy = np.asarray(points, np.float64).reshape(-1, 2) * (self.scale, -self.scale)
        xy += np.multiply(self.origin_xy, self.oversampling) - 0.5
        return np.asarray(np.rint(xy * (1 << _SHIFT)), np.int32)

    def polygon(self, points: ArrayLike, colour: Colour) -> None:
        """Fills a polygon, `(n, 2)` metres."""
        self.stencil(points, self.rgb, colour)
        self.stencil(points, self.mask, (255, 255, 255))

    def stencil(self, points: ArrayLike, sheet: Image, colour: Colour) -> None:
        """Fills a polygon on another sheet of the same size."""
        cv2.fillPoly(sheet, [self.to_pixels(points)], colour, shift=_SHIFT)

    def rectangle(self, frame_m: tuple[float, float, float, float], colour: Colour) -> None:
        """Fills the metres x0, y0, x1, y1."""
        x0, y0, x1, y1 = frame_m
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def ellipse(self, centre: tuple[float, float], radii: tuple[float, float], c: Colour) -> None:
        """Fills an upright ellipse with colour `c`."""
        centre_xy = self.to_pixels(centre)[0].tolist()
        axes = [max(1, round(radius * self.scale * (1 << _SHIFT))) for radius in radii]
        for sheet, colour in ((self.rgb, c), (self.mask, (255.0, 255.0, 255.0))):
            cv2.ellipse(sheet, centre_xy, axes, 0, 0, 360, colour, -1, cv2.LINE_8, _SHIFT)

    def tube(self, points: ArrayLike, widths: Sequence[float], colour: Colour) -> None:
        """Fills a limb along `(n, 2)` points, as wide as `widths` at each, with round ends."""
        spine = np.asarray(points, np.float64)
        self.polygon(tube_outline(spine, widths), colour)
        for centre, width in zip(spine.tolist(), widths, strict=True):
            self.ellipse((centre[0], centre[1]), (width / 2, width / 2), colour)

    def shade(self, factor: Field) -> None:
        """Multiplies the colours by a factor for each sheet pixel, `(h, w)`."""
        shaded = cv2.multiply(self.rgb, cv2.merge([factor] * 3), dtype=cv2.CV_8U)
        self.rgb = np.asarray(shaded, np.uint8)

    def rulings(self) -> tuple[Field, Field]:
        """Where the sheet's columns, `(w,)`, and rows, `(h,)`, are, in metres."""
        height, width = self.mask.shape
        left, top = (side * self.oversampling for side in self.origin_xy)
        x = (np.arange(width, dtype=np.float32) + 0.5 - left) / self.scale
        y = (top - np.arange(height, dtype=np.float32) - 0.5) / self.scale
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def sprite(self) -> Sprite:
        """What was painted, at the sprite's own size."""
        height, width = (side // self.oversampling for side in self.mask.shape)
        rgb = cv2.resize(self.rgb, (width, height), interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(self.mask, (width, height), interpolation=cv2.INTER_AREA)
        return Sprite(np.asarray(rgb, np.uint8), np.asarray(alpha, np.uint8), self.origin_xy)


def tube_outline(spine: NDArray[np.float64], widths: Sequence[float]) -> NDArray[np.float64]:
    """The outline `(2 n, 2)` of a limb along `(n, 2)` points, as wide as `widths` at each."""
    along = np.gradient(spine, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * np.asarray(widths)[:, None] / 2
    return np.concatenate([spine + across, (spine - across)[::-1]])


Draw = Callable[[np.random.Generator, float, float], Sprite]
"""Draws a thing at some pixels per metre, lit from a side: -1 (left) to 1 (right)."""


def paste(image: Image, sprite: Sprite, at_xy: tuple[int, int]) -> None:
    """Puts a sprite's origin at a pixel of the image; what falls outside is cut off."""
    left, top = at_xy[0] - sprite.origin_xy[0], at_xy[1] - sprite.origin_xy[1]
    there, here = _overlap(image.shape, sprite.alpha.shape, (left, top))
    rgb, alpha = sprite.rgb[here], sprite.alpha[here]
    if alpha.size:
        clear = cv2.merge([255 - alpha] * 3)
        image[there] = cv2.add(cv2.multiply(image[there], clear, scale=1 / 255), rgb)


def cast_shadow(
    image: Image, sprite: Sprite, at_xy: tuple[int, int], fall_xy: tuple[float, float], dark: float
) -> None:
    """Darkens the ground where a sprite's shadow falls.

    Args:
        image: changed in place.
        sprite: the thing that stands there.
        at_xy: the ground point it stands on.
        fall_xy: pixels right and down that the shadow runs for each pixel of height.
        dark: 0 for no shadow to 1 for a black one.
    """
    height, width = sprite.alpha.shape
    (fall_x, fall_y), (ox, oy) = fall_xy, sprite.origin_xy
    left = math.floor(min(0.0, fall_x * oy, fall_x * (oy - height))) - 2
    right = math.ceil(max(0.0, fall_x * oy, fall_x * (oy - height))) + width + 2
    top = math.floor(min(fall_y * oy, fall_y * (oy - height), 0)) - 2
    bottom = math.ceil(max(fall_y * oy, fall_y * (oy - height), 0)) + 2
    matrix = np.array([[1, -fall_x, fall_x * oy - left], [0, -fall_y, fall_y * oy - top]])
    shadow = cv2.warpAffine(sprite.alpha, matrix, (right - left, bottom - top))
    blur = max(0.6, 0.012 * height)
    shadow = cv2.GaussianBlur(shadow, (0, 0), blur, sigmaY=max(0.5, blur / 2))
    corner = (at_xy[0] - ox + left, at_xy[1] + top)
    there, here = _overlap(image.shape, shadow.shape, corner)
    if shadow[here].size:
        light = cv2.convertScaleAbs(shadow[here], alpha=-dark, beta=255)
        image[there] = cv2.multiply(image[there], cv2.merge([light] * 3), scale=1 / 255)


def smooth_noise(
    rng: np.random.Generator, size_hw: tuple[int, int], cell_hw: tuple[float, float], octaves: int
) -> Field:
    """Clouds of light and dark, float32 `(h, w)`, about -1 to 1, as large as `cell_hw` pixels."""
    total: Field = np.zeros(size_hw, np.float32)
    for octave in range(octaves):
        rows, cols = (
            min(side, math.ceil(side / cell * 2**octave) + 1)
            for side, cell in zip(size_hw, cell_hw, strict=True)
        )
        grid = rng.uniform(-1, 1, (rows, cols)).astype(np.float32) * 0.5**octave
        total += cv2.resize(grid, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return total


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour from hue (turns), saturation and value, each 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(
        hue % 1, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)
    )
    return 255 * red, 255 * green, 255 * blue


def tinted(colour: Colour, factor: float) -> Colour:
    """A colour made lighter (above 1) or darker."""
    red, green, blue = (min(255.0, channel * factor) for channel in colour)
    return red, green, blue


def _overlap(
    outer: tuple[int, ...], inner: tuple[int, ...], corner_xy: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The rows and columns shared by an image and a smaller one at a corner, in each."""
    left, top = corner_xy
    rows = range(max(0, top), max(0, top, min(outer[0], top + inner[0])))
    cols = range(max(0, left), max(0, left, min(outer[1], left + inner[1])))
    there = slice(rows.start, rows.stop), slice(cols.start, cols.stop)
    here = (
        slice(rows.start - top, rows.stop - top),
        slice(cols.start - left, cols.stop - left),
    )
    return there, here
