"""Render, train, verify, detect, evaluate, time: each step is what the command of its name calls.

Source: the dress detector that trains a small CNN on 64×128 crops of dresses against trees, sky,
buildings and cars, and runs it over 1024×512 camera frames as a fully convolutional net.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fcn_detect.backends import open_backend
from fcn_detect.batch import BatchJob, run_batch
from fcn_detect.config import Settings, read_settings
from fcn_detect.demo.timing import SpeedUp, time_dense_against_window
from fcn_detect.detect import Detector, EquivalenceReport, level_plan, verify_images
from fcn_detect.evaluate import evaluate
from fcn_detect.files import write_atomically
from fcn_detect.formats import read_coco_annotations
from fcn_detect.images import read_image
from fcn_detect.report import PhotoWriter
from fcn_detect.results import TOLERANCE, ImageResult, Progress, silent
from fcn_detect.scenes import write_crops, write_scenes
from fcn_detect.train import TrainingJob, train

SCENE_SIZES_HW = [(512, 1024)] * 12 + [(768, 1536)] * 4 + [(1500, 2000), (3000, 4000)]
SMALLEST_DRESS, TALLEST_DRESS = 64.0, 240.0
CROPS_PER_CLASS = 2000
PHOTOS_WITHOUT = 60
HEAT_MAPS = 3

# The dress is 96 px tall in a crop, and half as wide as tall in the middle of what is drawn.
SETTINGS: dict[str, dict[str, Any]] = {
    "model": {"net": "valid-medium", "crop": "64x128", "object_box": [7.5, 16, 56.5, 112]},
    "train": {"epochs": 10, "object_share": 0.3},
    "mining": {"epochs": 8, "windows_per_photo": 20, "min_height": SMALLEST_DRESS},
    "detect": {"min_height": SMALLEST_DRESS},
}


@dataclass(frozen=True)
class DemoSummary:
    """What the demo measured.

    Attributes:
        scenes: rendered scenes searched.
        dresses: dresses in them.
        ap50: average precision at IoU 0.5.
        recall_at_1: recall at one false alarm a scene.
        validation_accuracy: on crops not trained on.
        equivalence: largest difference of a window's logit, dense against crop by crop.
        windows_verified: windows compared.
        speed: dense against sliding window, on one scene.
        folder: where everything is.
    """

    scenes: int
    dresses: int
    ap50: float
    recall_at_1: float
    validation_accuracy: float
    equivalence: float
    windows_verified: int
    speed: SpeedUp
    folder: Path


def run_demo(
    folder: Path,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda _line: None,
    *,
    settings: Settings | None = None,
    crops_per_class: int = CROPS_PER_CLASS,
    sizes_hw: list[tuple[int, int]] | None = None,
    photos: int = PHOTOS_WITHOUT,
) -> DemoSummary:
    """Runs the whole story in a folder.

    Args:
        folder: gets `crops/`, `photos-without/`, `scenes/`, `dress.safetensors`, `run/`,
            `pictures/` and `summary.md`.
        progress: told how far each step is.
        say: told what each step gave.
        settings: of training and detection; None means the demo's own.
        crops_per_class: training crops of each class.
        sizes_hw: sizes of the scenes; None means from 1024×512 to 4000×3000.
        photos: photos without dresses, to mine.
    """
    sizes_hw = SCENE_SIZES_HW if sizes_hw is None else sizes_hw
    settings = settings or demo_settings(folder)
    say("1. rendering crops of dresses and of what is none, and scenes with dresses in them")
    truth = render(folder, crops_per_class, sizes_hw, photos)
    say("2. training the crop classifier, and mining photos without dresses")
    model = folder / "dress.safetensors"
    trained = train(TrainingJob(folder / "crops", model, settings), progress, say)
    say("3. proving that the converted net's map equals the classifier, window by window")
    report = verify_on(model, sorted((folder / "scenes").glob("*.jpg"))[:2])
    say("4. searching the scenes")
    detector = Detector.load(model, backend="torch")
    job = BatchJob(folder / "scenes", folder / "run", model, formats=["coco"], overwrite=True)
    _, stored = run_batch(job, detector, progress)
    results = list(stored)
    draw(folder, detector, results, progress)
    say("5. measuring")
    figures = evaluate(results, read_coco_annotations(truth)).classes["dress"].figures
    speed = time_dense_against_window(
        open_backend(model, "torch"), read_image(folder / "scenes" / "scene_000.jpg").pixels
    )
    summary = DemoSummary(
        scenes=len(results),
        dresses=figures.boxes,
        ap50=figures.ap50,
        recall_at_1=figures.recall_at_1_fppi,
        validation_accuracy=trained.metrics["validation_accuracy"],
        equivalence=max(image.max_difference for image in report.images),
        windows_verified=sum(image.windows for image in report.images),
        speed=speed,
        folder=folder,
    )
    write_summary(summary)
    return summary


def demo_settings(folder: Path) -> Settings:
    """The demo's settings; its photos without dresses are rendered into the folder."""
    mining = {**SETTINGS["mining"], "negatives": str(folder / "photos-without")}
    return read_settings(None, {**SETTINGS, "mining": mining})


