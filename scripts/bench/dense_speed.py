"""One dense pass against batched crops, by stride and frame, as a Markdown table.

    python scripts/bench/dense_speed.py [-m person] [--backend openvino] [--repeats 3]

One level at scale 1 of a rendered frame. Above 8,192 windows, a random sample of them is really
classified in batches of 256, and 64 one by one; their times are scaled up to all windows. The
dense pass over a frame above 8 million pixels is taken in strips. All ways take turns.
"""

import argparse
from pathlib import Path

import numpy as np

from fcn_detect.backends import find_model, open_backend
from fcn_detect.bench.arithmetic import mac_counter
from fcn_detect.bench.turns import time_in_turns
from fcn_detect.bench.windows import ONE_BY_ONE, DenseAgainstCrops, WindowBench
from fcn_detect.detect import level_plan
from fcn_detect.scenes import render_scene

SIZES_HW = {"1024x512": (512, 1024), "4000x3000": (3000, 4000)}
STRIDES = (8, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--frames", nargs="+", choices=SIZES_HW, default=list(SIZES_HW))
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print("| frame | stride | windows | dense, s | batches, s | one by one, s | ", end="")
    print("batches / dense, time | arithmetic |\n|---|---|---|---|---|---|---|---|", flush=True)
    for frame in args.frames:
        image = render_scene(np.random.default_rng(0), SIZES_HW[frame], dresses=3).image
        for stride in STRIDES:
            found = measure(find_model(args.model), args.backend, stride, image, args.repeats)
            print(row(frame, stride, found), flush=True)


def measure(
    model: Path, name: str, stride: int, image: np.ndarray, repeats: int
) -> DenseAgainstCrops:
    backend = open_backend(model, name, stride=stride)
    level = level_plan(backend.header).level(image.shape[:2], 1.0)
    bench = WindowBench(backend, image, level)
    return bench.result(time_in_turns(bench.works(), repeats), mac_counter(model, stride))


def row(frame: str, stride: int, found: DenseAgainstCrops) -> str:
    batched = min((w for w in found.crops if w.way != ONE_BY_ONE), key=lambda way: way.seconds)
    (alone,) = (way for way in found.crops if way.way == ONE_BY_ONE)
    marks = ["" if way.measured == found.windows else " *" for way in (batched, alone)]
    return (
        f"| {frame} | {stride} | {found.windows:,} | {found.dense.seconds:.2f} "
        f"| {batched.seconds:.1f}{marks[0]} | {alone.seconds:.1f}{marks[1]} "
        f"| {found.faster:.1f} | {found.less_arithmetic:.1f} |"
    )


if __name__ == "__main__":
    main()
