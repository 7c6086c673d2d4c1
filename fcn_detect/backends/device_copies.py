"""Between memory and the device of a network: frames there, maps back."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcn_detect.backends.base import Pixels, WaitForMaps


class Copies(Protocol):
    """Takes frames to a device and maps back."""

    def up(self, frames: Sequence[Pixels]) -> Tensor:
        """Frames of one size on the device, RGB uint8 `(n, h, w, 3)`."""
        ...

    def down(self, maps: Sequence[Tensor]) -> WaitForMaps:
        """What waits for maps and gives them."""
        ...


class PlainCopies:
    """Copies that are done when the call returns, to any device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def up(self, frames: Sequence[Pixels]) -> Tensor:
        """Frames of one size on the device, RGB uint8 `(n, h, w, 3)`."""
        return torch.from_numpy(np.stack(frames)).to(self._device)

    def down(self, maps: Sequence[Tensor]) -> WaitForMaps:
        """What gives the maps; nothing is left to wait for."""
        arrays = [one.cpu().numpy() for one in maps]
        return lambda: arrays


class PinnedCopies:
    """Copies beside a GPU's work: from and to pinned memory, each way on a stream of its own.

    Nothing waits before maps are asked for. Pinned memory is torch's, which keeps it for the next
    copy, and gives none away that a copy still reads.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._up, self._down = (torch.cuda.Stream(device) for _ in range(2))  # type: ignore[no-untyped-call]

    def up(self, frames: Sequence[Pixels]) -> Tensor:
        """Frames of one size, RGB uint8 `(n, h, w, 3)`; the GPU's work waits for them itself."""
        shape = (len(frames), *frames[0].shape)
        pinned = torch.empty(shape, dtype=torch.uint8, pin_memory=True)
        np.stack(frames, out=pinned.numpy())
        work = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._up):
            there = pinned.to(self._device, non_blocking=True)
        work.wait_stream(self._up)
        there.record_stream(work)
        return there

    def down(self, maps: Sequence[Tensor]) -> WaitForMaps:
        """What waits for the maps' own copies, and for nothing that was begun later."""
        self._down.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._down):
            pinned = [self._copy(one) for one in maps]
            done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            done.record()

        def wait() -> list[NDArray[np.float32]]:
            done.synchronize()
            return [one.numpy() for one in pinned]

        return wait

    def _copy(self, one: Tensor) -> Tensor:
        one.record_stream(self._down)
        pinned = torch.empty(one.shape, dtype=one.dtype, pin_memory=True)
        return pinned.copy_(one, non_blocking=True)
