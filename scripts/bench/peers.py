"""Speed beside other detectors: the same frames, file to boxes, in turns, as a Markdown table.

    python3 -m venv .venv-hog
    .venv-hog/bin/pip install 'opencv-python-headless<5'     # OpenCV 5 has no HOGDescriptor
    python scripts/bench/peers.py [FRAME...] [-m person person-small] [--min-height 50]
        [--backends openvino] [--steps 1.25 1.4] [--repeats 5]

Without frames, four rendered scenes of 768x576. Ours and HOG look for people from
`--min-height` px, HOG in frames enlarged for it. torchvision's detectors resize every frame to
the size they were made for. Their weights are random, so nothing is downloaded: this is about
speed alone. They keep boxes above 0.5, of which there are hardly any; the two-stage one still
looks at all regions that its first stage lets through. Everything runs on the processor.
"""

import argparse
import contextlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torchvision.models import detection

from fcn_detect.backends import BACKENDS, find_model
from fcn_detect.backends.choosing import candidates
from fcn_detect.bench.frames import bench_frames
from fcn_detect.bench.turns import PAUSE_S
from fcn_detect.detect import Detector
from fcn_detect.images import read_image

# A frame to the seconds that it took, and the number of boxes.
Searcher = Callable[[Path], tuple[float, int]]

TORCHVISION = {
    "ssdlite320_mobilenet_v3_large": {"score_thresh": 0.5},
    "fasterrcnn_mobilenet_v3_large_fpn": {"box_score_thresh": 0.5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", nargs="*")
    parser.add_argument("-m", "--models", nargs="+", default=["person", "person-small"])
    parser.add_argument("--backends", nargs="+", help="of ours; all that are installed")
    parser.add_argument("--min-height", type=float, default=50)
    parser.add_argument("--steps", type=float, nargs="+", default=[None], help="of ours' pyramids")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--hog-python", type=Path, default=Path(".venv-hog/bin/python"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        frames = bench_frames(args.frames, Path(folder))
        searchers: dict[str, Searcher] = {}
        for model in args.models:
            for step in args.steps:
                searchers |= ours(model, args.min_height, args.backends, step)
        searchers |= torchvision_detectors()
        if args.hog_python.exists():
            searchers["OpenCV HOG"] = stack.enter_context(hog(args.hog_python, args.min_height))
        print_table(searchers, frames, args.repeats)


def ours(
    model: str, min_height: float, backends: list[str] | None, step: float | None
) -> dict[str, Searcher]:
    found, more = {}, "" if step is None else f", step {step:g}"
    for name in backends or candidates(find_model(model), "cpu", BACKENDS):
        detector = Detector.load(
            model, backend=name, device="cpu", min_height=min_height, step=step
        )
        found[f"`{model}`, {name}{more}"] = timed(detector)
    return found


def torchvision_detectors() -> dict[str, Searcher]:
    found = {}
    for name, settings in TORCHVISION.items():
        torch.manual_seed(0)
        build = getattr(detection, name)
        net = build(weights=None, weights_backbone=None, **settings).eval()
        found[f"torchvision {name}"] = timed(searching(net))
    return found


def searching(net: torch.nn.Module) -> Callable[[Path], torch.Tensor]:
    @torch.inference_mode()
    def search(path: Path) -> torch.Tensor:
        pixels = torch.from_numpy(read_image(path).pixels.copy())
        return net([pixels.permute(2, 0, 1).float() / 255])[0]["boxes"]

    return search


@contextlib.contextmanager
def hog(python: Path, min_height: float) -> Iterator[Searcher]:
    """HOG in a process of its own environment, which answers paths with seconds."""
    script = Path(__file__).with_name("hog.py")
    command = [python, script, "--time", str(min_height)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def search(path: Path) -> tuple[float, int]:
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            seconds, boxes = process.stdout.readline().split()
            return float(seconds), int(boxes)

        yield search
        process.stdin.close()


def timed(search: Callable[[Path], object]) -> Searcher:
    def run(path: Path) -> tuple[float, int]:
        start = time.perf_counter()
        boxes = search(path)
        return time.perf_counter() - start, len(boxes)

    return run


def print_table(searchers: dict[str, Searcher], frames: list[Path], repeats: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in searchers}
    boxes = dict.fromkeys(searchers, 0)
    for turn in range(repeats + 1):  # the first one warms up
        for frame in frames:
            for name, search in searchers.items():
                time.sleep(PAUSE_S)
                taken, boxes[name] = search(frame)
                if turn:
                    seconds[name].append(taken)
    first = statistics.median(next(iter(seconds.values())))
    print("| detector | ms a frame | times the first | boxes in the last frame |")
    print("|---|---|---|---|")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"| {name} | {1e3 * median:.0f} | {median / first:.2f} | {boxes[name]} |")


if __name__ == "__main__":
    main()
