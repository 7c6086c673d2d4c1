"""The network alone on one frame: every runtime that is there, and one canvas against levels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcn_detect.backends import BACKENDS, Backend, Pixels, open_backend
from fcn_detect.backends.choosing import candidates
from fcn_detect.bench.arithmetic import MacCounter
from fcn_detect.bench.turns import Times, Work
from fcn_detect.detect import Detector
from fcn_detect.errors import FcnDetectError, SettingsError
from fcn_detect.images import PreparedImage


@dataclass(frozen=True)
class NetworkTime:
    """The network alone on all levels of the frame.

    Attributes:
        model: name of the file.
        backend: that ran it.
        seconds: of one frame.
        macs: multiplications; None where they cannot be counted.
        gflops: 10^9 multiplications and additions a second; None likewise.
        share_of_peak: of what the machine multiplies at best; None also where the network ran
            elsewhere than on the processor.
        faster: how many times faster than the first row of the list.
    """

    model: str
    backend: str
    seconds: float
    macs: int | None
    gflops: float | None
    share_of_peak: float | None
    faster: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Packing:
    """All levels in one forward pass against one pass a level, the network alone.

    Attributes:
        levels: number of them.
        passes: canvases that hold them.
        canvas_pixels: of all canvases.
        level_pixels: of all levels.
        packed_s: seconds for the canvases.
        separate_s: for the levels.
    """

    levels: int
    passes: int
    canvas_pixels: int
    level_pixels: int
    packed_s: float
    separate_s: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "faster": self.separate_s / self.packed_s}


def open_all(
    model: Path, names: Sequence[str], device: str | None, stride: int | None
) -> tuple[list[Backend], dict[str, str]]:
    """The backends asked for, or without names all that are there, the fastest first.

    Returns:
        The backends, and of those there that cannot run the file, why.

    Raises:
        FcnDetectError: one that was asked for, or all that are there, cannot run the file.
    """
    if names:
        return [open_backend(model, name, device, stride) for name in dict.fromkeys(names)], {}
    opened, reasons = [], {}
    for name in candidates(model, device, BACKENDS):
        try:
            opened.append(open_backend(model, name, device, stride))
        except FcnDetectError as error:
            reasons[name] = error
    if not opened:
        raise next(iter(reasons.values()))
    return opened, {name: str(reason) for name, reason in reasons.items()}


def open_rival(path: Path, own: Backend, device: str | None) -> Backend:
    """The fastest backend that runs a second file.

    Raises:
        SettingsError: its windows are not those of the first file, so that times would not
            compare.
    """
    rival = open_backend(path, "auto", device)
    facts = [(one.crop_hw, one.stride_hw, one.exact) for one in (rival.header, own.header)]
    if facts[0] != facts[1]:
        raise SettingsError(f"--against {path}: it has {_windows(rival)}, not {_windows(own)}")
    return rival


def network_works(detectors: Sequence[Detector], prepared: PreparedImage) -> dict[str, Work]:
    """One network pass over the frame by each detector, to be timed."""

    def score(detector: Detector) -> Work:
        return lambda: detector.score_prepared(prepared)

    return dict(zip(_keys(detectors), map(score, detectors), strict=True))


def network_times(
    times: Times,
    detectors: Sequence[tuple[str, Detector]],
    counted: Sequence[MacCounter | None],
    inputs: Sequence[Pixels],
    peak_gflops: float,
) -> list[NetworkTime]:
    """The rows of the table.

    Args:
        times: of `network_works`.
        detectors: name of the model file, and what ran it.
        counted: counts the multiplications of each.
        inputs: what the network got.
        peak_gflops: of the processor.
    """
    rows, keys = [], _keys([detector for _, detector in detectors])
    for key, (model, detector), count in zip(keys, detectors, counted, strict=True):
        seconds = times[key]
        macs = None if count is None else sum(count(_size(one)) for one in inputs)
        gflops = None if macs is None else 2 * macs / seconds / 1e9
        share = gflops / peak_gflops if gflops and detector.backend.place == "cpu" else None
        faster = times[keys[0]] / seconds
        name = detector.backend.name
        rows.append(NetworkTime(model, name, seconds, macs, gflops, share, faster))
    return rows


def packing_works(
    backend: Backend, canvases: Sequence[Pixels], levels: Sequence[Pixels]
) -> dict[str, Work]:
    """One pass a canvas, and one a level, to be timed."""

    def score(images: Sequence[Pixels]) -> Work:
        return lambda: [backend.maps(one[None]) for one in images]

    return {"packed": score(canvases), "separate": score(levels)}


def packing(times: Times, canvases: Sequence[Pixels], levels: Sequence[Pixels]) -> Packing:
    """What the times of `packing_works` say."""
    seconds = times["packed"], times["separate"]
    return Packing(len(levels), len(canvases), _area(canvases), _area(levels), *seconds)


def _keys(detectors: Sequence[Detector]) -> list[str]:
    """A name of the work of each, numbered since a backend may run two files."""
    return [f"network {i}, {one.backend.name}" for i, one in enumerate(detectors, start=1)]


def _area(images: Sequence[Pixels]) -> int:
    return sum(one.shape[0] * one.shape[1] for one in images)


def _size(image: Pixels) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def _windows(backend: Backend) -> str:
    (height, width), (step, _) = backend.header.crop_hw, backend.header.stride_hw
    kind = "an exact net" if backend.header.exact else "a padded net"
    return f"windows of {width}x{height} every {step} px and {kind}"
