"""One round of corrections: what it brings on frames that nobody corrected.

    python scripts/bench/corrections.py [-m person-small] [--set caltech_dev] [-o runs/corrections]
        [--variants alone mixed] [--epochs 6] [--old-crops data/person_crops] [--also penn_fudan]
        [--backgrounds 20]

The frames are divided by where they come from (the name up to the last `_`, or every second
frame), one half to correct and one to measure on. `batch` searches the first half; a person is
simulated who looks at each frame at the scores from --threshold on (by default the recommended
one), confirms what is right, marks what is wrong and what was missed, by the annotations. Frames
with objects that the annotations ignore are not called checked, and detections on such objects are
left unmarked. `harvest` cuts crops, `train --init` goes on, with and without the crops that the
model learned from, and `evaluate` compares on the other half, and on another set that nobody
corrected. All by the commands that users have. Prints figures and writes them as JSON.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from people import MIN_HEIGHTS

from fcn_detect.config import data_path
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import (
    Corrections,
    ImageCorrections,
    MarkedBox,
    read_annotations,
    read_results,
    write_corrections,
)
from fcn_detect.geometry import box_intersections, box_iou
from fcn_detect.results import Annotations, ImageAnnotations, ImageResult

RIGHT = 0.5  # overlap, by intersection over union, from which a detection is confirmed
ON_IGNORED = 0.3  # share of a detection from which it counts as lying on an ignored object


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--set", dest="name", default="caltech_dev", choices=MIN_HEIGHTS)
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--backgrounds", type=int, default=20, help="of harvest")
    parser.add_argument("--epochs", type=int, nargs="+", default=[6])
    parser.add_argument("--old-crops", type=Path, default=data_path("data/person_crops"))
    parser.add_argument("--variants", nargs="*", default=["alone", "mixed"])
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--extra", nargs="*", default=[], help="further options of train")
    parser.add_argument("--also", nargs="*", default=["penn_fudan"], help="sets not corrected")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/corrections"))
    args = parser.parse_args()
    truth = read_annotations(args.data / args.name / "annotations.json")
    halves = divide(truth, args.data / args.name, args.out / "frames")
    search(args.out / "frames/correct", args.model, args.out / "run", MIN_HEIGHTS[args.name])
    found = read_results(args.out / "run")
    shown = json.loads((args.out / "run" / "run.json").read_text())["threshold"]
    corrections = correct(found, halves["correct"], args.threshold or shown)
    write_corrections(corrections, args.out / "corrections.json")
    print_corrections(corrections)
    command = ["harvest", args.out / "run", args.out / "corrections.json"]
    options = ["--backgrounds", args.backgrounds, "--overwrite"]
    call(*command, "-o", args.out / "crops", *options)
    rows = measure(args, args.model, "before", halves["measure"])
    for variant in args.variants:
        for epochs in args.epochs:
            rows += train_on(args, variant, epochs, halves["measure"])
    (args.out / "corrections-table.json").write_text(json.dumps(rows, indent=1) + "\n")


def divide(truth: Annotations, source: Path, target: Path) -> dict[str, Annotations]:
    """The annotated frames in two halves that share no place, each linked into a folder."""
    names = [Path(image.image).name for image in truth.images]
    places = sorted({re.sub(r"_[^_]*$", "", name) for name in names})
    by_place = {place: i % 2 for i, place in enumerate(places)}
    halves: dict[str, Annotations] = {}
    for half, part in enumerate(["correct", "measure"]):
        images = [
            image
            for i, (image, name) in enumerate(zip(truth.images, names, strict=True))
            if (by_place[re.sub(r"_[^_]*$", "", name)] if len(places) < len(names) else i % 2)
            == half
        ]
        (target / part).mkdir(parents=True, exist_ok=True)
        for image in images:
            link = target / part / Path(image.image).name
            link.unlink(missing_ok=True)
            link.symlink_to((source / image.image).resolve())
        halves[part] = Annotations(images, truth.classes)
    return halves


def search(folder: Path, model: Any, run: Path, min_height: int) -> None:
    options = ["--min-height", min_height, "--workers", 1, "--overwrite", "--quiet"]
    call("batch", folder, "-o", run, "-m", model, *options)


def correct(found: list[ImageResult], truth: Annotations, threshold: float) -> Corrections:
    """What a person would mark who sees the detections from a score on."""
    annotated = {Path(image.image).name: image for image in truth.images}
    images = [mark(result, annotated[result.image], threshold) for result in found]
    return Corrections(run="run", images=tuple(images))


def mark(result: ImageResult, truth: ImageAnnotations, threshold: float) -> ImageCorrections:
    assert result.detections is not None
    shown = result.detections.above(threshold)
    objects, ignored = truth.boxes[~truth.ignore], truth.boxes[truth.ignore]
    labels = [label for label, ignore in zip(truth.labels, truth.ignore, strict=True) if not ignore]
    right, wrong, taken = [], [], set[int]()
    for box, score, label in shown:  # best first
        marked = MarkedBox(label=label, box=tuple(map(float, box)), score=score)
        overlaps = box_iou(box[None], objects)[0] if len(objects) else np.zeros(0)
        free = [i for i in np.argsort(-overlaps) if i not in taken and overlaps[i] >= RIGHT]
        area = float((box[2] - box[0]) * (box[3] - box[1])) or 1.0
        on_ignored = box_intersections(box[None], ignored).max(initial=0) / area
        if free:
            taken.add(int(free[0]))
            right.append(marked)
        elif on_ignored < ON_IGNORED:
            wrong.append(marked)
    missed = [
        MarkedBox(label=label, box=tuple(map(float, box)))
        for i, (box, label) in enumerate(zip(objects, labels, strict=True))
        if i not in taken
    ]
    return ImageCorrections(
        image=result.image,
        checked=not len(ignored),
        confirmed=tuple(right),
        wrong=tuple(wrong),
        missed=tuple(missed),
    )


def print_corrections(corrections: Corrections) -> None:
    images = corrections.images
    counts = {
        kind: sum(len(getattr(i, kind)) for i in images)
        for kind in ("confirmed", "wrong", "missed")
    }
    print(f"{len(images)} frames, {sum(i.checked for i in images)} checked: {counts}", flush=True)


def train_on(
    args: argparse.Namespace, variant: str, epochs: int, truth: Annotations
) -> list[dict[str, Any]]:
    """What the model is worth after training on."""
    name = f"{variant}-{epochs}"
    model = args.out / f"{name}.safetensors"
    folders = [args.out / "crops", *([args.old_crops] if variant == "mixed" else [])]
    start = time.perf_counter()
    call("train", *folders, "-o", model, "--init", args.model, "--epochs", epochs, *args.extra)
    print(f"{name}: trained for {time.perf_counter() - start:.0f} s", flush=True)
    return measure(args, model, name, truth)


def measure(
    args: argparse.Namespace, model: Any, name: str, truth: Annotations
) -> list[dict[str, Any]]:
    """Figures on the frames that were not corrected, and on the other sets."""
    run = args.out / name
    search(args.out / "frames/measure", model, run, MIN_HEIGHTS[args.name])
    rows = [row(name, args.name, run, truth)]
    for other in args.also:
        run = args.out / f"{name}-{other}"
        search(args.data / other / "images", model, run, MIN_HEIGHTS[other])
        rows.append(row(name, other, run, read_annotations(args.data / other / "annotations.json")))
    return rows


def row(name: str, frames: str, run: Path, truth: Annotations) -> dict[str, Any]:
    one = evaluate(read_results(run), truth, resamples=1000).classes["person"]
    figures, errors = one.figures, one.errors
    assert one.intervals is not None
    found = {
        "model": name,
        "set": frames,
        "images": len(truth.images),
        "ap50": round(figures.ap50, 3),
        "ap50_interval": [round(v, 3) for v in one.intervals.ap50],
        "miss_rate": round(figures.log_average_miss_rate, 3),
        "miss_rate_interval": [round(v, 3) for v in one.intervals.log_average_miss_rate],
        "recall_at_1": round(figures.recall_at_1_fppi, 3),
        "recall_at_0.1": round(figures.recall_at_0_1_fppi, 3),
        "background_at_1": errors.background,
    }
    print(json.dumps(found), flush=True)
    return found


def call(*arguments: Any) -> None:
    command = [sys.executable, "-m", "fcn_detect", *map(str, arguments)]
    print("+", " ".join(command[1:]), flush=True)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
