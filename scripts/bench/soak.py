"""Memory, open files, threads and speed of `batch` over hours: does anything grow?

    python scripts/bench/soak.py folder [--images 100000]
    python scripts/bench/soak.py camera [--minutes 60] [--rate 2]
        [-m person-small] [--backend openvino] [--out runs/soak] [--plot docs/images/soak.png]

`folder` searches a folder of small images; `camera` watches one (`batch --watch`) into which images
are written at a steady rate, and ends it with SIGTERM. Meanwhile the command's process and its
workers are sampled: resident memory, open file handles, threads, processor time, records so far.
Prints each quantity's slope after warm-up, with its standard error; draws what both left in OUT.

Samples follow each other closely and are not independent: slopes are fitted to the means of 20
stretches of equal length. Ends with an error where a record is missing.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from kills import make_images
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

WORKERS = 2
STRETCHES = 20
WARM_UP = 5500  # images that are left out: then the run's index fills the memory that it is given
TICKS = os.sysconf("SC_CLK_TCK")
# What is drawn and fitted, and its unit.
QUANTITIES = {
    "parent_mb": "memory of the process, MB",
    "workers_mb": "memory of its workers, MB",
    "handles": "open file handles",
    "threads": "threads",
    "busy_ms": "processor time an image, ms",
    "behind": "images that wait",
}


@dataclass(frozen=True)
class Sample:
    """What is seen of a run at one moment.

    Attributes:
        seconds: since its start.
        parent_mb: resident memory of the command's process, in MB.
        workers_mb: likewise of all its children.
        handles: open file handles of all of them.
        threads: of all of them.
        busy_s: processor time that all of them have taken.
        records: lines of the journal.
        images: files that there are.
    """

    seconds: float
    parent_mb: float
    workers_mb: float
    handles: int
    threads: int
    busy_s: float
    records: int
    images: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stream", choices=["folder", "camera", "plot"])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2.0, help="images a second")
    parser.add_argument("-m", "--model", default="person-small")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--out", type=Path, default=Path("runs/soak"))
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    if args.stream != "plot":
        {"folder": search_folder, "camera": watch_camera}[args.stream](args)
        print(json.dumps({"stream": args.stream, **facts(load(args.out, args.stream))}, indent=1))
    if args.plot is not None:
        draw(args.out, args.plot)


def search_folder(args: argparse.Namespace) -> None:
    folder, run = args.out / "folder", args.out / "folder-run"
    if not folder.is_dir():
        make_images(folder, args.images)
    shutil.rmtree(run, ignore_errors=True)
    process = start(args, folder, run)
    with (args.out / "folder.jsonl").open("w") as file:
        for sample in watched(process, run, lambda: args.images, 1.0):
            if sample.records < args.images:  # else its workers are about to end
                print(json.dumps(asdict(sample)), file=file, flush=True)
    check(process, 0, run, args.images)


def watch_camera(args: argparse.Namespace) -> None:
    folder, run = args.out / "camera", args.out / "camera-run"
    for old in (folder, run):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True)
    process = start(args, folder, run, "--watch")
    camera = Camera(folder, args.rate)
    with (args.out / "camera.jsonl").open("w") as file:
        for sample in watched(process, run, camera.catch_up, 5.0):
            print(json.dumps(asdict(sample)), file=file, flush=True)
            if sample.seconds > 60 * args.minutes:
                break
    while _records(run) < camera.images:
        time.sleep(1)
    process.send_signal(signal.SIGTERM)
    check(process, 143, run, camera.images)


class Camera:
    """Writes pictures of a lamp that moves over noise, at a steady rate."""

    def __init__(self, folder: Path, rate: float) -> None:
        self._folder, self._rate, self._start = folder, rate, time.monotonic()
        self._rng = np.random.default_rng(5)
        self.images = 0

    def catch_up(self) -> int:
        """Writes what is due by now; how many images there are."""
        while self.images < self._rate * (time.monotonic() - self._start):
            small = self._rng.integers(0, 200, (24, 32, 3), dtype=np.uint8)
            pixels = np.array(Image.fromarray(small).resize((320, 240)))
            at = self.images % 300
            pixels[100:160, at : at + 20] = 250
            hour = self._folder / f"{self.images // 1000:04d}"
            hour.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(hour / f"{self.images:07d}.jpg")
            self.images += 1
        return self.images


def start(args: argparse.Namespace, folder: Path, run: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fcn_detect", "batch", folder, "-o", run, "-m", args.model]
    options = ["--backend", args.backend, "--threads", 1, "--workers", WORKERS, *more]
    words = [str(word) for word in [*command, *options]]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watched(
    process: subprocess.Popen[bytes], run: Path, images: Any, every_s: float
) -> Iterator[Sample]:
    """Samples of a run until its process ends; `images` is asked all the time."""
    began, due = time.monotonic(), 0.0
    while process.poll() is None:
        seconds, there = time.monotonic() - began, images()
        if seconds >= due:
            due = seconds + every_s
            try:
                yield take_sample(process.pid, seconds, _records(run), there)
            except FileNotFoundError:  # it ended, or a worker did
                continue
        time.sleep(0.05)


def take_sample(pid: int, seconds: float, records: int, images: int) -> Sample:
    workers = [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]
    everybody = [pid, *workers]
    stats = [Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in everybody]
    return Sample(
        seconds,
        _resident_mb(pid),
        sum(map(_resident_mb, workers)),
        sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in everybody),
        sum(int(stat[17]) for stat in stats),
        sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS,
        records,
        images,
    )


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def check(process: subprocess.Popen[bytes], code: int, run: Path, images: int) -> None:
    if process.wait() != code:
        sys.exit(f"the run ended with {process.returncode}, not {code}")
    found = (run / "results.jsonl").read_bytes().count(b"\n")
    if found != images or _records(run) != images:
        sys.exit(f"{found} records, {_records(run)} lines of the journal, {images} images")


def _records(run: Path) -> int:
    """Whole lines of the journal, the headers of its parts left out."""
    parts = (run / "journal").glob("*.jsonl")
    return sum(max(0, part.read_bytes().count(b"\n") - 1) for part in parts)


def load(out: Path, stream: str) -> list[Sample]:
    lines = (out / f"{stream}.jsonl").read_text().splitlines()
    return [Sample(**json.loads(line)) for line in lines]


def facts(samples: list[Sample]) -> dict[str, Any]:
    """What is printed: of each quantity its mean and its slope an hour, after warm-up."""
    found: dict[str, Any] = {
        "minutes": round(samples[-1].seconds / 60, 1),
        "images": samples[-1].records,
        "samples": len(samples),
    }
    warm = _hour_when_warm(samples)
    for name, (hours, values) in courses(samples).items():
        late = hours > warm
        slope, error = fit_slope(hours[late], values[late])
        found[name] = {
            "mean": round(float(values[late].mean()), 3),
            "slope_per_hour": round(slope, 3),
            "standard_error": round(error, 3),
        }
    return found


def _hour_when_warm(samples: list[Sample]) -> float:
    return next((s.seconds for s in samples if s.records > WARM_UP), 0.0) / 3600


def courses(samples: list[Sample]) -> dict[str, tuple[Any, Any]]:
    """Hours and values of each of `QUANTITIES`."""
    columns = {name: np.array([asdict(s)[name] for s in samples]) for name in asdict(samples[0])}
    hours = columns["seconds"] / 3600
    columns["behind"] = columns["images"] - columns["records"]
    found = {name: (hours, columns[name]) for name in QUANTITIES if name in columns}
    step = max(1, len(samples) // 60)  # processor time comes in ticks: over stretches
    busy, records = columns["busy_s"][::step], columns["records"][::step]
    counts = np.maximum(1, np.diff(records))
    found["busy_ms"] = hours[::step][1:], 1000 * np.diff(busy) / counts
    return found


def fit_slope(hours: Any, values: Any) -> tuple[float, float]:
    """Slope of a line through the means of stretches, and its standard error.

    Source: least squares, as in any book on regression; block means against autocorrelation.
    """
    stretches = min(STRETCHES, len(hours))
    x = np.array([part.mean() for part in np.array_split(hours, stretches)])
    y = np.array([part.mean() for part in np.array_split(values, stretches)])
    spread = ((x - x.mean()) ** 2).sum()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / spread
    left = y - y.mean() - slope * (x - x.mean())
    return float(slope), float(np.sqrt((left**2).sum() / (stretches - 2) / spread))


def draw(out: Path, path: Path) -> None:
    """One row of plots for each stream that was searched."""
    streams = [name for name in ("folder", "camera") if (out / f"{name}.jsonl").exists()]
    shown = [name for name in QUANTITIES if name != "behind"]
    figure = Figure(figsize=(3.2 * len(shown), 2.6 * len(streams)), layout="constrained")
    grid = figure.subplots(len(streams), len(shown), squeeze=False)
    for row, stream in zip(grid, streams, strict=True):
        samples = load(out, stream)
        for axes, name in zip(row, shown, strict=True):
            plot_course(axes, *courses(samples)[name], _hour_when_warm(samples))
            axes.set_title(f"{stream}: {QUANTITIES[name]}", fontsize=8)
    figure.savefig(path, dpi=110)


def plot_course(axes: Axes, hours: Any, values: Any, warm: float) -> None:
    late = hours > warm
    axes.plot(60 * hours, values, ".", markersize=2, color="0.6")
    axes.plot(60 * hours[late], values[late], ".", markersize=2, color="tab:blue")
    axes.set_ylim(0, 1.25 * max(1, np.quantile(values, 0.98)))
    axes.set_xlabel("minutes", fontsize=8)
    axes.tick_params(labelsize=7)


if __name__ == "__main__":
    main()
