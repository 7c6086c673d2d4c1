"""How much of a GPU's speed the network reaches, and what limits a folder of 1080p frames.

    python scripts/bench/gpu.py [-m person] [--device cuda] [--size 1920x1080] [--repeats 20]

For float32 and bfloat16: the rate of the net's own convolutions alone, on data that lies on the
device; the rate of `Backend.maps`, from uint8 pixels in memory to maps in memory, on the canvas of
the whole pyramid; and the frames a second that reading and resizing reach on this many cores.
Rates are medians, taken in turn, in 10^9 multiplications and additions a second.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from fcn_detect.backends.torch_backend import TorchBackend
from fcn_detect.detect import Detector
from fcn_detect.geometry import pack
from fcn_detect.images import Halves, paint_canvas, prepare
from fcn_detect.scenes import render_scene


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--model", default="person")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--frames", type=int, default=64, help="read and resized")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    frame = render_scene(np.random.default_rng(0), (height, width), dresses=0).image
    print(f"{args.device}: {device_name(args.device)}, torch {torch.__version__}")
    for precision in ("float32", "bfloat16"):
        detector = Detector.load(
            args.model, backend="torch", device=args.device, precision=precision
        )
        print_rates(detector, frame, args.repeats)
    print_preparing(detector, frame, args.frames)


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "processor"


def print_rates(detector: Detector, frame: np.ndarray, repeats: int) -> None:
    backend = detector.backend
    assert isinstance(backend, TorchBackend)
    levels = detector.levels(frame.shape[:2])
    canvas = pack([level.size_hw for level in levels], detector.header.stride_hw)
    pixels = paint_canvas(Halves(frame), levels, canvas)[None]
    resident = backend._to_tensor(pixels)
    operations = 2 * multiplications(backend, resident)
    ways: dict[str, Callable[[], object]] = {
        "convolutions alone": partial(convolve, backend, resident),
        "pixels to maps": partial(backend.maps, pixels),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            synchronize(backend.device)
            start = time.perf_counter()
            way()
            synchronize(backend.device)
            times[name].append(time.perf_counter() - start)
    size = f"{canvas.size_hw[1]}x{canvas.size_hw[0]} canvas"
    for name, some in times.items():
        seconds = median(some)
        print(
            f"{backend.precision} {name}, {size}: {1e3 * seconds:.1f} ms, "
            f"{operations / seconds / 1e9:.0f} GFLOP/s"
        )


def convolve(backend: TorchBackend, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode(), backend._precision():
        return backend._folded(images)


def multiplications(backend: TorchBackend, images: torch.Tensor) -> int:
    """Of all convolutions in one pass."""
    total = 0

    def count(module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight
        total += output[0, 0].numel() * output.shape[0] * weight.numel()

    hooks = [
        module.register_forward_hook(count)
        for module in backend._folded.modules()
        if isinstance(module, torch.nn.Conv2d)
    ]
    convolve(backend, images)
    for hook in hooks:
        hook.remove()
    return total


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def print_preparing(detector: Detector, frame: np.ndarray, count: int) -> None:
    """Frames a second that processes read, resize and pack, on all cores."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "frame.jpg"
        Image.fromarray(frame).save(path, quality=90)
        with ProcessPoolExecutor() as pool:
            work = partial(in_process, detector.preparation)
            list(pool.map(work, [path] * (os.cpu_count() or 1)))  # starts the processes
            start = time.perf_counter()
            list(pool.map(work, [path] * count))
            rate = count / (time.perf_counter() - start)
    print(f"reading and resizing: {rate:.1f} frames a second on {os.cpu_count()} cores")


def in_process(preparation: object, path: Path) -> int:
    return len(prepare(path, preparation).warnings)


if __name__ == "__main__":
    main()
