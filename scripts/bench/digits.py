"""Ten classes: MNIST's digits learned from crops, found and read in rendered scenes.

    python scripts/bench/digits.py [-o runs/digits] [-m MODEL] [--set '{"stride": 2}']

Renders crops, photos without digits and scenes (scripts/bench/digit_sets.py), trains with
`configs/digits.toml`, searches the scenes, and scores the boxes with `evaluate`: 1,000 digits that
were neither trained on nor validated with, 28 to 84 px tall, in 25 scenes of 1024x768 and
1536x1152, among letters, halves of digits and scribble. `-m` measures a model in place of training
one; the settings of `--set` go over the model's own `[detect]`. Prints average precision overall
and by class, and what became of the digits at the recommended threshold; writes `digits.json`, the
records and the scenes with their boxes.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from digit_sets import LABELS, read_digits, write_crops, write_photos, write_scenes

from fcn_detect.config import Settings, read_settings
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.files import write_atomically
from fcn_detect.formats import read_coco_annotations, write_results
from fcn_detect.geometry import box_iou
from fcn_detect.images import read_image
from fcn_detect.report import PhotoWriter
from fcn_detect.results import Annotations, Detections, ImageAnnotations, ImageResult
from fcn_detect.train import TrainingJob, train

CONFIG = Path(__file__).parents[2] / "configs" / "digits.toml"


@dataclass(frozen=True)
class Size:
    """How much is rendered.

    Attributes:
        passes: crops of each training digit.
        photos: without digits.
        scenes_hw: sizes of the scenes.
        share: of the digits to train on.
    """

    passes: int = 5
    photos: int = 160
    scenes_hw: tuple[tuple[int, int], ...] = ((768, 1024),) * 20 + ((1152, 1536),) * 5
    share: float = 1.0


@dataclass(frozen=True)
class Reading:
    """What became of the true digits of some scenes, and of the boxes shown.

    Attributes:
        right: digits whose best box says what they are.
        confused: `(true, read)` and how often the best box on a digit says so.
        missed: digits without a box.
        doubled: digits with a second box on them, of whatever label.
        boxes: all boxes shown.
        elsewhere: boxes on no digit.
    """

    right: int
    confused: dict[tuple[str, str], int]
    missed: int
    doubled: int
    boxes: int
    elsewhere: int

    @property
    def wrong(self) -> int:
        return sum(self.confused.values())

    @property
    def precision(self) -> float:
        """Share of the boxes shown that are on a digit, say which, and are its only one."""
        return self.right / max(1, self.boxes)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.wrong + self.missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/digits"))
    parser.add_argument("-m", "--model", type=Path, help="measure this one; train none")
    parser.add_argument("--set", dest="settings", type=json.loads, default={}, help="of [detect]")
    args = parser.parse_args()
    size = Size()
    model = args.model or learn(args.out, size, say=print)
    truth = render_scenes(args.out / "scenes", size)
    print_figures(measure(args.out, model, truth, args.settings))


def learn(
    out: Path,
    size: Size,
    changes: dict[str, Any] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Path:
    """Renders what is learned from and trains; the model's path."""
    start = time.perf_counter()
    digits = read_digits()
    kept = np.arange(0, len(digits["train"].labels), round(1 / size.share))
    learned = digits["train"].take(kept)
    for part, some, seed in (("train", learned, 5), ("val", digits["val"], 3)):
        rng = np.random.default_rng([1, seed])
        counts = write_crops(out / "crops" / part, rng, some, size.passes if part == "train" else 1)
        say(f"{part}: {counts}")
    write_photos(out / "photos-without", np.random.default_rng(2), learned, size.photos)
    say(f"rendered in {time.perf_counter() - start:.0f} s")
    model = out / "digits.safetensors"
    train(TrainingJob(out / "crops", model, settings(out, changes)), say=say)
    say(f"trained after {time.perf_counter() - start:.0f} s")
    return model


def settings(out: Path, changes: dict[str, Any] | None = None) -> Settings:
    """The settings file's, with photos from the folder, and changes on top."""
    changes = changes or {}
    mining = {"negatives": str(out / "photos-without"), **changes.get("mining", {})}
    return read_settings(CONFIG, {**changes, "mining": mining})


def render_scenes(folder: Path, size: Size) -> Annotations:
    """Renders the scenes to search, and reads back their true boxes."""
    rng = np.random.default_rng(3)
    return read_coco_annotations(write_scenes(folder, rng, read_digits()["test"], size.scenes_hw))


