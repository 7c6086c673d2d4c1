"""Writing rendered crops and scenes to folders."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fcn_detect.scenes.crops import LABELS, render_crops
from fcn_detect.scenes.raster import Image
from fcn_detect.scenes.rendering import render_scene

ANNOTATIONS = "annotations.json"
Labelled = tuple[str, tuple[int, int], NDArray[np.float32]]
"""File name, height and width, and boxes `(n, 4)` of a scene."""


def write_crops(
    folder: Path,
    rng: np.random.Generator,
    per_class: int,
    val_per_class: int | None = None,
    crop_hw: tuple[int, int] = (128, 64),
) -> None:
    """Writes `train/` and `val/`, each with `dress/*.png` and `background/*.png`.

    The two parts share no backdrop.

    Args:
        folder: made where missing; crops of the same number are replaced.
        rng: decides everything else.
        per_class: training crops of each class.
        val_per_class: validation crops of each class; by default a quarter as many, at least 1.
        crop_hw: pixels.
    """
    val_count = max(1, per_class // 4) if val_per_class is None else val_per_class
    for part, count in (("train", per_class), ("val", val_count)):
        for label in LABELS:
            (folder / part / label).mkdir(parents=True, exist_ok=True)
        for index, (label, crop) in enumerate(render_crops(rng, count, crop_hw)):
            name = f"{label}_{index // len(LABELS):05d}.png"
            (folder / part / label / name).write_bytes(_encode(crop, ".png"))


def write_scenes(
    folder: Path,
    rng: np.random.Generator,
    sizes_hw: Sequence[tuple[int, int]],
    dresses: tuple[int, int] = (3, 8),
    heights: tuple[float, float] = (48, 240),
) -> Path:
    """Writes `scene_000.jpg` and so on, and their boxes in COCO form.

    Args:
        folder: made where missing; scenes of the same number are replaced.
        rng: decides everything else.
        sizes_hw: one size a scene, pixels.
        dresses: fewest and most dresses a scene.
        heights: of the smallest and the tallest dress, pixels.

    Returns:
        The path of `annotations.json`, which is written last; file names in it are relative
        to it.

    Raises:
        SettingsError: the heights or so many dresses do not fit one of the sizes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Labelled] = []
    for index, size_hw in enumerate(sizes_hw):
        count = int(rng.integers(dresses[0], dresses[1] + 1))
        scene = render_scene(rng, size_hw, count, heights)
        name = f"scene_{index:03d}.jpg"
        (folder / name).write_bytes(_encode(scene.image, ".jpg"))
        found.append((name, size_hw, scene.boxes))
    path = folder / ANNOTATIONS
    unfinished = path.with_suffix(".json.part")
    unfinished.write_text(json.dumps(to_coco(found), indent=1) + "\n", encoding="utf-8")
    return unfinished.replace(path)


def to_coco(scenes: Sequence[Labelled]) -> dict[str, list[dict[str, Any]]]:
    """The COCO form of labelled scenes: images, annotations and the one category."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (name, (height, width), boxes) in enumerate(scenes, start=1):
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for x0, y0, x1, y1 in boxes.tolist():
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": (x1 - x0) * (y1 - y0),
                    "iscrowd": 0,
                    "ignore": 0,
                }
            )
    categories: list[dict[str, Any]] = [{"id": 1, "name": "dress"}]
    return {"images": images, "annotations": annotations, "categories": categories}


def _encode(image: Image, ending: str) -> bytes:
    """The bytes of a PNG or JPEG file, the latter of quality 92."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, 92] if ending == ".jpg" else []
    _, code = cv2.imencode(ending, image[..., ::-1], settings)
    return code.tobytes()
