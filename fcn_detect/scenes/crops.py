"""Crops for training: dresses in their place, and all that must not be taken for one."""

from collections.abc import Iterator

import cv2
import numpy as np

from fcn_detect.errors import SettingsError
from fcn_detect.scenes.backdrops import Backdrop, draw_backdrop
from fcn_detect.scenes.camera import photograph
from fcn_detect.scenes.chance import between, happens, log_between
from fcn_detect.scenes.dresses import Dress, draw_dress
from fcn_detect.scenes.raster import Image, cast_shadow, paste

LABELS = ("dress", "background")
OBJECT_SHARE = 0.75
"""Height of the dress in a dress crop, as a share of the crop's."""
WRONG_IOU = 0.45
"""A background crop that shows a dress overlaps the dress's own window less than this."""
BACKDROP_HW = (512, 768)
_CROPS_PER_BACKDROP = 30
_HEIGHTS = (48.0, 260.0)
Window = tuple[float, float, float, float]
"""Centre x, centre y, height and width, pixels."""


def render_crop(
    rng: np.random.Generator,
    label: str,
    crop_hw: tuple[int, int] = (128, 64),
    backdrop: Backdrop | None = None,
) -> Image:
    """One training crop, uint8 RGB `(crop_h, crop_w, 3)`.

    It is seen through the camera at the thing's own size, 48 to 260 px for a dress, and then
    resized, as a detector resizes a scene. A dress fills the middle three quarters of the
    crop's height, to within 2 pixels. A background crop is a window of a backdrop, often right
    on a tree, a car or a sign; two in five hold part of a dress or one of a wrong size.

    Args:
        rng: decides everything else; the same state gives the same crop.
        label: "dress" or "background".
        crop_hw: pixels.
        backdrop: where to stand; by default a new one, which takes longer than the crop.

    Raises:
        SettingsError: there is no such label.
    """
    if label not in LABELS:
        raise SettingsError(f"label '{label}': expected one of {', '.join(LABELS)}")
    backdrop = backdrop or draw_backdrop(rng, BACKDROP_HW)
    if label == "dress":
        seen = _right_window(rng, backdrop, crop_hw)
    elif happens(rng, 0.4):
        seen = _wrong_window(rng, backdrop, crop_hw)
    elif happens(rng, 0.55) and len(backdrop.boxes):
        seen = _thing_window(rng, backdrop, crop_hw)
    else:
        seen = _any_window(rng, backdrop, crop_hw)
    shrinks = seen.shape[0] > crop_hw[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    crop = cv2.resize(photograph(rng, seen), crop_hw[::-1], interpolation=way)
    return np.asarray(crop, np.uint8)


def render_crops(
    rng: np.random.Generator, count: int, crop_hw: tuple[int, int] = (128, 64)
) -> Iterator[tuple[str, Image]]:
    """Labels and crops, `count` of each label in turn, thirty pairs to a backdrop."""
    backdrop = None
    for index in range(count):
        if backdrop is None or index % _CROPS_PER_BACKDROP == 0:
            backdrop = draw_backdrop(rng, BACKDROP_HW, (48, log_between(rng, 120, 260)))
        for label in LABELS:
            yield label, render_crop(rng, label, crop_hw, backdrop)


def _right_window(rng: np.random.Generator, backdrop: Backdrop, crop_hw: tuple[int, int]) -> Image:
    """A dress in the middle of its own window."""
    dress = draw_dress(rng, log_between(rng, *_HEIGHTS), backdrop.light.side)
    height, width = _own_window(dress, crop_hw)
    jitter = 1.5 * height / crop_hw[0]
    shift = between(rng, -jitter, jitter), between(rng, -jitter, jitter)
    seen = _ground_patch(rng, backdrop, dress, (height, width))
    if happens(rng, 0.15):
        beside = between(rng, 0.8, 1.2) * width * (1 if happens(rng, 0.5) else -1)
        other = draw_dress(rng, dress.box_xyxy[3] - dress.box_xyxy[1], backdrop.light.side)
        _stand(seen, other, (width / 2 + beside, height / 2 - 0.02 * height), backdrop)
    _stand(seen, dress, (width / 2 + shift[0], height / 2 + shift[1]), backdrop)
    return seen


def _wrong_window(rng: np.random.Generator, backdrop: Backdrop, crop_hw: tuple[int, int]) -> Image:
    """A window that cuts through a dress, or that is far too small or large for it."""
    while True:
        zoom = log_between(rng, 0.35, 2.6)
        shift = between(rng, -0.8, 0.8), between(rng, -0.8, 0.8)
        if wrong_overlap(zoom, shift) < WRONG_IOU and max(map(abs, shift)) < 0.3 + 0.5 * zoom:
            break
    tallest = min(_HEIGHTS[1], OBJECT_SHARE * BACKDROP_HW[0] / zoom)
    dress = draw_dress(rng, log_between(rng, _HEIGHTS[0], tallest), backdrop.light.side)
    height, width = _own_window(dress, crop_hw)
    size = max(8, round(zoom * height)), max(4, round(zoom * width))
    seen = _ground_patch(rng, backdrop, dress, size)
    _stand(seen, dress, (size[1] / 2 + shift[0] * width, size[0] / 2 + shift[1] * height), backdrop)
    return seen


def wrong_overlap(zoom: float, shift: tuple[float, float]) -> float:
    """IoU of a dress's own window and one `zoom` times as large, shifted by shares of it."""
    sides = [max(0.0, min(0.5, s + zoom / 2) - max(-0.5, s - zoom / 2)) for s in shift]
    shared = sides[0] * sides[1]
    return shared / (1 + zoom**2 - shared)


def _thing_window(rng: np.random.Generator, backdrop: Backdrop, crop_hw: tuple[int, int]) -> Image:
    """A window right on a tree, a car or a sign, as a dress would fill it, more or less."""
    x0, y0, x1, y1 = backdrop.boxes[int(rng.integers(len(backdrop.boxes)))].tolist()
    height = max(y1 - y0, 24) / OBJECT_SHARE * between(rng, 0.6, 1.3)
    x = (x0 + x1) / 2 + between(rng, -0.2, 0.2) * height
    y = (y0 + y1) / 2 + between(rng, -0.15, 0.15) * height
    return _cut(backdrop.image, (x, y, height, height * crop_hw[1] / crop_hw[0]))


def _any_window(rng: np.random.Generator, backdrop: Backdrop, crop_hw: tuple[int, int]) -> Image:
    """A window anywhere and of any size."""
    rows, cols = backdrop.image.shape[:2]
    height = log_between(rng, 56, rows)
    centre = between(rng, 0, cols), between(rng, 0, rows)
    return _cut(backdrop.image, (*centre, height, height * crop_hw[1] / crop_hw[0]))


def _own_window(dress: Dress, crop_hw: tuple[int, int]) -> tuple[int, int]:
    """Height and width, in the dress's own pixels, of the window that it belongs in."""
    scale = (dress.box_xyxy[3] - dress.box_xyxy[1]) / (OBJECT_SHARE * crop_hw[0])
    return round(crop_hw[0] * scale), round(crop_hw[1] * scale)


def _ground_patch(
    rng: np.random.Generator, backdrop: Backdrop, dress: Dress, size_hw: tuple[int, int]
) -> Image:
    """A piece of the backdrop to put the dress on, mostly where it could really stand."""
    rows, cols = backdrop.image.shape[:2]
    y = between(rng, 0, rows)
    if happens(rng, 0.7):
        foot = backdrop.view.row_at(dress.pixels_per_metre)
        y = foot - (dress.sprite.origin_xy[1] - (dress.box_xyxy[1] + dress.box_xyxy[3]) / 2)
    window = (between(rng, 0, cols), y, float(size_hw[0]), float(size_hw[1]))
    patch = _cut(backdrop.image, window)
    return np.asarray(cv2.resize(patch, size_hw[::-1]), np.uint8)


def _cut(image: Image, window: Window) -> Image:
    """A copy of a window, moved inside the image and made to fit it where it must be."""
    x, y, height, width = window
    rows, cols = image.shape[:2]
    shrink = min(1.0, rows / height, cols / width)
    tall, wide = max(1, int(height * shrink)), max(1, int(width * shrink))
    top = min(max(round(y - tall / 2), 0), rows - tall)
    left = min(max(round(x - wide / 2), 0), cols - wide)
    return image[top : top + tall, left : left + wide].copy()


def _stand(image: Image, dress: Dress, middle: tuple[float, float], backdrop: Backdrop) -> None:
    """Puts a dress, with its shadow, so that the middle of its box is at a point."""
    x0, y0, x1, y1 = dress.box_xyxy
    ox, oy = dress.sprite.origin_xy
    at_xy = round(middle[0] - (x0 + x1) / 2) + ox, round(middle[1] - (y0 + y1) / 2) + oy
    cast_shadow(image, dress.sprite, at_xy, backdrop.light.fall_xy, backdrop.light.shadow)
    paste(image, dress.sprite, at_xy)
