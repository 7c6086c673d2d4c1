"""The pyramid of a frame on the device of the network: frames in, painted canvases out.

All of it is arithmetic of whole numbers, by the tables of a `FramePlan`: whatever the device, the
canvases are those that `fcn_detect.images.paint_passes` makes, byte for byte.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_detect.geometry import FramePlan, Taps
from fcn_detect.geometry.frame_plan import WEIGHT_BITS


class DevicePyramid:
    """Paints the canvases of frames of one size; its tables lie on the device.

    Attributes:
        plan: what it does.
    """

    def __init__(self, plan: FramePlan, device: torch.device) -> None:
        self.plan = plan
        self._tables = [
            [tuple(_Table(taps, device) for taps in (level.across, level.down)) for level in levels]
            for levels in (canvas.levels for canvas in plan.canvases)
        ]

    def paint(self, frames: Tensor) -> list[Tensor]:
        """The canvas of each pass: RGB uint8 `(n, h, w, 3)` to `(n, *size_hw, 3)`."""
        octaves = [frames]
        painted = []
        for canvas, tables in zip(self.plan.canvases, self._tables, strict=True):
            pixels = frames.new_zeros((len(frames), *canvas.size_hw, 3))
            for level, (across, down) in zip(canvas.levels, tables, strict=True):
                while len(octaves) <= level.halvings:
                    octaves.append(halve(octaves[-1]))
                made = down(across(octaves[level.halvings], dim=2), dim=1)
                top, left = level.corner_yx
                pixels[:, top : top + made.shape[1], left : left + made.shape[2]] = made
            painted.append(pixels)
        return painted


class _Table:
    """Taps on a device."""

    def __init__(self, taps: Taps, device: torch.device) -> None:
        self.index = torch.from_numpy(taps.index.ravel()).to(device)
        self.weights = torch.from_numpy(taps.weights).to(device)

    def __call__(self, pixels: Tensor, dim: int) -> Tensor:
        """Pixels uint8 with rows (or columns) along `dim` resized, rounded as Pillow does."""
        taken = pixels.index_select(dim, self.index).unflatten(dim, self.weights.shape)
        weights = self.weights.view(*self.weights.shape, *[1] * (pixels.ndim - dim - 1))
        sums = (taken * weights).sum(dim + 1, dtype=torch.int32)
        return ((sums + 2 ** (WEIGHT_BITS - 1)) >> WEIGHT_BITS).to(torch.uint8)


def halve(pixels: Tensor) -> Tensor:
    """Means of 2×2 pixels, rounded half up; a last odd row or column counts twice.

    uint8 `(n, h, w, 3)` to `(n, ceil(h / 2), ceil(w / 2), 3)`.
    """
    count, height, width, channels = pixels.shape
    odd = (0, 0, 0, width % 2, 0, height % 2)
    if any(odd):
        pixels = F.pad(pixels, odd, mode="replicate")
    fours = pixels.unflatten(1, (-1, 2)).unflatten(3, (-1, 2))
    return ((fours.sum((2, 4), dtype=torch.int32) + 2) >> 2).to(torch.uint8)
