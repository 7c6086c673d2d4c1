"""What one frame costs in processor time, stage by stage, on one thread: a Markdown table.

    python scripts/bench/processor_time.py [FRAME] [-m person-small] [--min-height 50]
        [--files int8=runs/small-int8.xml ...] [--repeats 15]

Unlike the clock, processor time hardly depends on what else runs, so this can be measured on a busy
machine. Without a frame, a rendered one of 768x576. OpenVINO; medians.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fcn_detect.bench.frame import pyramid_passes
from fcn_detect.bench.frames import bench_frames
from fcn_detect.detect import Detector
from fcn_detect.images import PreparedImage, paint_passes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frame", nargs="*")
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--min-height", type=float, default=50)
    parser.add_argument("--files", nargs="*", default=[], help="NAME=PATH of exported files")
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    settings = {"backend": "openvino", "min_height": args.min_height, "threads": 1}
    detector = Detector.load(args.model, **settings)
    rivals = [file.split("=", 1) for file in args.files]
    with tempfile.TemporaryDirectory() as folder:
        works = stages(detector, bench_frames(args.frame, Path(folder))[0])
        for name, path in rivals:
            works[f"network, {name}"] = network(Detector.load(path, **settings), works["packed"])
        del works["packed"]
        print_table({name: medians(work, args.repeats) for name, work in works.items()})


def stages(detector: Detector, path: Path) -> dict[str, Callable[[], object]]:
    image = detector.read(path)
    levels = detector.levels(image.image_hw)
    passes = pyramid_passes(levels, detector.header.stride_hw)

    def pack() -> PreparedImage:
        canvases = paint_passes(image.halves(), levels, passes)
        return PreparedImage(image.image_hw, image.warnings, canvases, None)

    prepared = pack()
    score_maps = detector.score_prepared(prepared)
    return {
        "read": lambda: detector.read(path),
        "resize and pack": pack,
        "network": network(detector, lambda: prepared),
        "boxes": lambda: detector.find(image.image_hw, score_maps),
        "packed": lambda: prepared,
    }


def network(detector: Detector, packed: Callable[[], PreparedImage]) -> Callable[[], object]:
    prepared = packed()
    return lambda: detector.score_prepared(prepared)


def medians(work: Callable[[], object], repeats: int) -> float:
    """Milliseconds of the processor, the first turn left out."""
    taken = []
    for _ in range(repeats + 1):
        start = time.process_time()
        work()
        taken.append(1e3 * (time.process_time() - start))
    return statistics.median(taken[1:])


def print_table(taken: dict[str, float]) -> None:
    print("| stage | ms of processor | network / this |")
    print("|---|---|---|")
    for name, milliseconds in taken.items():
        print(f"| {name} | {milliseconds:.1f} | {taken['network'] / milliseconds:.2f} |")


if __name__ == "__main__":
    main()
