"""What `gpu.py` measures: convolutions alone, stages of a frame, folders, decoding, training."""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.backends import Backend
from fcn_detect.backends.device_copies import Copies, PinnedCopies, PlainCopies
from fcn_detect.backends.device_frames import DeviceFrames
from fcn_detect.backends.device_pyramid import DevicePyramid
from fcn_detect.backends.torch_backend import TorchBackend, _to_floats
from fcn_detect.batch import BatchJob, run_batch
from fcn_detect.batch.decoders import DecoderPool
from fcn_detect.batch.grouping import in_groups
from fcn_detect.batch.local_engine import LocalEngine
from fcn_detect.bench.turns import Times, Work, time_in_turns
from fcn_detect.config import read_settings
from fcn_detect.detect import Detector
from fcn_detect.detect.dense import pass_parts, pyramid_passes
from fcn_detect.detect.together import WaitForScores
from fcn_detect.geometry import FramePlan
from fcn_detect.images import Halves, LoadedImage, PreparedImage, paint_passes, plan_frame
from fcn_detect.nets.arithmetic import count_macs
from fcn_detect.results import ScoreMap
from fcn_detect.scenes import write_crops
from fcn_detect.train import TrainingJob, train

Pixels = np.ndarray
# Launches between two looks at the clock, where one alone is too short.
INNER = 10
TIMEOUT_S = 60.0
# Images that network and boxes are timed on alone.
MOST_READY = 200


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def waited(work: Work, device: torch.device, times: int = 1) -> Work:
    """The work, done some times, and the device's end of it."""

    def run() -> None:
        for _ in range(times):
            work()
        synchronize(device)

    return run


def in_turns(works: dict[str, Work], repeats: int, device: torch.device, inner: int = 1) -> Times:
    """Seconds of each work, a share of `inner` of them in a row."""
    synchronize(device)
    times = time_in_turns({name: waited(w, device, inner) for name, w in works.items()}, repeats)
    return Times({name: [s / inner for s in some] for name, some in times.seconds.items()})


def peak_gflops(device: torch.device, kind: torch.dtype, side: int, repeats: int) -> float:
    """Of a matrix product."""
    left, right = (torch.rand(side, side, device=device, dtype=kind) for _ in range(2))
    seconds = in_turns({"product": lambda: left @ right}, repeats, device, INNER)["product"]
    return 2 * side**3 / seconds / 1e9


@dataclass(frozen=True)
class Bench:
    """A detector on a device, and frames of one size to search.

    Attributes:
        detector: on PyTorch.
        frames: RGB uint8 of one size, as many as go together.
    """

    detector: Detector
    frames: list[Pixels]

    @property
    def backend(self) -> TorchBackend:
        assert isinstance(self.detector.backend, TorchBackend)
        return self.detector.backend

    @property
    def device(self) -> torch.device:
        return self.backend.device

    @property
    def image_hw(self) -> tuple[int, int]:
        return self.frames[0].shape[0], self.frames[0].shape[1]

    def plan(self) -> FramePlan:
        levels = self.detector.levels(self.image_hw)
        parts = pass_parts(levels, self.detector.header)
        return plan_frame(self.image_hw, self.image_hw, 0, tuple(levels), parts)

    def prepared(self) -> list[PreparedImage]:
        return [PreparedImage(self.image_hw, (), None, LoadedImage(one)) for one in self.frames]

    def paint(self) -> list[list[Pixels]]:
        """The canvases of each frame, by the processor and all of its cores."""
        levels = self.detector.levels(self.image_hw)
        passes = pyramid_passes(levels, self.detector.header.stride_hw)
        cores = os.cpu_count() or 1
        return [paint_passes(Halves(one), levels, passes, cores) for one in self.frames]

    def gflop(self) -> float:
        """Multiplications and additions of all passes over all frames, 10^9."""
        sizes = [canvas.size_hw for canvas in self.plan().canvases]
        macs = [count_macs(self.backend.fcn, size, len(self.frames)) for size in sizes]
        return 2 * sum(macs) / 1e9

    def copies(self) -> Copies:
        return (PinnedCopies if self.device.type == "cuda" else PlainCopies)(self.device)

    def frame_network(self, graph: bool = True) -> DeviceFrames:
        """As the backend has it on a GPU, or without a graph."""
        if graph and self.device.type == "cuda":
            return DeviceFrames.on_gpu(self.backend.run, self.device)
        return DeviceFrames(self.backend.run, self.device, self.copies())


