"""Handwritten digits in rendered streets and parks, among letters, halves of digits and scribble.

A digit is a mask, uint8 `(28, 28)`, whose strokes have their centre of mass in the middle, as
MNIST's do. Its cell, the whole mask, is the window that a net looks at; its box is the middle
20 of the 28 pixels both ways, for every digit alike. Letters, halves and scribble have no box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import box_intersections
from fcn_detect.scenes import draw_backdrop
from fcn_detect.scenes.camera import photograph
from fcn_detect.scenes.chance import any_colour, between, happens, log_between, pick
from fcn_detect.scenes.raster import Colour, Image, smooth_noise

Mask = NDArray[np.uint8]
CELL = 28
OBJECT_BOX = (4.0, 4.0, 24.0, 24.0)
OBJECT_SIDE = OBJECT_BOX[2] - OBJECT_BOX[0]
HEIGHTS = (28.0, 84.0)  # of the object box, pixels

LETTERS = "AEFHKMNRTWX"  # none that is written like a digit
HALVED = (2, 3, 5)  # half an 8 is a 0, and the stem of a 4, 7 or 9 is a 1
LEAST_CONTRAST = 60.0  # grey levels between the ink and most pixels below
GREY = np.array((0.299, 0.587, 0.114))


@dataclass(frozen=True, eq=False)
class DigitScene:
    """A picture, its digits, and what is drawn like one and is none.

    Attributes:
        image: uint8 RGB `(h, w, 3)`.
        boxes: float32 `(n, 4)`, x0, y0, x1, y1 of each digit in pixels, wholly inside, apart.
        others: float32 `(m, 4)`, the same of letters and halves of digits.
    """

    image: Image
    boxes: NDArray[np.float32]
    others: NDArray[np.float32]


def render_digits(
    rng: np.random.Generator,
    size_hw: tuple[int, int],
    digits: Sequence[Mask],
    others: Sequence[Mask],
) -> DigitScene:
    """A place seen through a camera, with every digit and every other mark somewhere in it."""
    image = draw_backdrop(rng, size_hw).image
    scribble(rng, image)
    marks = [*digits, *others]
    boxes = scatter(rng, size_hw, len(marks))
    for box in boxes:
        if happens(rng, 0.4):
            lay_plate(rng, image, box)
    for mark, box in zip(marks, boxes, strict=True):
        stamp(rng, image, mark, box)
    return DigitScene(photograph(rng, image), boxes[: len(digits)], boxes[len(digits) :])


def scatter(rng: np.random.Generator, size_hw: tuple[int, int], count: int) -> NDArray[np.float32]:
    """Square boxes `(count, 4)` inside a frame, a tenth of a side or more between any two."""
    boxes = np.zeros((0, 4), np.float32)
    for height in sorted((log_between(rng, *HEIGHTS) for _ in range(count)), reverse=True):
        for _ in range(2000):
            x, y = (between(rng, 0, side - height) for side in size_hw[::-1])
            box = np.array([[x, y, x + height, y + height]], np.float32)
            apart = box + 0.1 * height * np.array([-1, -1, 1, 1])
            if not box_intersections(apart, boxes).any():
                break
        else:
            raise SystemExit(f"no room for {count} digits in a frame of {size_hw[::-1]} pixels")
        boxes = np.concatenate([boxes, box])
    return np.asarray(rng.permutation(boxes), np.float32)


def stamp(rng: np.random.Generator, image: Image, mask: Mask, box: NDArray[np.float32]) -> None:
    """Writes a mask in an ink that can be told from what is below, its object box on `box`."""
    left, top, cover = place(mask, box, (image.shape[0], image.shape[1]))
    below = image[top : top + cover.shape[0], left : left + cover.shape[1]]
    ink = np.array(legible_ink(rng, below))
    cover = between(rng, 0.8, 1) * np.clip(between(rng, 1, 1.6) * cover, 0, 1)[..., None]
    below[:] = np.rint(below + cover * (ink - below))


def place(
    mask: Mask, box: NDArray[np.float32], image_hw: tuple[int, int]
) -> tuple[int, int, NDArray[np.float32]]:
    """First column and row in the image, and coverage 0 to 1, of a mask whose object is on `box`.

    What lies outside the image is cut off.
    """
    scale = float(box[2] - box[0]) / OBJECT_SIDE
    x, y = (float(corner) - scale * OBJECT_BOX[0] for corner in box[:2])  # of the cell
    left, top = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
    right = min(image_hw[1], int(np.ceil(x + scale * CELL)))
    bottom = min(image_hw[0], int(np.ceil(y + scale * CELL)))
    half = scale / 2 - 0.5  # pixel centres lie half a pixel in
    matrix = np.array([[scale, 0, x - left + half], [0, scale, y - top + half]])
    cover = cv2.warpAffine(
        mask.astype(np.float32) / 255, matrix, (right - left, bottom - top), flags=cv2.INTER_CUBIC
    )
    return left, top, np.clip(cover, 0, 1)


def legible_ink(rng: np.random.Generator, below: Image) -> Colour:
    """A colour that most pixels below differ from in brightness, as far as one of 40 does."""
    brightness = below.reshape(-1, 3) @ GREY
    ink, most = any_colour(rng), 0.0
    for _ in range(40):
        colour = any_colour(rng)
        contrast = float(np.quantile(np.abs(brightness - GREY @ np.array(colour)), 0.15))
        if contrast > most:
            most, ink = contrast, colour
        if contrast >= LEAST_CONTRAST:
            break
    return ink


def lay_plate(rng: np.random.Generator, image: Image, box: NDArray[np.float32]) -> None:
    """A filled card or disc below a digit, from just wider than it to twice as wide."""
    height = float(box[2] - box[0])
    middle = (round(float(box[0]) + height / 2), round(float(box[1]) + height / 2))
    half = [round(height * between(rng, 0.6, 1.0)) for _ in range(2)]
    colour = any_colour(rng)
    if happens(rng, 0.3):
        cv2.circle(image, middle, round(1.2 * max(half)), colour, -1, cv2.LINE_AA)
    else:
        corners = [(middle[0] + s * half[0], middle[1] + s * half[1]) for s in (-1, 1)]
        cv2.rectangle(image, *corners, colour, -1)


def scribble(rng: np.random.Generator, image: Image) -> None:
    """Long lines, long curves and filled blobs, all over the image."""
    area = image.shape[0] * image.shape[1] / (768 * 1024)
    for draw, count in ((_blob, 12), (_line, 5), (_curve, 7)):
        for _ in range(round(area * count * between(rng, 0.5, 1.5))):
            draw(rng, image)


def _blob(rng: np.random.Generator, image: Image) -> None:
    axes = [round(log_between(rng, 6, 60)) for _ in range(2)]
    turn = between(rng, 0, 180)
    cv2.ellipse(image, _point(rng, image), axes, turn, 0, 360, any_colour(rng), -1, cv2.LINE_AA)


def _line(rng: np.random.Generator, image: Image) -> None:
    """At least three times as long as the tallest digit, so that it cannot be read as a 1."""
    x, y = _point(rng, image)
    length, turn = between(rng, 3, 8) * HEIGHTS[1], between(rng, 0, 2 * np.pi)
    end = round(x + length * np.cos(turn)), round(y + length * np.sin(turn))
    cv2.line(image, (x, y), end, any_colour(rng), int(rng.integers(1, 9)), cv2.LINE_AA)


def _curve(rng: np.random.Generator, image: Image) -> None:
    """A line that wanders."""
    turns = np.cumsum(rng.normal(0, 0.25, 60)) + between(rng, 0, 2 * np.pi)
    steps = between(rng, 6, 20) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = np.array(_point(rng, image)) + np.cumsum(steps, axis=0)
    points = np.rint(path).astype(np.int32)[:, None]
    cv2.polylines(image, [points], False, any_colour(rng), int(rng.integers(1, 7)), cv2.LINE_AA)


def _point(rng: np.random.Generator, image: Image) -> tuple[int, int]:
    return int(rng.integers(image.shape[1])), int(rng.integers(image.shape[0]))


def letter(rng: np.random.Generator) -> Mask:
    """A capital letter as a mask, as tall as a digit."""
    sheet = np.zeros((4 * CELL, 4 * CELL), np.uint8)
    font = pick(rng, (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX))
    text, thickness = pick(rng, LETTERS), int(rng.integers(6, 14))
    (width, height), _ = cv2.getTextSize(text, font, 3.2, thickness)
    at = (2 * CELL - width // 2, 2 * CELL + height // 2)
    cv2.putText(sheet, text, at, font, 3.2, 255, thickness, cv2.LINE_AA)
    return distort(rng, np.asarray(cv2.resize(sheet, (CELL, CELL), interpolation=cv2.INTER_AREA)))


def half(rng: np.random.Generator, digit: Mask) -> Mask:
    """The upper or the lower half of a digit as a mask."""
    rest = digit.copy()
    rows = slice(0, CELL // 2) if happens(rng, 0.5) else slice(CELL // 2, CELL)
    rest[rows] = 0
    return rest


def distort(rng: np.random.Generator, mask: Mask, strength: float = 1.0) -> Mask:
    """A mask turned, slanted, stretched and bent a little, as another hand would write it.

    Source: Simard, Steinkraus, Platt, "Best Practices for Convolutional Neural Networks Applied
    to Visual Document Analysis", ICDAR 2003.
    """
    turn, slant = strength * between(rng, -0.2, 0.2), strength * between(rng, -0.2, 0.2)
    wide, tall = (1 + strength * between(rng, -0.1, 0.1) for _ in range(2))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ np.array([[wide, slant], [0, tall]])
    rows, cols = np.mgrid[:CELL, :CELL] - (CELL - 1) / 2
    source = np.einsum("ij,jrc->irc", matrix, np.stack([cols, rows])) + (CELL - 1) / 2
    bent = [
        (axis + 1.3 * strength * smooth_noise(rng, (CELL, CELL), (8, 8), 1)).astype(np.float32)
        for axis in source
    ]
    return np.asarray(cv2.remap(mask, *bent, cv2.INTER_LINEAR), np.uint8)