def render(
    folder: Path, crops_per_class: int, sizes_hw: list[tuple[int, int]], photos: int
) -> Path:
    """Crops, photos without dresses, and scenes; returns the scenes' annotation file."""
    write_crops(folder / "crops", np.random.default_rng(1), crops_per_class)
    none = [(480, 640)] * photos
    write_scenes(folder / "photos-without", np.random.default_rng(2), none, dresses=(0, 0))
    heights = (SMALLEST_DRESS, TALLEST_DRESS)
    return write_scenes(folder / "scenes", np.random.default_rng(3), sizes_hw, (3, 8), heights)


def verify_on(model: Path, scenes: list[Path]) -> EquivalenceReport:
    """The equivalence of the model's map and its classifier on some scenes."""
    backend: Any = open_backend(model, "torch")
    images = [(path.name, read_image(path).pixels) for path in scenes]
    plan = level_plan(backend.header)
    levels = [(name, image, plan.level(image.shape[:2], 1.0)) for name, image in images]
    return EquivalenceReport(backend.header.exact, TOLERANCE, list(verify_images(backend, levels)))


def draw(folder: Path, detector: Detector, results: list[ImageResult], progress: Progress) -> None:
    """Each scene with the boxes found, and the heat map of the first ones."""
    writer = PhotoWriter(folder / "pictures", detector.threshold)
    for i, result in enumerate(results):
        search = detector.search(folder / "scenes" / result.image) if i < HEAT_MAPS else None
        pixels = read_image(folder / "scenes" / result.image).pixels
        writer.write_boxes(result, pixels)
        if search is not None:
            whole = detector.at_full_size(search, folder / "scenes" / result.image)
            writer.write_heat_map(result.image, whole, detector.header.calibration)
        progress("drawing boxes", i + 1, len(results))


def write_summary(summary: DemoSummary) -> None:
    """`summary.json` and `summary.md` in the demo's folder."""
    facts = {**asdict(summary), "folder": str(summary.folder)}
    write_atomically(summary.folder / "summary.json", json.dumps(facts, indent=1) + "\n")
    lines = "\n".join(f"- {line}" for line in describe(summary))
    write_atomically(summary.folder / "summary.md", f"# What the demo found\n\n{lines}\n")


def describe(summary: DemoSummary) -> list[str]:
    """The summary in sentences."""
    speed = summary.speed
    return [
        f"{summary.dresses} dresses in {summary.scenes} rendered scenes: AP50 {summary.ap50:.3f}, "
        f"{summary.recall_at_1:.0%} found at one false alarm a scene",
        f"accuracy on crops not trained on: {summary.validation_accuracy:.4f}",
        f"conversion verified on {summary.windows_verified} windows: largest difference "
        f"{summary.equivalence:.1e} in logits",
        f"{speed.windows} windows of one 1024x512 frame: {speed.dense_s * 1e3:.0f} ms in one dense "
        f"pass, {speed.window_s * 1e3:.0f} ms as batched crops: {speed.ratio:.0f} times faster",
        f"pictures with boxes and heat maps: {summary.folder}/pictures",
        f"model: {summary.folder}/dress.safetensors; records: {summary.folder}/run/results.jsonl",
    ]