def checks(bench: Bench, bfloat16: Backend, processor: Backend) -> dict[str, float]:
    """What must be equal, and how far the rest is apart, in logits and offsets."""
    backend, plan = bench.backend, bench.plan()
    pyramid = DevicePyramid(plan, bench.device)
    there = PlainCopies(bench.device).up(bench.frames)
    canvases = [canvas.cpu().numpy() for canvas in pyramid.paint(there)]
    true = [np.stack(one) for one in zip(*bench.paint(), strict=True)]
    unequal = sum(int((a != b).sum()) for a, b in zip(canvases, true, strict=True))
    part = true[0][:1, : min(800, true[0].shape[1]), : min(800, true[0].shape[2])]
    exact, own, short = (one.maps(part) for one in (processor, backend, bfloat16))
    frames = bench.frame_network()
    again = [frames.start(bench.frames, plan)() for _ in range(3)]  # the third is a graph's second
    graph = max(float(np.abs(a - b).max()) for a, b in zip(again[0], again[2], strict=True))
    return {
        "canvas bytes unlike the processor's": unequal,
        "largest value": float(np.abs(exact).max()),
        "float32, from the processor's": float(np.abs(own - exact).max()),
        "bfloat16, from float32": float(np.abs(short - own).max()),
        "graph, from no graph": graph,
    }


def convolution_seconds(bench: Bench, repeats: int) -> float:
    """Of all convolutions of all passes, each alone on data that lies there, in their precision."""
    kind = torch.bfloat16 if bench.backend.precision == "bfloat16" else torch.float32
    total = 0.0
    for canvas in bench.plan().canvases:
        for module, shape in _convolutions(bench.backend, (len(bench.frames), *canvas.size_hw)):
            work = _convolution(module, shape, kind, bench.device)
            total += in_turns({"one": work}, repeats, bench.device, INNER)["one"]
    return total


def _convolutions(
    backend: TorchBackend, shape: tuple[int, int, int]
) -> list[tuple[nn.Conv2d, torch.Size]]:
    """Each, and the shape of what goes into it, in one pass over so many images of a size."""
    seen: list[tuple[nn.Conv2d, torch.Size]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        seen.append((module, inputs[0].shape))

    modules = [m for m in backend._folded.modules() if isinstance(m, nn.Conv2d)]
    hooks = [module.register_forward_hook(note) for module in modules]
    backend.run(torch.zeros(*shape, 3, dtype=torch.uint8, device=backend.device))
    for hook in hooks:
        hook.remove()
    return seen


def _convolution(
    module: nn.Conv2d, shape: torch.Size, kind: torch.dtype, device: torch.device
) -> Work:
    layout = torch.channels_last
    images = torch.rand(shape, device=device).to(kind).to(memory_format=layout)
    weight = module.weight.detach().to(kind).to(memory_format=layout)
    how = (module.stride, module.padding, module.dilation, module.groups)

    def convolve() -> Tensor:
        flags = torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)
        with torch.inference_mode(), flags:
            return F.conv2d(images, weight, None, *how)

    return convolve


def frame_seconds(bench: Bench, repeats: int) -> dict[str, float]:
    """Of all frames together: the whole on the device, its stages, and the way through canvases."""
    backend, plan, device = bench.backend, bench.plan(), bench.device
    pyramid, copies = DevicePyramid(plan, device), bench.copies()
    there = copies.up(bench.frames)
    with torch.inference_mode():
        canvases = pyramid.paint(there)
        maps = [backend.run(canvas) for canvas in canvases]
    frames, plain = bench.frame_network(), bench.frame_network(graph=False)
    packed = [np.stack(one) for one in zip(*bench.paint(), strict=True)]
    scores = bench.detector.start(bench.prepared())()
    works: dict[str, Work] = {
        "frames to maps": lambda: frames.start(bench.frames, plan)(),
        "frames to maps, no graph": lambda: plain.start(bench.frames, plan)(),
        "frames to maps, next begun before": ahead(frames, bench.frames, plan),
        "stage: frames up": lambda: copies.up(bench.frames),
        "stage: pyramid": lambda: pyramid.paint(there),
        "stage: network": lambda: [backend.run(canvas) for canvas in canvases],
        "stage: maps down": lambda: copies.down(maps)(),
        "stage: start of all that, without waiting": lambda: frames.start(bench.frames, plan),
        "stage: boxes": lambda: [bench.detector.find(bench.image_hw, one) for one in scores],
        "through canvases: painted by the processor": bench.paint,
        "through canvases: to maps": lambda: [backend.maps(one) for one in packed],
    }
    for _ in range(3):  # a size that comes again is captured
        frames.start(bench.frames, plan)()
    times = in_turns(works, repeats, device)
    return {name: times[name] for name in works}


