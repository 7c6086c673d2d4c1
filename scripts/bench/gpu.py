"""What a GPU makes of the search: rates, stages, folders, and what must be equal.

    python scripts/bench/gpu.py [--device cuda] [--size 1920x1080] [-o gpu.json]

The rate of the whole way, from uint8 frames in memory to maps in memory, beside that of the net's
own convolutions alone; each stage; the way through canvases that the processor paints; `batch` on
a folder of JPEGs beside what could limit it; torchvision's decoder on the GPU; a training. Times
are medians, taken in turn. A part that fails, or for which no time is left, says so, and the others
go on. The last line is all of it as JSON.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_works import (
    Bench,
    checks,
    compiled_seconds,
    convolution_seconds,
    folder_rates,
    frame_seconds,
    gpu_decoding,
    peak_gflops,
    training_rate,
)
from PIL import Image

from fcn_detect.backends import find_model
from fcn_detect.bench.machine import this_machine
from fcn_detect.detect import Detector
from fcn_detect.scenes import render_scene

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Model, precision, images together: the first is what the others are measured against.
CASES = ["person,bfloat16,1", "person,float32,1", "person,bfloat16,4"]
CASES += ["person-small,bfloat16,1", "person-small,bfloat16,8"]
# Different frames in a folder; the others are links to them.
DIFFERENT = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="MODEL,PRECISION,IMAGES")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--images", type=int, default=500, help="in the folder")
    parser.add_argument("--side", type=int, default=8192, help="of the matrices of the peak")
    parser.add_argument("--crops", type=int, default=1000, help="of each class, to train with")
    parser.add_argument("--seconds", type=float, default=300, help="after which no part begins")
    parser.add_argument("-o", "--output", type=Path, help="a file for the JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(args, Report(args.seconds), Path(scratch))
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    sys.exit(1 if any("failed" in part for part in found["parts"].values()) else 0)


@dataclass
class Report:
    """The parts of the bench, each measured once or with the reason why not."""

    seconds: float
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    def add(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Measures a part, prints it, and keeps it."""
        start = time.monotonic()
        if start - self.begun > self.seconds:
            figures: dict[str, Any] = {"left out": "no time was left"}
        else:
            try:
                figures = work()
            except Exception as error:
                traceback.print_exc()
                figures = {"failed": f"{type(error).__name__}: {error}".partition("\n")[0][:300]}
        self.parts[name] = {**figures, "took, s": round(time.monotonic() - start, 1)}
        print(f"\n{name}")
        for key, value in self.parts[name].items():
            print(f"  {key:<44} {_shown(value)}", flush=True)
        return figures


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def measure(args: argparse.Namespace, report: Report, scratch: Path) -> dict[str, Any]:
    device = torch.device(args.device)
    on_gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if on_gpu else "processor"
    cudnn = torch.backends.cudnn.version() if on_gpu else None
    print(f"{args.device}: {name}, torch {torch.__version__}, cuDNN {cudnn}")
    frames = make_frames(args.size)
    for precision, kind in PRECISIONS.items():
        report.add(
            f"matrix product, {precision}",
            lambda kind=kind: {"GFLOP/s": peak_gflops(device, kind, args.side, args.repeats)},
        )
    report.add("what must be equal", lambda: measure_checks(args, frames[0]))
    for case in args.cases:
        report.add(f"frames: {case}", lambda case=case: measure_frames(args, case, frames))
    files = write_files(frames, args.images, scratch / "frames")
    if on_gpu:
        report.add("JPEG decoding on the GPU", lambda: gpu_decoding(files[:64], device))
    for case in args.cases:
        if "bfloat16" in case:
            work = lambda case=case: measure_folder(args, case, files, scratch / "run")  # noqa: E731
            report.add(f"folder: {case}", work)
    report.add("training", lambda: training_rate(scratch, args.crops, epochs=2))
    if on_gpu:
        report.add("torch.compile", lambda: measure_compiled(args, frames))
    machine = {"gpu": name, "torch": torch.__version__, "cudnn": cudnn, "cuda": torch.version.cuda}
    return {"machine": {**this_machine().to_dict(), **machine}, "parts": report.parts}


def make_frames(size: str) -> list[np.ndarray]:
    """Different frames of one size, moved versions of a rendered one with noise."""
    width, height = map(int, size.split("x"))
    rng = np.random.default_rng(0)
    scene = render_scene(rng, (max(height, 300), max(width, 300)), dresses=0).image
    scene = scene[:height, :width]
    moved = [np.roll(scene, (17 * i, 31 * i), axis=(0, 1)) for i in range(DIFFERENT)]
    noise = rng.integers(-6, 7, scene.shape)
    return [(one + noise).clip(0, 255).astype(np.uint8) for one in moved]


def write_files(frames: list[np.ndarray], count: int, folder: Path) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{i:05d}.jpg" for i in range(count)]
    for i, path in enumerate(files):
        if i < len(frames):
            Image.fromarray(frames[i]).save(path, quality=90)
        else:
            os.link(files[i % len(frames)], path)
    return files


def load(args: argparse.Namespace, case: str, device: str | None = None) -> Detector:
    model, precision, together = case.split(",")
    how = {"precision": precision, "images_per_pass": int(together)}
    return Detector.load(model, backend="torch", device=device or args.device, **how)


def measure_checks(args: argparse.Namespace, frame: np.ndarray) -> dict[str, Any]:
    exact, short = (load(args, f"person,{precision},1") for precision in PRECISIONS)
    processor = load(args, "person,float32,1", "cpu")
    return checks(Bench(exact, [frame]), short.backend, processor.backend)


def measure_frames(args: argparse.Namespace, case: str, frames: list[np.ndarray]) -> dict[str, Any]:
    """Of one frame, in milliseconds, and the rates that follow."""
    together = int(case.split(",")[2])
    bench = Bench(load(args, case), [frames[i % len(frames)] for i in range(together)])
    gflop = bench.gflop()
    alone = convolution_seconds(bench, args.repeats)
    seconds = frame_seconds(bench, args.repeats)
    sizes = [canvas.size_hw for canvas in bench.plan().canvases]
    through = sum(value for name, value in seconds.items() if name.startswith("through"))
    whole, ahead = seconds["frames to maps"], seconds["frames to maps, next begun before"]
    return {
        "canvases": " ".join(f"{width}x{height}" for height, width in sizes),
        "GFLOP a frame": gflop / together,
        "convolutions alone, ms": 1e3 * alone / together,
        **{f"{name}, ms": 1e3 * value / together for name, value in seconds.items()},
        "convolutions alone, GFLOP/s": gflop / alone,
        "frames to maps, GFLOP/s": gflop / whole,
        "frames to maps, share of convolutions alone": alone / whole,
        "the same, next begun before": alone / ahead,
        "times as fast as through canvases": through / whole,
        "frames a second, next begun before": together / ahead,
    }


def measure_folder(
    args: argparse.Namespace, case: str, files: list[Path], run: Path
) -> dict[str, Any]:
    shutil.rmtree(run, ignore_errors=True)
    return folder_rates(load(args, case), find_model(case.split(",")[0]), files, run)


def measure_compiled(args: argparse.Namespace, frames: list[np.ndarray]) -> dict[str, Any]:
    seconds = compiled_seconds(Bench(load(args, args.cases[0]), frames[:1]), args.repeats)
    return {f"{name}, ms": 1e3 * value for name, value in seconds.items()}


if __name__ == "__main__":
    main()
