"""Windows cut at random places and sizes inside crops: what the net sees, and where the object is.

Detection meets objects between its cells and between its scales. Windows cut from a crop at
random show the net the same, and since the object's place in the crop is known, its place in
each window is known too: box offsets are learned without any box being drawn.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from fcn_detect.config import AugmentSettings, ModelSettings
from fcn_detect.geometry import box_iou, encode_offsets

# Windows inside a crop keep this many pixels from its rim: nearer ones would need pixels that
# are not there to interpolate.
RIM = 0.5

# Crop pixels per window pixel where only a part of an object is shown, least and most; and what
# the window's object box may share with the object at most, by intersection over union.
PART_SIZES = (0.35, 0.65)
PART_OVERLAP = 0.4


@dataclass(frozen=True, eq=False)
class Cut:
    """How windows are cut, one entry for each; lengths are pixels of the crop.

    Attributes:
        centre_xy: `(n, 2)` the window's centre, from the crop's top-left corner.
        size: `(n,)` crop pixels per window pixel.
        angle: `(n,)` turn of the window, in radians.
        mirror: `(n,)` -1 where the window is mirrored left to right, else 1.
        part: `(n,)` whether the window is too small to hold more than a part of the object.
    """

    centre_xy: Tensor
    size: Tensor
    angle: Tensor
    mirror: Tensor
    part: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.bool))


class WindowCutter:
    """Cuts one window from each crop of a batch.

    Where the window is smaller than the crop, only pixels of the crop are used: pixels made up
    beyond its rim would tell by their number where the window lies, and the net would learn that
    instead of the object. Where the window is the whole crop, edge pixels are repeated, as
    detection does at a frame's edge, and there are no offsets to learn.

    A share of the windows shows a part of the crop alone: legs, or a trunk. A detector that has
    never seen such windows as background finds people inside of people.
    """

    def __init__(
        self,
        settings: AugmentSettings,
        model: ModelSettings,
        object_box: tuple[float, float, float, float],
    ) -> None:
        self.settings, self.crop_hw, self.window_hw = settings, model.crop, model.window_hw
        self.inside = model.cuts_inside
        self.object_box = object_box
        top, left = model.margins_hw
        self.middle_xy = torch.tensor([left + self.window_hw[1] / 2, top + self.window_hw[0] / 2])

    def __call__(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A window of each crop, and where the object box of the crop is in it.

        Args:
            crops: uint8 `(n, 3, crop_h, crop_w)`.

        Returns:
            uint8 `(n, 3, window_h, window_w)`; offsets, float32 `(n, 4)`, in the units of
            `fcn_detect.geometry.encode_offsets`; and bool `(n,)`, which windows show but a part.
        """
        cut = self.draw(len(crops))
        grid = self._grid(cut)
        windows = F.grid_sample(
            crops.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
        )
        return windows.round().to(torch.uint8), self.offsets(cut), cut.part

    def draw(self, count: int) -> Cut:
        """Random cuts; inside the crop where windows are smaller than it."""
        s = self.settings
        height, width = self.window_hw
        mirror = torch.where(torch.rand(count) < s.flip, -1.0, 1.0)
        size = torch.exp(_symmetric(count) * s.scale)
        angle = torch.deg2rad(_symmetric(count) * s.rotation)
        shift = torch.stack([_symmetric(count), _symmetric(count)], dim=1)
        if self.inside:
            largest = min((self.crop_hw[0] - 2 * RIM) / height, (self.crop_hw[1] - 2 * RIM) / width)
            size = size.clamp(max=largest)
            angle = torch.where((self._room(size, angle) < 0).any(dim=1), 0.0, angle)
        room = self._room(size, angle).clamp(min=0)
        reach = torch.full_like(room, s.shift)
        reach = torch.minimum(reach, room) if self.inside else reach
        whole = Cut(self.middle_xy + shift * reach, size, angle, mirror)
        return self._with_parts(whole, torch.rand(count) < s.parts)

    def _with_parts(self, whole: Cut, wanted: Tensor) -> Cut:
        """Some of the cuts exchanged for smaller ones anywhere in their crops."""
        count = len(wanted)
        size = PART_SIZES[0] + (PART_SIZES[1] - PART_SIZES[0]) * torch.rand(count)
        angle = torch.zeros(count)
        shift = torch.stack([_symmetric(count), _symmetric(count)], dim=1)
        centre = self.middle_xy + shift * self._room(size, angle).clamp(min=0)
        parts = Cut(centre, size, angle, whole.mirror)
        part = wanted & (self._overlaps(parts) < PART_OVERLAP)
        return Cut(
            torch.where(part[:, None], parts.centre_xy, whole.centre_xy),
            torch.where(part, parts.size, whole.size),
            torch.where(part, parts.angle, whole.angle),
            whole.mirror,
            part,
        )

    def offsets(self, cut: Cut) -> Tensor:
        """Where each crop's object box is in its window: float32 `(n, 4)`, as offsets."""
        return torch.from_numpy(encode_offsets(self._objects(cut), self.object_box)).float()

    def _overlaps(self, cut: Cut) -> Tensor:
        """Intersection over union of each object and its window's object box: `(n,)`."""
        return torch.from_numpy(box_iou(self._objects(cut), np.array([self.object_box]))[:, 0])

    def _objects(self, cut: Cut) -> NDArray[np.float64]:
        """Where each crop's object box is in its window: `(n, 4)`, in pixels of the window."""
        x0, y0, x1, y1 = self.object_box  # of the middle window
        centre = torch.tensor([(x0 + x1) / 2, (y0 + y1) / 2]) - torch.tensor(
            [self.window_hw[1] / 2, self.window_hw[0] / 2]
        )
        away = (self.middle_xy + centre - cut.centre_xy) / cut.size[:, None]
        cos, sin = torch.cos(cut.angle), torch.sin(cut.angle)
        x = (cos * away[:, 0] + sin * away[:, 1]) * cut.mirror + self.window_hw[1] / 2
        y = -sin * away[:, 0] + cos * away[:, 1] + self.window_hw[0] / 2
        half_w, half_h = (x1 - x0) / 2 / cut.size, (y1 - y0) / 2 / cut.size
        objects = torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], dim=1)
        return np.asarray(objects.double().numpy())

    def _room(self, size: Tensor, angle: Tensor) -> Tensor:
        """How far windows may move along x and y and stay in the crop: `(n, 2)`."""
        height, width = self.window_hw
        cos, sin = torch.cos(angle).abs(), torch.sin(angle).abs()
        half = torch.stack([width * cos + height * sin, height * cos + width * sin], dim=1)
        half = half * size[:, None] / 2
        crop = torch.tensor([self.crop_hw[1], self.crop_hw[0]], dtype=torch.float32)
        return torch.minimum(self.middle_xy, crop - self.middle_xy) - half - RIM

    def _grid(self, cut: Cut) -> Tensor:
        """Where each window pixel lies in the crop, `(n, window_h, window_w, 2)` in [-1, 1]."""
        height, width = self.window_hw
        x = torch.arange(width) + 0.5 - width / 2
        y = torch.arange(height) + 0.5 - height / 2
        low, high = self._frame_edges(len(cut.size))
        x = x.clamp(low[:, :1], high[:, :1])[:, None, :] * cut.mirror[:, None, None]
        y = y.clamp(low[:, 1:], high[:, 1:])[:, :, None]
        crop = torch.tensor([self.crop_hw[1], self.crop_hw[0]], dtype=torch.float32)
        middle = (cut.centre_xy / crop * 2 - 1)[:, :, None, None]  # (n, 2, 1, 1)
        along = torch.stack([torch.cos(cut.angle), torch.sin(cut.angle)], dim=1)
        along = (along * cut.size[:, None])[:, :, None, None]
        (cos_x, sin_x), (cos_y, sin_y) = ((along * (2 / side)).unbind(1) for side in crop)
        # sums of rows and columns: only the last step has a number for every pixel
        points_x = (middle[:, 0] + cos_x * x) - sin_x * y
        points_y = (middle[:, 1] + sin_y * x) + cos_y * y
        return torch.stack([points_x, points_y], dim=-1)

    def _frame_edges(self, count: int) -> tuple[Tensor, Tensor]:
        """The part of each window that lies in the frame: least and largest x, y, `(n, 2)` each.

        A share of the windows reaches over one edge of the frame, by up to the margin around the
        object box, wherever the object is in the window.
        """
        height, width = self.window_hw
        half = torch.tensor([width / 2, height / 2])
        x0, y0, x1, y1 = self.object_box
        margins = torch.tensor([x0, y0, width - x1, height - y1])
        side = torch.randint(0, 4, (count,))
        over = torch.rand(count) * (torch.rand(count) < self.settings.frame_edge)
        cut = F.one_hot(side, 4) * (over * margins[side])[:, None]
        return cut[:, :2] - half, half - cut[:, 2:]


def _symmetric(count: int) -> Tensor:
    """Uniform in [-1, 1], `(count,)`."""
    return torch.rand(count) * 2 - 1