def ahead(frames: DeviceFrames, pixels: list[Pixels], plan: FramePlan) -> Work:
    """Starts the next frames, then waits for those before: a turn's time is that of one start."""
    waiting: list[Callable[[], object]] = []

    def work() -> None:
        waiting.append(frames.start(pixels, plan))
        if len(waiting) > 1:
            waiting.pop(0)()

    return work


def compiled_seconds(bench: Bench, repeats: int) -> dict[str, float]:
    """Of pyramid and network by `torch.compile`, which the product does not use."""
    backend = bench.backend
    pyramid = DevicePyramid(bench.plan(), bench.device)
    paint = torch.compile(pyramid.paint, dynamic=False)
    folded = torch.compile(backend._folded, dynamic=False)
    there = PlainCopies(bench.device).up(bench.frames)
    canvases = pyramid.paint(there)

    def network() -> None:
        with torch.no_grad(), backend._precision():
            for canvas in canvases:
                folded(_to_floats(canvas))

    works: dict[str, Work] = {
        "compiled: pyramid": lambda: paint(there),
        "compiled: network": network,
    }
    times = in_turns(works, repeats, bench.device)
    return {name: times[name] for name in works}


def folder_rates(
    detector: Detector, model: Path, files: Sequence[Path], run: Path
) -> dict[str, float | str]:
    """Images a second of `batch`, of its pipeline once it runs, and of each part of it alone."""
    cores, rates = os.cpu_count() or 1, {}
    with DecoderPool(cores, TIMEOUT_S, detector.preparation) as pool:
        ready = list(pool.prepare(files[:MOST_READY]))
        rates["reading alone"] = len(files) / once(lambda: consume(pool.prepare(files)))
    together = detector.settings.images_per_pass
    groups = [[a.prepared for a in some] for some in in_groups(ready, together)]
    scores: list[list[ScoreMap]] = []

    def network() -> None:
        scores.clear()
        waiting: deque[WaitForScores] = deque()
        for group in groups:
            waiting.append(detector.start(group))
            if len(waiting) > 2:
                scores.extend(waiting.popleft()())
        for wait in waiting:
            scores.extend(wait())

    network()
    rates["network alone"] = len(ready) / once(network)
    image_hw = ready[0].prepared.image_hw
    boxes = once(lambda: [detector.find(image_hw, one) for one in scores])
    rates["boxes alone"] = len(ready) / boxes
    limit = min(rates, key=rates.__getitem__)
    job = BatchJob(files[0].parent, run, model)
    names = [path.name for path in files]
    with LocalEngine(job, detector) as engine:
        consume(engine.search(names[: 2 * cores]))  # its processes start
        rates["pipeline"] = len(files) / once(lambda: consume(engine.search(names)))
    shutil.rmtree(run, ignore_errors=True)
    rates["batch, with its start"] = len(files) / once(lambda: run_batch(job, detector))
    return {**rates, "limit": limit, "pipeline's share of it": rates["pipeline"] / rates[limit]}


def consume(some: Iterable[object]) -> None:
    deque(some, maxlen=0)


def once(work: Work) -> float:
    return time_in_turns({"work": work}, 1, warm=True)["work"]


def gpu_decoding(files: Sequence[Path], device: torch.device) -> dict[str, float]:
    """torchvision's decoder on the device: how fast, and how far its pixels are from libjpeg's."""
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    data = [read_file(str(path)) for path in files]
    decode = partial(decode_jpeg, data, ImageReadMode.RGB, device=device)
    pixels = decode()[0].permute(1, 2, 0).cpu().numpy()
    true = np.asarray(Image.open(files[0]).convert("RGB"))
    far = np.abs(pixels.astype(int) - true)
    return {
        "images/s": len(files) / in_turns({"decode": decode}, 3, device)["decode"],
        "largest difference": int(far.max()),
        "mean difference": float(far.mean()),
        "share of samples that differ": float((far > 0).mean()),
    }


def training_rate(folder: Path, crops: int, epochs: int) -> dict[str, float | str]:
    """Crops a second of a training from rendered crops, from its start to the model file."""
    write_crops(folder / "crops", np.random.default_rng(0), crops)
    settings = read_settings(None, {"model": {"net": "valid-small"}, "train": {"epochs": epochs}})
    job = TrainingJob(folder / "crops", folder / "m.safetensors", settings)
    seconds = once(lambda: train(job))
    return {"crops/s": 2 * crops * epochs / seconds, "seconds": seconds}