def measure(out: Path, model: Path, truth: Annotations, changes: dict[str, Any]) -> dict[str, Any]:
    """Searches the scenes; the figures, which `digits.json` gets too."""
    detector = Detector.load(model, **changes)
    writer = PhotoWriter(out / "pictures", detector.threshold)
    results: list[ImageResult] = []
    seconds = []
    for image in truth.images:
        path = out / "scenes" / image.image
        start = time.perf_counter()
        results.append(detector.result(path, image.image)[0])
        seconds.append(time.perf_counter() - start)
        writer.write_boxes(results[-1], read_image(path).pixels)
    write_results(results, out / "results.jsonl")
    figures = {
        **figures_of(results, truth, detector.threshold((1, 1))),
        "seconds_per_scene": sorted(seconds)[len(seconds) // 2],
    }
    write_atomically(out / "digits.json", json.dumps(figures, indent=1) + "\n")
    return figures


def figures_of(
    results: Sequence[ImageResult], truth: Annotations, threshold: float
) -> dict[str, Any]:
    """Average precision, and the readings at a threshold."""
    evaluation = evaluate(results, truth)
    reading = read_off(results, truth, threshold)
    return {
        "ap50": evaluation.overall.ap50,
        "ap": evaluation.overall.ap,
        "recall_at_1": evaluation.overall.recall_at_1_fppi,
        "classes": {label: one.figures.ap50 for label, one in evaluation.classes.items()},
        "digits": evaluation.overall.boxes,
        "threshold": threshold,
        "precision": reading.precision,
        "recall": reading.recall,
        "right": reading.right,
        "wrong_digit": reading.wrong,
        "missed": reading.missed,
        "doubled": reading.doubled,
        "boxes": reading.boxes,
        "elsewhere": reading.elsewhere,
        "confused": [[*pair, n] for pair, n in Counter(reading.confused).most_common()],
    }


def read_off(results: Sequence[ImageResult], truth: Annotations, threshold: float) -> Reading:
    """What became of each true digit at IoU 0.5, whatever the label."""
    found = {result.image: result.detections or Detections.empty() for result in results}
    right = missed = doubled = boxes = elsewhere = 0
    confused: Counter[tuple[str, str]] = Counter()
    for image in truth.images:
        shown = found[image.image].above(threshold)
        on_digit = best_boxes(shown, image)
        boxes += len(shown)
        elsewhere += len(shown) - sum(map(len, on_digit))
        missed += sum(not some for some in on_digit)
        doubled += sum(len(some) > 1 for some in on_digit)
        for label, some in zip(image.labels, on_digit, strict=True):
            if some and shown.labels[some[0]] != label:
                confused[label, shown.labels[some[0]]] += 1
            right += bool(some) and shown.labels[some[0]] == label
    return Reading(right, dict(confused), missed, doubled, boxes, elsewhere)


def best_boxes(shown: Detections, image: ImageAnnotations) -> list[list[int]]:
    """For each true digit the boxes that lie on it and on no other one more, best first."""
    on_digit: list[list[int]] = [[] for _ in image.labels]
    overlaps = box_iou(shown.boxes, image.boxes)
    for i, row in enumerate(overlaps):
        if row.size and row.max() >= 0.5:
            on_digit[int(row.argmax())].append(i)
    return on_digit


def print_figures(figures: dict[str, Any]) -> None:
    """A few lines for people."""
    print(f"AP50 {figures['ap50']:.4f}   AP {figures['ap']:.4f}   {figures['digits']} digits")
    print("   ".join(f"{label}: {figures['classes'][label]:.3f}" for label in LABELS))
    print(
        f"at the threshold {figures['threshold']:.3f}: {figures['boxes']} boxes, "
        f"precision {figures['precision']:.4f}, recall {figures['recall']:.4f}; "
        f"{figures['right']} right, {figures['wrong_digit']} read as another digit, "
        f"{figures['missed']} missed; {figures['doubled']} with a second box, "
        f"{figures['elsewhere']} boxes on no digit"
    )
    pairs = ", ".join(f"{true} as {read}: {n}" for true, read, n in figures["confused"][:8])
    print(f"confused: {pairs}   {figures['seconds_per_scene']:.2f} s a scene")


if __name__ == "__main__":
    main()
