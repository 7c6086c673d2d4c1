"""Boxes and heat maps drawn on photos."""

import colorsys
import hashlib
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fcn_detect.results import Detections

# Share of the photo's width from which a tag is its score alone.
WIDEST_TAG = 0.4

Box = tuple[float, ...]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


def draw_detections(pixels: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
    """A copy of a photo, RGB uint8 `(h, w, 3)`, with each box, its label and its score.

    Lines and letters grow with the photo; a label keeps its colour in every picture. Labels give
    way to each other; one that finds no free place, or takes much of the photo's width, is its
    score alone, and of two that still meet the better one lies on top.
    """
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    side = math.sqrt(image.width * image.height)
    width = max(1, round(side / 300))
    font = ImageFont.load_default(max(10, round(side / 45)))
    best_first = [(tuple(map(float, box)), score, label) for box, score, label in detections]
    for box, _, label in reversed(best_first):  # the best is drawn last, on top
        if width > 1:  # a dark rim, for bright lines on bright ground
            rim = (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)
            draw.rectangle(rim, outline="black", width=width + 2)
        draw.rectangle(box, outline=_colour(label), width=width)
    tags: list[_Tag] = []
    for box, score, label in best_first:
        texts = [f"{label} {score:.2f}", f"{score:.2f}"]
        tags.append(_place_tag(draw, font, box, texts, [tag.plate for tag in tags], label))
    for tag in reversed(tags):
        draw.rectangle(tag.plate, fill=tag.colour)
        ink = "black" if sum(tag.colour) > 380 else "white"
        draw.text(tag.corner, tag.text, fill=ink, font=font)
    return np.asarray(image, np.uint8)


def draw_heat_map(pixels: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A darkened grey photo under the colours of a heat map, float `(h, w)` in [0, 1]."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    colours = cv2.applyColorMap((heat * 255).round().astype(np.uint8), cv2.COLORMAP_INFERNO)
    colours = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    mixed = 0.4 * grey[..., None].astype(np.float32) + 0.6 * colours
    return np.asarray(mixed.round(), np.uint8)


@dataclass(frozen=True)
class _Tag:
    """A text on a plate: the plate's corners, and where the text's drawing begins."""

    text: str
    plate: Box
    corner: tuple[float, float]
    colour: tuple[int, int, int]


def _place_tag(
    draw: ImageDraw.ImageDraw, font: Font, box: Box, texts: list[str], taken: list[Box], label: str
) -> _Tag:
    """The first text at the first place that fits the photo and touches no other plate.

    Places are above the box, inside it at the top, below it and inside it at the bottom; where none
    is free, the last text goes to the first place.
    """
    photo_w, photo_h = draw.im.size
    for text in texts:
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        width, height = right - left + 4, bottom - top + 4
        x = min(max(0.0, box[0]), max(0.0, photo_w - width))
        above = box[1] - height if box[1] >= height else box[1]
        places = [
            _Tag(
                text,
                (x, y, x + width, y + height),
                (x + 2 - left, y + 2 - top),
                _colour(label),
            )
            for y in (above, box[1], box[3], box[3] - height)
        ]
        for tag in places:
            inside = tag.plate[1] >= 0 and tag.plate[3] <= photo_h and width <= WIDEST_TAG * photo_w
            if inside and not any(_meet(tag.plate, other) for other in taken):
                return tag
    return places[0]


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _colour(label: str) -> tuple[int, int, int]:
    """A bright colour that only depends on the label."""
    hue = hashlib.sha256(label.encode()).digest()[0] / 255
    r, g, b = colorsys.hsv_to_rgb(hue, 0.85, 1.0)
    return round(255 * r), round(255 * g), round(255 * b)
