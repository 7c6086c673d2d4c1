"""From frames to maps on one device: pyramid, canvases and network, and nothing between."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from fcn_detect.backends.base import Pixels, WaitForMaps, telling_memory
from fcn_detect.backends.device_copies import Copies, PinnedCopies, PlainCopies
from fcn_detect.backends.device_graph import GraphCapture, Step
from fcn_detect.backends.device_pyramid import DevicePyramid
from fcn_detect.errors import first_line
from fcn_detect.geometry import FramePlan

log = logging.getLogger(__name__)

Network = Callable[[Tensor], Tensor]
Capture = Callable[[Step, Tensor], Step]

# Frame sizes whose tables and graphs are kept, the last ones used.
SIZES_KEPT = 8


class DeviceFrames:
    """Searches frames where the network is.

    Frames of a size that comes for the second time are searched by a captured graph from then on,
    where there is something to capture them with.

    Attributes:
        device: of the network.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device,
        copies: Copies | None = None,
        capture: Capture | None = None,
    ) -> None:
        self.device = device
        self._network, self._capture = network, capture
        self._copies = copies or PlainCopies(device)
        self._sizes: OrderedDict[tuple[FramePlan, int], _Size] = OrderedDict()

    @classmethod
    def on_gpu(cls, network: Network, device: torch.device) -> "DeviceFrames":
        """With pinned copies, and graphs."""
        return cls(network, device, PinnedCopies(device), GraphCapture())

    def start(self, frames: Sequence[Pixels], plan: FramePlan) -> WaitForMaps:
        """What gives the maps of each canvas of a plan, float32 `(n, channels, rows, cols)`.

        Args:
            frames: RGB uint8 `(*plan.frame_hw, 3)`.
            plan: how canvases are made of them.

        Raises:
            MemoryError: the device has too little.
        """
        try:
            with torch.inference_mode(), self._chosen(), telling_memory(RuntimeError):
                there = self._copies.up(frames)
                return self._copies.down(self._size(plan, len(frames))(there))
        except MemoryError:
            self._sizes.clear()  # and the memory of their graphs
            raise

    def _chosen(self) -> AbstractContextManager[None]:
        return torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext()

    def _size(self, plan: FramePlan, count: int) -> "_Size":
        size = self._sizes.pop((plan, count), None)
        if size is None:
            size = _Size(DevicePyramid(plan, self.device), self._network, self._capture)
        self._sizes[plan, count] = size
        while len(self._sizes) > SIZES_KEPT:
            self._sizes.popitem(last=False)
        return size


class _Size:
    """What becomes of frames of one size and number."""

    def __init__(
        self,
        pyramid: DevicePyramid,
        network: Network,
        capture: Capture | None,
    ) -> None:
        self._pyramid, self._network, self._capture = pyramid, network, capture
        self._step: Step = self._plain
        self._came = 0

    def __call__(self, frames: Tensor) -> list[Tensor]:
        """The maps of each canvas."""
        self._came += 1
        if self._came == 2 and self._capture is not None:
            self._step = self._captured(frames, self._capture)
        return self._step(frames)

    def _plain(self, frames: Tensor) -> list[Tensor]:
        return [self._network(canvas) for canvas in self._pyramid.paint(frames)]

    def _captured(self, frames: Tensor, capture: Capture) -> Step:
        try:
            return capture(self._plain, frames)
        except RuntimeError as error:  # also for want of memory: without a graph it takes less
            log.warning("frames are searched without a CUDA graph: %s", first_line(error))
            return self._plain
