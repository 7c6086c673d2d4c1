"""Boxes and heat maps drawn on photos."""

import colorsys
import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fcn_detect.results import Detections


def draw_detections(pixels: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
    """A copy of a photo, RGB uint8 `(h, w, 3)`, with each box, its label and its score.

    Lines and letters grow with the photo; a label keeps its colour in every picture.
    """
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    width = max(2, round(min(image.size) / 250))
    font = ImageFont.load_default(max(11, round(min(image.size) / 40)))
    for box, score, label in reversed(list(detections)):  # the best is drawn last, on top
        colour = _colour(label)
        draw.rectangle([float(v) for v in box], outline=colour, width=width)
        _draw_tag(draw, box, f"{label} {score:.2f}", colour, font)
    return np.asarray(image, np.uint8)


def draw_heat_map(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A darkened grey photo under the colours of a heat map, float `(h, w)` in [0, 1]."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    colours = cv2.applyColorMap((heat * 255).round().astype(np.uint8), cv2.COLORMAP_INFERNO)
    colours = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    mixed = 0.4 * grey[..., None].astype(np.float32) + 0.6 * colours
    return np.asarray(mixed.round(), np.uint8)


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    box: NDArray[np.float32],
    text: str,
    colour: tuple[int, int, int],
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
    """The label on a filled plate, above the box, or inside where there is no room above."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    height = bottom - top + 4
    x = min(max(0.0, float(box[0])), max(0.0, draw.im.size[0] - (right - left) - 4))
    y = float(box[1]) - height if box[1] >= height else float(box[1])
    draw.rectangle([x, y, x + right - left + 4, y + height], fill=colour)
    ink = "black" if sum(colour) > 380 else "white"
    draw.text((x + 2 - left, y + 2 - top), text, fill=ink, font=font)


def _colour(label: str) -> tuple[int, int, int]:
    """A bright colour that only depends on the label."""
    hue = hashlib.sha256(label.encode()).digest()[0] / 255
    r, g, b = colorsys.hsv_to_rgb(hue, 0.85, 1.0)
    return round(255 * r), round(255 * g), round(255 * b)
