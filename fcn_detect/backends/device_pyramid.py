"""The pyramid of a frame, made where the network is: frames in, canvases out.

All of it is arithmetic of whole numbers, by the tables of a `FramePlan`: on any device the canvases
are those that `fcn_detect.images.paint_passes` makes, byte for byte.
"""

import torch
from torch import Tensor

from fcn_detect.geometry import FramePlan, PlannedLevel, Taps
from fcn_detect.geometry.frame_plan import WEIGHT_BITS


class DevicePyramid:
    """Paints the canvases of frames of one size; its tables lie on the device.

    Attributes:
        plan: what it does.
    """

    def __init__(self, plan: FramePlan, device: torch.device) -> None:
        self.plan = plan
        self._levels = [
            [_Level(level, device) for level in canvas.levels] for canvas in plan.canvases
        ]

    def paint(self, frames: Tensor) -> list[Tensor]:
        """The canvas of each pass: RGB uint8 `(n, h, w, 3)` to `(n, *size_hw, 3)`."""
        octaves = [frames]
        painted = []
        for canvas, levels in zip(self.plan.canvases, self._levels, strict=True):
            pixels = frames.new_zeros((len(frames), *canvas.size_hw, 3))
            for level in levels:
                while len(octaves) <= level.halvings:
                    octaves.append(halve(octaves[-1]))
                level.paint(octaves[level.halvings], pixels)
            painted.append(pixels)
        return painted


class _Level:
    """A level's tables on a device."""

    def __init__(self, level: PlannedLevel, device: torch.device) -> None:
        self.halvings, (self._top, self._left) = level.halvings, level.corner_yx
        first, last = int(level.down.index.min()), int(level.down.index.max())
        self._rows = slice(first, last + 1)
        self._down = _Table(Taps(level.down.index - first, level.down.weights), device)
        self._across = _Table(level.across, device)

    def paint(self, octave: Tensor, canvas: Tensor) -> None:
        """Writes the level into its place on the canvases of some frames."""
        made = self._down(self._across(octave[:, self._rows], dim=2), dim=1)
        bottom, right = self._top + made.shape[1], self._left + made.shape[2]
        canvas[:, self._top : bottom, self._left : right] = made


class _Table:
    """Taps on a device."""

    def __init__(self, taps: Taps, device: torch.device) -> None:
        self._index = torch.from_numpy(taps.index.ravel()).to(device)
        self._weights = torch.from_numpy(taps.weights).to(device)

    def __call__(self, pixels: Tensor, dim: int) -> Tensor:
        """Images uint8 `(n, h, w, 3)`, resized along `dim`."""
        before, after = pixels.shape[:dim], pixels.shape[dim + 1 :]
        taken = pixels.index_select(dim, self._index).view(*before, *self._weights.shape, *after)
        weights = self._weights.view(*self._weights.shape, *[1 for _ in after])
        sums = (taken * weights).sum(dim + 1, dtype=torch.int32)
        return _shifted(sums, WEIGHT_BITS)


def halve(pixels: Tensor) -> Tensor:
    """Means of 2×2 pixels, rounded half up; a last odd row or column counts twice.

    uint8 `(n, h, w, 3)` to `(n, ceil(h / 2), ceil(w / 2), 3)`.
    """
    if pixels.shape[1] % 2:
        pixels = torch.cat([pixels, pixels[:, -1:]], dim=1)
    if pixels.shape[2] % 2:
        pixels = torch.cat([pixels, pixels[:, :, -1:]], dim=2)
    count, height, width = pixels.shape[:3]
    fours = pixels.reshape(count, height // 2, 2, width // 2, 2, 3)
    return _shifted(fours.sum((2, 4), dtype=torch.int32), 2)


def _shifted(sums: Tensor, bits: int) -> Tensor:
    """Sums, divided by a power of two and rounded half up, as uint8."""
    return torch.bitwise_right_shift(sums + 2 ** (bits - 1), bits).to(torch.uint8)
