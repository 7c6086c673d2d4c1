"""What a threshold is worth that was counted on a few photos held back.

    fcn-detect demo -o demo-output
    python scripts/bench/few_photos.py demo-output/dress.safetensors

Photos without dresses are rendered and searched. Some of them, drawn again and again, stand for the
photos held back: they give the recommended threshold, and the others say how many false alarms it
lets through. The model's calibration is left as it is.
"""

import tempfile
from pathlib import Path

import click
import numpy as np

from fcn_detect.backends import open_backend
from fcn_detect.detect import Detector
from fcn_detect.images import find_images
from fcn_detect.postprocess import false_alarm_table
from fcn_detect.results import silent
from fcn_detect.scenes import write_scenes
from fcn_detect.train.finish import recommended_threshold
from fcn_detect.train.mining import Surroundings, find_false_alarms

HELD_BACK = (1, 2, 4, 8, 16, 32)
DRAWS = 1000
SIZE_HW = (480, 640)


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--photos", default=200, help="How many are rendered.")
def main(model: Path, photos: int) -> None:
    """Thresholds from few photos, and what they let through in others, of MODEL, of dresses."""
    with tempfile.TemporaryDirectory() as name:
        rng = np.random.default_rng(77)
        write_scenes(Path(name), rng, [SIZE_HW] * photos, dresses=(0, 0))
        scores, windows = search(model, Path(name))
    half = np.mean([(one >= 0.5).sum() for one in scores])
    print(f"{photos} photos of {windows} windows; at 0.5: {half:.2f} false alarms a photo\n")
    print(
        "| held back | threshold, median | 10 to 90 % | false alarms a photo, median | 10 to 90 % |"
    )
    print("|---:|---:|---:|---:|---:|")
    for count in HELD_BACK:
        print(row(scores, windows, count))


def search(model: Path, folder: Path) -> tuple[list[np.ndarray], int]:
    """The scores of the false alarms of each photo, and the number of windows in one."""
    backend = open_backend(model, "torch")
    detector, header = Detector(backend), backend.header
    around = Surroundings(header.crop_hw, (0, 0))
    found = [
        find_false_alarms(detector, [path], 100, around, silent)[0]
        for path in find_images([folder])
    ]
    return [one.scores(header.calibration) for one in found], found[0].cells


def row(scores: list[np.ndarray], windows: int, count: int) -> str:
    """A line of the table: many sets of so many photos."""
    rng = np.random.default_rng(count)
    thresholds, through = [], []
    for _ in range(DRAWS):
        order = rng.permutation(len(scores))
        held = np.concatenate([scores[i] for i in order[:count]])
        thresholds.append(recommended_threshold(false_alarm_table(held, count * windows)))
        through.append(np.mean([(scores[i] >= thresholds[-1]).sum() for i in order[count:]]))
    parts = [np.quantile(values, [0.5, 0.1, 0.9]) for values in (thresholds, through)]
    cells = [f"{middle:.2f} | {low:.2f} to {high:.2f}" for middle, low, high in parts]
    return f"| {count} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
