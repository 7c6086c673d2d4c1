"""Times of the runtimes on the same frames, in turn, and what else bears on the choice of one.

    python scripts/bench/runtimes.py -m person [--sizes 768x576 1500x1100] [--repeats 15]
        [--files int8=person-int8.xml ...]

For each size one dense pass at scale 1 over random pixels: every runtime once, then every runtime
again, in random order; medians and least times, and their ratios to PyTorch's. `openvino, fixed`
is the same graph compiled for that size alone. Then the largest memory of a process that runs the
passes of a pyramid, `--levels` sizes, each runtime in a process of its own.
"""

import argparse
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fcn_detect.backends import BACKENDS, find_model, open_backend
from fcn_detect.backends.export_cache import cached_export
from fcn_detect.backends.openvino_backend import SETTINGS, _taking_pixels

Run = Callable[[Any], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--sizes", nargs="+", type=size, default=[(576, 768), (1100, 1500)])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--files", nargs="*", default=[], help="NAME=PATH of exported files")
    parser.add_argument("--levels", type=int, default=15)
    args = parser.parse_args()
    runs: dict[str, Run] = {name: open_backend(args.model, name).maps for name in BACKENDS}
    for name, _, path in (given.partition("=") for given in args.files):
        runs[name] = open_backend(path).maps
    for height, width in args.sizes:
        fixed = {"openvino, fixed": fixed_size(args.model, (height, width))}
        pixels = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        times = in_turn({**runs, **fixed}, pixels, args.repeats)
        for name, seconds in times.items():
            median, least = statistics.median(seconds), min(seconds)
            ratios = statistics.median(times["torch"]) / median, min(times["torch"]) / least
            print(
                f"{width}x{height}  {name:<20} median {1000 * median:7.1f} ms, {ratios[0]:5.2f} "
                f"times as fast as torch; least {1000 * least:7.1f} ms, {ratios[1]:5.2f} times"
            )
    for name in BACKENDS:
        print(f"memory  {name:<12} {memory_of(args.model, name, args.levels):8.0f} MB")


def size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(height), int(width)


def fixed_size(model: str, size_hw: tuple[int, int]) -> Run:
    """The cached export for OpenVINO, compiled for one size."""
    import openvino

    core = openvino.Core()
    with cached_export(find_model(model), ".xml", None, "openvino", not_there) as path:
        graph = _taking_pixels(core.read_model(path))
    graph.reshape([1, *size_hw, 3])
    request = core.compile_model(graph, "CPU", SETTINGS).create_infer_request()
    return lambda pixels: request.infer([pixels])


def not_there(path: Path) -> None:
    raise RuntimeError(f"{path}: the export is not in the cache")


def in_turn(runs: dict[str, Run], pixels: Any, repeats: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in runs}
    chance = random.Random(0)
    for run in runs.values():
        run(pixels)
    for _ in range(repeats):
        for name in chance.sample(list(runs), len(runs)):  # threads of one may disturb the next
            start = time.perf_counter()
            runs[name](pixels)
            times[name].append(time.perf_counter() - start)
    return times


def memory_of(model: str, name: str, levels: int) -> float:
    """Largest resident memory in MB of a new process that scores a pyramid's sizes, twice."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_memory, (model, name, levels))


def _memory(model: str, name: str, levels: int) -> float:
    backend = open_backend(model, name)
    noise = np.random.default_rng(0)
    for _ in range(2):
        for level in range(levels):
            height, width = int(1100 / 1.15**level), int(1500 / 1.15**level)
            if (height, width) >= backend.header.crop_hw:
                backend.maps(noise.integers(0, 256, (1, height, width, 3), dtype=np.uint8))
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
