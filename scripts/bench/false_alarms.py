"""Whether `--false-alarms F` delivers F an image, and whether scores are probabilities.

    python scripts/bench/false_alarms.py -m person [--false-alarms 0.1] [--sizes 0.75 1 1.5]
        [--set '{"mirrored": true}']

Both are measured on the half of `data/background_frames/val` that no training has seen, as
`configs/person.toml` leaves it (`mining.validation_share`). The frames are searched at several
sizes, and as two halves each, smaller images with all their detail; each false alarm counts that
scores as high as the model says it must. The interval is the exact one of a Poisson count. Scores
are compared with the shares of objects among the validation crops of `data/person_crops` and the
false alarms of the unseen half.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcn_detect.backends import open_backend
from fcn_detect.backends.torch_backend import TorchBackend
from fcn_detect.config import DetectSettings, ModelSettings, data_path
from fcn_detect.detect import Detector
from fcn_detect.images import read_image, resize_to
from fcn_detect.postprocess import probabilities
from fcn_detect.results import Calibration
from fcn_detect.train.crops import load_crops
from fcn_detect.train.mining import Surroundings, find_false_alarms, list_photos
from fcn_detect.train.reliability import measure_reliability

Pixels = NDArray[np.uint8]
Way = Callable[[Pixels], list[Pixels]]  # a photo's RGB `(h, w, 3)` to images made of it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--false-alarms", type=float, default=0.1)
    parser.add_argument("--sizes", nargs="+", type=float, default=[0.75, 1.0, 1.5])
    parser.add_argument("--set", dest="settings", type=json.loads, default={}, help="of [detect]")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/false_alarms"))
    args = parser.parse_args()
    folder = data_path("data/background_frames/val")
    unseen, _ = list_photos(folder, 0.5)
    ways: dict[str, Way] = {
        **{f"{size:g} times as large": partial(resized, size=size) for size in args.sizes},
        "left and right half": halves,
    }
    rows = []
    for name, way in ways.items():
        detector = Detector.load(args.model, false_alarms=args.false_alarms, **args.settings)
        rows.append({"images": name, **deliver(detector, unseen, way)})
        print(rows[-1], flush=True)
    errors = calibration_errors(args.model, unseen)
    print(errors)
    args.out.mkdir(parents=True, exist_ok=True)
    report = {"delivered": rows, "calibration": errors}
    (args.out / "false_alarms.json").write_text(json.dumps(report, indent=1) + "\n")


def resized(pixels: Pixels, size: float) -> list[Pixels]:
    """A photo made larger or smaller."""
    height, width = (round(side * size) for side in pixels.shape[:2])
    return [resize_to(pixels, (height, width))]


def halves(pixels: Pixels) -> list[Pixels]:
    """The left and the right half of a photo."""
    middle = pixels.shape[1] // 2
    return [pixels[:, :middle], pixels[:, middle:]]


def deliver(detector: Detector, photos: list[Path], way: Way) -> dict[str, Any]:
    """What `--false-alarms` gives on the images that are made of the photos."""
    count, scores, windows = 0, [], []
    for image in (image for path in photos for image in way(read_image(path).pixels)):
        size_hw = (image.shape[0], image.shape[1])
        threshold = detector.threshold(size_hw)
        count += len(detector(image).above(threshold))
        scores.append(threshold)
        windows.append(detector.windows(size_hw))
    low, high = (bound / len(scores) for bound in poisson_interval(count))
    return {
        "images_made": len(scores),
        "windows": round(float(np.median(windows))),
        "threshold": round(float(np.median(scores)), 4),
        "false_alarms": count,
        "per_image": round(count / len(scores), 4),
        "interval": [round(low, 4), round(high, 4)],
    }


def poisson_interval(count: int, outside: float = 0.05) -> tuple[float, float]:
    """The exact 95 % interval of a Poisson mean, from its quantiles by bisection.

    Source: Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28, 1936.
    """

    def at_most(k: int, mean: float) -> float:
        terms = np.cumsum(np.log(np.maximum(1, np.arange(k + 1))))
        return float(np.exp(np.arange(k + 1) * np.log(mean) - terms - mean).sum())

    def solve(k: int, share: float) -> float:
        low, high = 1e-9, 10.0 * (k + 5)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(k, middle) > share else (low, middle)
        return low

    low = 0.0 if count == 0 else solve(count - 1, 1 - outside / 2)
    return low, solve(count, outside / 2)


def calibration_errors(model: str, photos: list[Path]) -> dict[str, Any]:
    """The expected calibration error on validation crops and unseen false alarms."""
    backend = open_backend(model, "torch")
    assert isinstance(backend, TorchBackend)
    header = backend.header
    trained = ModelSettings.model_validate(header.training["model"])
    settings = DetectSettings.model_validate(header.detect).model_copy(
        update={"min_height": header.training["mining"]["min_height"], "keep": 0.01}
    )
    around = Surroundings(trained.window_hw, (0, 0))
    alarms, _ = find_false_alarms(
        Detector(backend, settings), photos, 100, around, lambda *_arguments: None
    )
    crops = load_crops(data_path("data/person_crops"), trained.crop).validation
    crops = crops.middle(trained.margins_hw, trained.window_hw)
    windows = np.concatenate([crops.images, alarms.windows])
    classes = np.concatenate([crops.classes, np.ones(len(alarms.windows), np.int64)])
    logits = backend.classify(windows)[:, : header.outputs].T
    before, after = (
        measure_reliability(probabilities(logits, calibration)[0], classes, background=1)
        for calibration in (Calibration(), header.calibration)
    )
    return {
        "objects": int((classes == 0).sum()),
        "backgrounds": int((classes == 1).sum()),
        "uncalibrated_error": round(before.error, 4),
        "calibration_error": round(after.error, 4),
    }


if __name__ == "__main__":
    main()
