"""Time and memory of listing and planning a folder of a million paths, and of resuming its run.

python scripts/bench/million_paths.py --images 1000000

The files are empty. A start lists and plans them; then a journal with a record of each is written,
a second start takes it up, results.jsonl is written from it and the run is merged with nothing.
Memory is the peak beyond imports so far; a busy second is one of the processor.
"""

import argparse
import tempfile
import time
from pathlib import Path

from fcn_detect.backends.fake import FakeBackend
from fcn_detect.batch import BatchJob, merge_runs
from fcn_detect.batch.local_engine import LocalEngine
from fcn_detect.batch.open_run import OpenRun
from fcn_detect.config import DetectSettings
from fcn_detect.detect import Detector
from fcn_detect.results import Detections, ImageResult, ModelHeader, silent

FILES_PER_FOLDER = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--one-folder", action="store_true", help="all files side by side")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        grow(folder / "images", args.images, args.images if args.one_folder else FILES_PER_FOLDER)
        measure(folder, args.images)


def grow(folder: Path, images: int, per_folder: int) -> None:
    for i in range(images):
        if i % per_folder == 0:
            inside = folder / f"camera_{i // per_folder:04d}"
            inside.mkdir(parents=True)
        (inside / f"2026-11-21_frame_{i:08d}.jpg").touch()


def measure(folder: Path, images: int) -> None:
    header = ModelHeader(
        net="fake",
        crop_hw=(16, 8),
        labels=("light",),
        object_box=(1, 2, 7, 14),
        stride_hw=(4, 4),
        exact=True,
    )
    detector = Detector(FakeBackend(header), DetectSettings())
    (folder / "model").touch()
    job = BatchJob(folder / "images", folder / "run", folder / "model")
    forget_peak()
    imported = memory_mb("VmRSS")
    with LocalEngine(job, detector) as engine:
        with OpenRun(job, detector, engine, silent) as run:
            step("list and plan", lambda: run.plan(()), imported)
            assert run.waiting == images
            step("write the journal", lambda: fill(run, engine.machine), imported)
        opened: list[OpenRun] = []
        step(
            "take up the journal",
            lambda: opened.append(OpenRun(job, detector, engine, silent)),
            imported,
        )
        with opened[0] as run:
            step("list and plan again", lambda: run.plan(()), imported)
            assert run.waiting == 0
            step("write results.jsonl", run.write, imported)
        step("merge", lambda: merge_runs([job.run], folder / "merged"), imported)


def fill(run: OpenRun, machine: object) -> None:
    for name in run.journal.index.waiting():
        result = ImageResult(name, 640, 480, Detections.empty())
        run.journal.add(result, run.journal.index.state(name), machine)


def step(name: str, work: object, imported: float) -> None:
    start, busy = time.monotonic(), time.process_time()
    work()
    seconds, busy, memory = (
        time.monotonic() - start,
        time.process_time() - busy,
        memory_mb("VmHWM") - imported,
    )
    print(f"{name}: {seconds:.1f} s ({busy:.1f} s busy), at most {memory:.0f} MB", flush=True)


def forget_peak() -> None:
    """From here on, the peak is that of what follows; Linux only."""
    Path("/proc/self/clear_refs").write_text("5")


def memory_mb(field: str) -> float:
    """Of this process: its peak (`VmHWM`), or what it holds now (`VmRSS`)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
