"""The few layers that a converted net needs and torch does not have."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HW = tuple[int, int]


class Cut(nn.Module):
    """A map without its first and last places, of which every `step`-th is kept."""

    def __init__(self, start_hw: HW, end_hw: HW, step_hw: HW = (1, 1)) -> None:
        super().__init__()
        self.top, self.left = start_hw
        self.bottom, self.right = end_hw
        self.step_h, self.step_w = step_hw

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, channels, h, w)` to smaller ones."""
        below, beyond = maps.shape[2] - self.bottom, maps.shape[3] - self.right
        return maps[:, :, self.top : below : self.step_h, self.left : beyond : self.step_w]

    def extra_repr(self) -> str:
        """What is cut."""
        sides = f"top={self.top}, left={self.left}, bottom={self.bottom}, right={self.right}"
        return f"{sides}, step=({self.step_h}, {self.step_w})"


class DilatedAvgPool2d(nn.Module):
    """Average pooling over places that lie `dilation` apart: a sum channel by channel, divided.

    The sum is a grouped convolution with ones, exact in any precision.
    """

    ones: Tensor

    def __init__(
        self,
        channels: int,
        kernel_hw: HW,
        stride_hw: HW,
        padding_hw: HW,
        dilation_hw: HW,
        divisor: int,
    ) -> None:
        super().__init__()
        self.register_buffer("ones", torch.ones(channels, 1, *kernel_hw))
        self.stride_hw, self.padding_hw, self.dilation_hw = stride_hw, padding_hw, dilation_hw
        self.divisor = divisor

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, channels, h, w)` to averaged ones."""
        sums = F.conv2d(
            maps,
            self.ones,
            None,
            self.stride_hw,
            self.padding_hw,
            self.dilation_hw,
            maps.shape[1],
        )
        return sums / self.divisor


class ChannelsLast(nn.Module):
    """A layer that acts on the last axis, applied to the channels of every place of a map."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, channels, h, w)` to maps."""
        places: Tensor = self.layer(maps.permute(0, 2, 3, 1))
        return places.permute(0, 3, 1, 2)


class EachWindow(nn.Module):
    """A layer applied to the vector of every window, each as one sample of a batch."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, features, rows, cols)` to maps."""
        windows = maps.permute(0, 2, 3, 1)
        vectors: Tensor = self.layer(windows.reshape(-1, maps.shape[1]))
        shape = [windows.shape[0], windows.shape[1], windows.shape[2], vectors.shape[1]]
        return vectors.reshape(shape).permute(0, 3, 1, 2)
