"""All that a bench found, for JSON."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fcn_detect.bench.folder import FolderSpeed
from fcn_detect.bench.frame import FrameStages
from fcn_detect.bench.machine import Machine, Peak
from fcn_detect.bench.network import NetworkTime, Packing
from fcn_detect.bench.windows import DenseAgainstCrops
from fcn_detect.results import ModelHeader


@dataclass(frozen=True)
class Frame:
    """The frame that single-frame figures are of.

    Attributes:
        image: its path.
        size_hw: height and width.
        levels: of its pyramid.
        windows: of all levels.
        min_height: smallest object looked for, in pixels.
    """

    image: str
    size_hw: tuple[int, int]
    levels: int
    windows: int
    min_height: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the size is written as [width, height]."""
        size = list(self.size_hw[::-1])
        return {
            "image": self.image,
            "size": size,
            "levels": self.levels,
            "windows": self.windows,
            "min_height": self.min_height,
        }


@dataclass(frozen=True)
class BenchReport:
    """Figures of one run on one machine.

    Attributes:
        machine: that it ran on.
        peak: of its processor, in the same run.
        model: path of the file.
        header: of the model.
        frame: that single-frame figures are of.
        windows: dense against crop by crop.
        networks: every runtime.
        packing: one canvas against separate levels; None where levels are not packed.
        stages: file to boxes.
        folder: `batch`.
        repeats: turns of measuring.
        noise: distance of the quartiles as a share of the median, for the median figure.
        left_out: runtimes that are there and cannot run the file, and why.
    """

    machine: Machine
    peak: Peak
    model: str
    header: ModelHeader
    frame: Frame
    windows: DenseAgainstCrops
    networks: list[NetworkTime]
    packing: Packing | None
    stages: FrameStages
    folder: FolderSpeed
    repeats: int
    noise: float
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; sizes are written as [width, height], times are seconds."""
        return {
            "version": version("fcn-detect"),
            "repeats": self.repeats,
            "noise": self.noise,
            "machine": self.machine.to_dict(),
            "peak": self.peak.to_dict(),
            "model": self._model(),
            "frame": self.frame.to_dict(),
            "windows": self.windows.to_dict(),
            "network": [one.to_dict() for one in self.networks],
            "left_out": self.left_out,
            "packing": None if self.packing is None else self.packing.to_dict(),
            "stages": self.stages.to_dict(),
            "folder": self.folder.to_dict(),
        }

    def _model(self) -> dict[str, Any]:
        header = self.header
        return {
            "file": self.model,
            "net": header.net,
            "crop": list(header.crop_hw[::-1]),
            "stride": list(header.stride_hw[::-1]),
            "exact": header.exact,
        }
