"""Whether an exported net gives what PyTorch gives, on images of several sizes."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fcn_detect.backends import Backend, Pixels
from fcn_detect.detect.verify import differences, flipped_decisions
from fcn_detect.results import TOLERANCE, ModelHeader
from fcn_detect.scenes import render_scene

SCENE_HW = (384, 512)


@dataclass(frozen=True)
class MapEquivalence:
    """How far one image's maps lie apart; the measures are those of `fcn_detect.detect.verify`.

    Attributes:
        image: its name.
        windows: number compared.
        max_difference: over all windows, logits and offsets.
        flipped: decisions that changed by more than the tolerance.
    """

    image: str
    windows: int
    max_difference: float
    flipped: int


@dataclass(frozen=True)
class EquivalenceReport:
    """The maps of an exported net against PyTorch's.

    Attributes:
        backend: that ran the exported net.
        images: one entry an image.
    """

    backend: str
    images: list[MapEquivalence]

    @property
    def windows(self) -> int:
        """Number compared, all images together."""
        return sum(image.windows for image in self.images)

    @property
    def max_difference(self) -> float:
        """Over all images; nan where a map holds what is no number."""
        return float(np.max([image.max_difference for image in self.images]))

    @property
    def flipped(self) -> int:
        """Decisions that changed, all images together."""
        return sum(image.flipped for image in self.images)

    @property
    def holds(self) -> bool:
        """Whether the maps are equal to the tolerance."""
        return self.max_difference <= TOLERANCE and self.flipped == 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "backend": self.backend,
            "holds": self.holds,
            "tolerance": TOLERANCE,
            "windows": self.windows,
            "max_difference": self.max_difference,
            "flipped": self.flipped,
            "images": [asdict(image) for image in self.images],
        }


def compare_backends(
    exported: Backend, torch: Backend, images: Iterable[tuple[str, Pixels]]
) -> EquivalenceReport:
    """The dense maps of two backends on the same images, RGB uint8 `(h, w, 3)`, by name."""
    compared = [_compare(exported, torch, name, image) for name, image in images]
    return EquivalenceReport(exported.name, compared)


def _compare(exported: Backend, torch: Backend, name: str, image: Pixels) -> MapEquivalence:
    maps, true = (backend.maps(image[None])[0] for backend in (exported, torch))
    outputs = torch.header.outputs
    flipped = flipped_decisions(maps[:outputs], true[:outputs])
    return MapEquivalence(name, true[0].size, float(differences(maps, true).max()), flipped)


def sample_images(header: ModelHeader) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of images of the sizes that matter, and a rendered scene."""
    random = np.random.default_rng(0)
    (crop_h, crop_w), (step_h, step_w) = header.crop_hw, header.stride_hw
    sizes = {
        "one window": (crop_h, crop_w),
        "one stride more": (crop_h + step_h, crop_w + step_w),
        "one pixel less": (crop_h + step_h - 1, crop_w + 2 * step_w - 1),
        "odd": (2 * crop_h + 1, 3 * crop_w + 1),
    }
    for name, (height, width) in sizes.items():
        noise = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        yield f"{name}, {width}x{height}", noise
    scene_hw = max(SCENE_HW[0], crop_h), max(SCENE_HW[1], crop_w)
    yield f"rendered, {scene_hw[1]}x{scene_hw[0]}", render_scene(random, scene_hw, dresses=3).image
