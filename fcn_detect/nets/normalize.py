"""The first layer of every net: pixels in [0, 255] to numbers around 0."""

import torch
from torch import Tensor, nn

from fcn_detect.results import Normalisation

# Channel means and standard deviations of photos in [0, 255], RGB.
# Source: ImageNet statistics as every torchvision model states them, times 255.
PHOTO_MEAN = (123.675, 116.28, 103.53)
PHOTO_STD = (58.395, 57.12, 57.375)


class Normalize(nn.Module):
    """Takes RGB `(n, 3, h, w)` in [0, 255] to zero mean and unit deviation, channel by channel.

    The net owns its normalisation, so no caller can forget it or do it twice.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: tuple[float, ...] = PHOTO_MEAN, std: tuple[float, ...] = PHOTO_STD
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images, in the type of the buffers."""
        return (images - self.mean) / self.std


def normalisation_of(net: nn.Module) -> Normalisation | None:
    """What a net does to pixels first; None where it does not begin with `Normalize`."""
    first = next((m for m in net.modules() if isinstance(m, Normalize)), None)
    if first is None:
        return None
    mean, std = ([float(f"{v:.7g}") for v in t.flatten()] for t in (first.mean, first.std))
    return Normalisation(mean=(mean[0], mean[1], mean[2]), std=(std[0], std[1], std[2]))
