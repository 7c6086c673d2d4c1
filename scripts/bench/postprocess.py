"""What boxes cost: from a million cells of a score map to detections.

    python scripts/bench/postprocess.py [--cells 1000000] [--repeats 7]

Three maps of one size: noise in which hardly a cell scores, the hills of 200 objects, and a
hostile one in which every cell is a candidate. Prints milliseconds (median) for decoding
(probabilities, threshold, boxes, offsets), suppression and voting.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from fcn_detect.geometry import ScoreGrid
from fcn_detect.postprocess import Selection, decode, select
from fcn_detect.results import ModelHeader, ScoreMap

HEADER = ModelHeader(
    net="none",
    crop_hw=(112, 56),
    labels=("object",),
    object_box=(8.0, 8.0, 48.0, 104.0),
    offsets=("x", "y", "scale"),
    stride_hw=(8, 8),
    exact=True,
)
SELECTION = Selection(overlap=0.65, measure="smaller", voting=0.5, keep=0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    side = round(args.cells**0.5)
    rng = np.random.default_rng(0)
    print("map          cells      candidates  boxes  decode ms  select ms")
    for name, logits in (
        ("quiet", rng.normal(-12, 1.5, (side, side))),
        ("200 objects", hills(rng, side, 200)),
        ("hostile", rng.normal(0, 1, (side, side))),
    ):
        print_row(name, score_map(rng, logits.astype(np.float32)), args.repeats)


def hills(rng: np.random.Generator, side: int, count: int) -> NDArray[np.float64]:
    """Logits of a quiet map with objects, each of which raises a few dozen cells."""
    logits = rng.normal(-12, 1.5, (side, side))
    rows, cols = np.mgrid[-4:5, -4:5]
    hill = 16 * np.exp(-(rows**2 + cols**2) / 8)
    for row, col in rng.integers(5, side - 5, (count, 2)):
        logits[row - 4 : row + 5, col - 4 : col + 5] += hill
    return logits


def score_map(rng: np.random.Generator, logits: NDArray[np.float32]) -> ScoreMap:
    side = len(logits)
    grid = ScoreGrid((side, side), HEADER.stride_hw, HEADER.crop_hw, (0, 0), 1.0)
    offsets = rng.normal(0, 0.3, (3, side, side)).astype(np.float32)
    return ScoreMap(logits[None], grid, offsets)


def print_row(name: str, one: ScoreMap, repeats: int) -> None:
    candidates = decode([one], HEADER, SELECTION.smallest_score)
    kept = select(candidates, 1, SELECTION)
    decoding = milliseconds(lambda: decode([one], HEADER, SELECTION.smallest_score), repeats)
    selecting = milliseconds(lambda: select(candidates, 1, SELECTION), repeats)
    print(
        f"{name:12} {one.logits.size:9} {len(candidates):11} {len(kept):6} "
        f"{decoding:10.1f} {selecting:10.1f}"
    )


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * median(times)


if __name__ == "__main__":
    main()
