"""The whole bench: what is opened, the turns, and what they say."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fcn_detect.backends import Pixels, find_model
from fcn_detect.bench.arithmetic import mac_counter
from fcn_detect.bench.folder import MOST_ALONE, FolderBench, FolderSpeed
from fcn_detect.bench.frame import frame_stages, frame_works, pack, separate_levels
from fcn_detect.bench.frames import bench_frames, copy_frames, prepare_frames
from fcn_detect.bench.machine import Machine, peak, product_works, this_machine
from fcn_detect.bench.network import (
    network_times,
    network_works,
    open_all,
    open_rival,
    packing,
    packing_works,
)
from fcn_detect.bench.report import BenchReport, Frame
from fcn_detect.bench.turns import time_in_turns
from fcn_detect.bench.windows import WindowBench
from fcn_detect.config import read_settings
from fcn_detect.detect import Detector
from fcn_detect.headers import read_header
from fcn_detect.images import read_image
from fcn_detect.results import Progress, silent

# A folder takes long: that many turns at most.
MOST_FOLDER_REPEATS = 3


@dataclass(frozen=True)
class BenchJob:
    """What to measure.

    Attributes:
        model: path or name.
        images: photos, patterns and folders; without any, rendered scenes.
        backends: names; without any, all that are there and run the file.
        device: as the backends name it; None means their best.
        against: a second file of the same windows, such as an 8-bit export.
        min_height: smallest object looked for, in pixels; None means the model's own.
        stride: pixels between windows; None means the model's own.
        repeats: turns of measuring.
        folder_images: in the folder that `batch` searches.
    """

    model: str
    images: Sequence[str] = ()
    backends: Sequence[str] = ()
    device: str | None = None
    against: str | None = None
    min_height: float | None = None
    stride: int | None = None
    repeats: int = 5
    folder_images: int = 100


@dataclass(frozen=True, eq=False)
class _Opened:
    """The detectors that are compared, all with the settings of the first.

    Attributes:
        named: name of the file that each runs, and the detector.
        left_out: runtimes that cannot run the file, and why.
    """

    named: list[tuple[str, Detector]]
    left_out: dict[str, str]

    @property
    def first(self) -> Detector:
        return self.named[0][1]


def run_bench(job: BenchJob, progress: Progress = silent) -> BenchReport:
    """Measures everything; each median is of turns in which all others had theirs.

    Raises:
        FcnDetectError: the model, a photo or a setting cannot be used.
    """
    machine = this_machine()
    opened = _open(job)
    with tempfile.TemporaryDirectory() as scratch:
        frames = bench_frames(job.images, Path(scratch) / "scenes")
        folder = _time_folder(job, opened.first, frames, Path(scratch), progress)
        return _time_frame(job, opened, frames[0], (machine, folder), progress)


def _open(job: BenchJob) -> _Opened:
    path = find_model(job.model)
    backends, left_out = open_all(path, job.backends, job.device, job.stride)
    given = {"min_height": job.min_height, "stride": job.stride}
    settings = backends[0].header.detect | {k: v for k, v in given.items() if v is not None}
    checked = read_settings(None, {"detect": settings}).detect
    named = [(path.name, Detector(backend, checked)) for backend in backends]
    if job.against is not None:
        rival = open_rival(find_model(job.against), backends[0], job.device)
        named.append((Path(job.against).name, Detector(rival, checked)))
    return _Opened(named, left_out)


def _time_folder(
    job: BenchJob, detector: Detector, frames: list[Path], scratch: Path, progress: Progress
) -> FolderSpeed:
    prepared = prepare_frames(frames[: job.folder_images], detector, MOST_ALONE)
    copies = copy_frames(frames, scratch / "folder", job.folder_images)
    bench = FolderBench(detector, find_model(job.model), copies, prepared, scratch / "run")

    repeats = min(job.repeats, MOST_FOLDER_REPEATS)
    task = "searching a folder"
    return bench.result(time_in_turns(bench.works(), repeats, progress, task=task, warm=True))


def _time_frame(
    job: BenchJob,
    opened: _Opened,
    path: Path,
    measured: tuple[Machine, FolderSpeed],
    progress: Progress,
) -> BenchReport:
    """Everything that is measured on one frame, and the report."""
    detector, image = opened.first, read_image(path)
    prepared = pack(detector, detector.read(path))
    canvases: list[Pixels] = prepared.canvases or []
    levels = separate_levels(detector, image)
    at_own_scale = detector.plan.level(image.image_hw, 1.0)
    windows = WindowBench(detector.backend, image.pixels, at_own_scale)
    products = product_works()
    works = {
        **products,
        **windows.works(),
        **network_works([one for _, one in opened.named], prepared),
        **(packing_works(detector.backend, canvases, levels) if canvases else {}),
        **frame_works(detector, path),
    }
    times = time_in_turns(works, job.repeats, progress)
    best = peak(times, products)
    model = find_model(job.model)
    stride = read_header(model).tuned_stride if job.stride is None else job.stride
    count = mac_counter(model, stride)
    own = len(opened.named) - (job.against is not None)
    counters = [count if i < own else None for i in range(len(opened.named))]
    return BenchReport(
        machine=measured[0],
        peak=best,
        model=job.model,
        header=detector.header,
        frame=_frame(path, detector, image.image_hw),
        windows=windows.result(times, count),
        networks=network_times(times, opened.named, counters, canvases or levels, best.gflops),
        packing=packing(times, canvases, levels) if canvases else None,
        stages=frame_stages(times, bool(canvases)),
        folder=measured[1],
        repeats=job.repeats,
        noise=times.noise,
        left_out=opened.left_out,
    )


def _frame(path: Path, detector: Detector, image_hw: tuple[int, int]) -> Frame:
    levels = detector.levels(image_hw)
    min_height = detector.plan.min_height
    return Frame(path.name, image_hw, len(levels), detector.windows(image_hw), min_height)
