"""Crops varied at random while training, by torchvision's transforms."""

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from fcn_detect.config import AugmentSettings

# Crops that share one draw of the random numbers: one crop a draw costs ten times as much.
CHUNK = 8


class Augmentation:
    """Varies a batch, uint8 `(n, 3, h, w)`, and returns a batch of the same shape and type.

    All classes are treated alike, so that no trace of it tells them apart. Where a crop is moved
    or shrunk, its edge pixels are repeated, as detection does at a frame's edge.
    """

    def __init__(self, settings: AugmentSettings, crop_hw: tuple[int, int]) -> None:
        margin = int(settings.shift + settings.scale * max(crop_hw) / 2) + 2
        c = settings.colour
        self._transforms = v2.Compose(
            [
                v2.RandomHorizontalFlip(settings.flip),
                v2.Pad(margin, padding_mode="edge"),
                v2.RandomAffine(
                    degrees=settings.rotation,
                    translate=(
                        settings.shift / (crop_hw[1] + 2 * margin),
                        settings.shift / (crop_hw[0] + 2 * margin),
                    ),
                    scale=(1 - settings.scale, 1 + settings.scale),
                    interpolation=InterpolationMode.BILINEAR,
                ),
                v2.CenterCrop(list(crop_hw)),
                v2.ColorJitter(brightness=c, contrast=c, saturation=c),  # hue doubles the cost
                v2.RandomGrayscale(settings.grey),
                v2.RandomApply([v2.GaussianBlur(5, (0.3, 1.5))], settings.blur),
                v2.RandomApply([_Noise(12)], settings.noise),
            ]
        )

    def __call__(self, crops: Tensor) -> Tensor:
        """A varied copy of a batch."""
        return torch.cat([self._transforms(chunk) for chunk in torch.split(crops, CHUNK)])


class _Noise(v2.Transform):  # type: ignore[misc]
    """Gaussian noise of a random deviation up to `largest` grey levels."""

    def __init__(self, largest: float) -> None:
        super().__init__()
        self.largest = largest

    def forward(self, crops: Tensor) -> Tensor:
        deviation = self.largest * torch.rand(len(crops), 1, 1, 1)
        noisy = crops.float() + deviation * torch.randn(crops.shape)
        return noisy.round().clamp(0, 255).to(torch.uint8)
