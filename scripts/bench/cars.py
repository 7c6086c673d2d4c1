"""Equal-error points and average precision of a car model on the two UIUC test sets.

    python scripts/bench/cars.py -m cars.safetensors [--data data] [--set '{"step": 1.1}']

Searches each set for cars of the widths that it holds, and scores by its authors' rule: centres
within an ellipse of a quarter of the true window's sides, and on the multi-scale set the widths
too (Agarwal, Awan, Roth, TPAMI 2004). Found windows are not clipped to the frame: true ones reach
outside it. Prints a row for docs/benchmarks.md for each set, and writes both as JSON.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.config import ModelSettings, data_path
from fcn_detect.detect import Detector, Search
from fcn_detect.evaluate import (
    EqualErrorPoint,
    equal_error_point,
    evaluate,
    match_centers,
)
from fcn_detect.formats import read_coco_annotations
from fcn_detect.geometry import wholes_of_parts
from fcn_detect.results import Annotations, Detections, ImageResult


@dataclass(frozen=True)
class CarSet:
    """One test set: its name, the widths searched for as shares of a crop's, and its rule."""

    name: str
    smallest: float
    largest: float
    widths: bool


SETS = (
    CarSet("test_single", 0.9, 1.1, widths=False),  # "approximately the same scale"
    CarSet("test_multi", 0.8, 2.4, widths=True),  # cars are 88 to 212 px wide, crops 100
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", required=True)
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--sets", nargs="+", default=[cars.name for cars in SETS])
    parser.add_argument("--out", type=Path, default=Path("runs/cars"))
    parser.add_argument("--set", dest="settings", type=json.loads, default={}, help="of [detect]")
    args = parser.parse_args()
    print("| set | cars | recall = precision | threshold | missed | AP50 |")
    print("|---|---|---|---|---|---|")
    rows = []
    for cars in (cars for cars in SETS if cars.name in args.sets):
        rows.append(measure(cars, args.model, args.data / "uiuc_cars", args.settings))
        print_row(rows[-1])
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cars.json").write_text(json.dumps(rows, indent=1) + "\n")


def measure(cars: CarSet, model: str, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    truth = read_coco_annotations(folder / f"annotations_{cars.name}.json")
    detector = open_detector(cars, model, settings)
    results = [search_windows(detector, folder, image.image) for image in truth.images]
    point = equal_error(results, truth, widths=cars.widths)
    objects = sum(len(image.labels) for image in truth.images)
    return {
        "set": cars.name,
        "cars": objects,
        "equal_error": point.rate,
        "threshold": point.threshold,
        "missed": round((1 - point.rate) * objects),
        "ap50": evaluate(results, truth).overall.ap50,
    }


def open_detector(cars: CarSet, model: str, settings: dict[str, Any]) -> Detector:
    """A detector that looks for the widths of a set."""
    _, y0, _, y1 = Detector.load(model).header.object_box
    heights = {"min_height": cars.smallest * (y1 - y0), "max_height": cars.largest * (y1 - y0)}
    return Detector.load(model, **{**heights, **settings})


def search_windows(detector: Detector, folder: Path, image: str) -> ImageResult:
    """One frame's result, whose boxes are whole windows, not clipped."""
    search = detector.search(folder / image)
    height, width = search.pixels.shape[:2]
    windows = Detections(
        windows_of(detector, search).astype(np.float32),
        search.detections.scores,
        search.detections.labels,
    )
    return ImageResult(image, width, height, windows, None, search.warnings)


def windows_of(detector: Detector, search: Search) -> NDArray[np.float64]:
    """The rectangles of the crops' size that the found objects stand for: `(n, 4)`."""
    header = detector.header
    trained = ModelSettings.model_validate(header.training["model"])
    (top, left), (x0, y0, x1, y1) = trained.margins_hw, header.object_box
    in_crop = (x0 + left, y0 + top, x1 + left, y1 + top)
    return wholes_of_parts(search.candidates.boxes, in_crop, trained.crop)


def equal_error(results: list[ImageResult], truth: Annotations, *, widths: bool) -> EqualErrorPoint:
    """The point of all frames together, by the authors' rule."""
    flags, scores = [], []
    for result, image in zip(results, truth.images, strict=True):
        assert result.detections is not None
        found = result.detections
        flags.append(match_centers(found.boxes, found.scores, image.boxes, widths=widths).flags)
        scores.append(found.scores)
    objects = sum(len(image.labels) for image in truth.images)
    return equal_error_point(np.concatenate(flags), np.concatenate(scores), objects)


def print_row(row: dict[str, Any]) -> None:
    print(
        f"| `{row['set']}` | {row['cars']} | {row['equal_error']:.2%} | {row['threshold']:.3f} "
        f"| {row['missed']} | {row['ap50']:.3f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
