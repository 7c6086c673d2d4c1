"""One frame from its file to boxes, stage by stage."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcn_detect.backends import Pixels
from fcn_detect.bench.turns import Times, Work
from fcn_detect.detect import Detector, level_pixels
from fcn_detect.detect.dense import MAX_PASS_PIXELS, pyramid_passes
from fcn_detect.geometry import is_too_large
from fcn_detect.images import Halves, LoadedImage, PreparedImage, paint_passes
from fcn_detect.processes import available_cores

READ, PACK, NETWORK, BOXES, WHOLE = "read", "resize and pack", "network", "boxes", "whole"


@dataclass(frozen=True)
class FrameStages:
    """Seconds of one frame.

    Attributes:
        read_s: the file to pixels.
        pack_s: all levels, resized into the canvases; 0 where levels are not packed, as those of
            a padded net: then the network's time holds the resizing.
        network_s: canvases to score maps.
        boxes_s: score maps to detections.
        whole_s: all of it at once, as `detect` does it.
    """

    read_s: float
    pack_s: float
    network_s: float
    boxes_s: float
    whole_s: float

    @property
    def sum_s(self) -> float:
        """Of the stages measured one by one."""
        return self.read_s + self.pack_s + self.network_s + self.boxes_s

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "sum_s": self.sum_s}


def pack(detector: Detector, image: LoadedImage) -> PreparedImage:
    """An image as the network gets it, packed by as many threads as there are cores.

    Raises:
        ImageError: no window fits.
    """
    levels = detector.levels(image.image_hw)
    passes = pyramid_passes(levels, detector.header.stride_hw)
    if not detector.header.exact or any(is_too_large(one, MAX_PASS_PIXELS) for one in passes):
        return PreparedImage(image.image_hw, image.warnings, None, image)
    halves = Halves(image.pixels, image.full_hw, image.halved)
    canvases = paint_passes(halves, levels, passes, threads=available_cores())
    return PreparedImage(image.image_hw, image.warnings, canvases, None)


def separate_levels(detector: Detector, image: LoadedImage) -> list[Pixels]:
    """The levels of an image read at its full size, one by one."""
    return [level_pixels(image.pixels, level) for level in detector.levels(image.image_hw)]


def frame_works(detector: Detector, path: Path) -> dict[str, Work]:
    """The stages and the whole, to be timed.

    Raises:
        ImageError: the file cannot be read, or no window fits.
    """
    image = detector.read(path)
    prepared = pack(detector, image)
    score_maps = detector.score_prepared(prepared)
    return {
        READ: lambda: detector.read(path),
        PACK: lambda: pack(detector, image),
        NETWORK: lambda: detector.score_prepared(prepared),
        BOXES: lambda: detector.find(image.image_hw, score_maps),
        WHOLE: lambda: detector(path),
    }


def frame_stages(times: Times, packed: bool) -> FrameStages:
    """What the times of `frame_works` say."""
    pack_s = times[PACK] if packed else 0.0
    return FrameStages(times[READ], pack_s, times[NETWORK], times[BOXES], times[WHOLE])
