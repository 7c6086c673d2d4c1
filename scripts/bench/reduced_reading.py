"""What reading JPEGs at half their size changes and saves.

    python scripts/bench/reduced_reading.py [-m person] [--data data] [--min-height 200]

Searches penn_fudan, whose people are large, for people so tall that no level is above half the
photo's size, with and without `reduced_reading`. Prints how far the pixels of the halved photo lie
from means of 2x2 pixels, how far logits and average precision move, and the times of reading.
"""

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np

from fcn_detect.config import data_path
from fcn_detect.detect import Detector
from fcn_detect.evaluate import evaluate
from fcn_detect.formats import read_coco_annotations
from fcn_detect.images import Halves, read_image
from fcn_detect.results import ImageResult


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--data", type=Path, default=data_path("data"))
    parser.add_argument("--min-height", type=float, default=200)
    args = parser.parse_args()
    photos = sorted((args.data / "penn_fudan" / "images").iterdir())
    whole, reduced = (
        Detector.load(args.model, min_height=args.min_height, reduced_reading=some)
        for some in (False, True)
    )
    print_pixels(photos, reduced.halvings)
    truth = read_coco_annotations(args.data / "penn_fudan" / "annotations.json")
    results: dict[str, list[ImageResult]] = {"whole": [], "reduced": []}
    logits = []
    for path in photos:
        searches = []
        for name, detector in (("whole", whole), ("reduced", reduced)):
            result, search = detector.result(path, f"images/{path.name}")
            results[name].append(result)
            searches.append(search)
        if all(search is not None and search.image.halved for search in searches[1:]):
            maps = [search.score_maps for search in searches if search is not None]
            logits += [np.abs(a.logits - b.logits) for a, b in zip(*maps, strict=True)]
    far = np.concatenate([one.ravel() for one in logits])
    print(
        f"logits of {far.size} windows: mean difference {far.mean():.3f}, "
        f"99 % below {np.quantile(far, 0.99):.3f}"
    )
    for name, some in results.items():
        figures = evaluate(some, truth).overall
        print(f"{name}: AP50 {figures.ap50:.4f}, miss rate {figures.log_average_miss_rate:.4f}")


def print_pixels(photos: list[Path], halvings: int) -> None:
    """Differences in grey levels, and times of reading, taken in turn."""
    far, seconds = [], {0: [], halvings: []}
    for path in photos:
        for times in seconds:
            start = time.perf_counter()
            image = read_image(path, halvings=times)
            seconds[times].append(time.perf_counter() - start)
        if image.halved:
            means = Halves(read_image(path).pixels).picture(image.halved)
            far.append(np.abs(image.pixels.astype(int) - np.asarray(means)).mean())
    print(
        f"{len(far)} of {len(photos)} photos halved {halvings} times: grey levels differ by "
        f"{np.mean(far):.2f} on average, {np.max(far):.2f} in the worst photo"
    )
    print(
        f"reading takes {1e3 * median(seconds[0]):.1f} ms whole, "
        f"{1e3 * median(seconds[halvings]):.1f} ms halved"
    )


if __name__ == "__main__":
    main()
