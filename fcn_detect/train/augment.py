"""Windows of crops varied at random while training."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms import v2

from fcn_detect.config import AugmentSettings, ModelSettings
from fcn_detect.train.windows import WindowCutter

# Crops that share one draw of the random numbers: one crop a draw costs ten times as much.
CHUNK = 8


class Augmentation:
    """Cuts a window from each crop of a batch and varies its colours, sharpness and noise.

    All classes are treated alike, so that no trace of it tells them apart. Places and colours have
    a draw of their own for each crop; sharpness and noise have one for eight.
    """

    def __init__(
        self,
        settings: AugmentSettings,
        model: ModelSettings,
        object_box: tuple[float, float, float, float],
    ) -> None:
        self.cut = WindowCutter(settings, model, object_box)
        self._settings = settings
        self._transforms = v2.Compose(
            [
                v2.RandomApply([_Coarser(0.4)], settings.coarse),
                v2.RandomApply([v2.GaussianBlur(5, (0.3, 1.5))], settings.blur),
                v2.RandomApply([_Noise(12)], settings.noise),
            ]
        )

    def __call__(self, crops: Tensor, is_background: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Windows of a batch, and where the objects are in them.

        Args:
            crops: uint8 `(n, 3, crop_h, crop_w)`.
            is_background: bool `(n,)`; only such crops are ever put in front of others.

        Returns:
            uint8 `(n, 3, window_h, window_w)`; offsets, float32 `(n, 4)`; and bool `(n,)`, which
            windows show but a part of their crop.
        """
        windows, offsets, parts = self.cut(crops)
        windows = _occlude(windows, is_background, self._settings.occlusion)
        windows = _vary_colours(windows, self._settings)
        varied = [self._transforms(chunk) for chunk in torch.split(windows, CHUNK)]
        return torch.cat(varied), offsets, parts


def _occlude(windows: Tensor, is_background: Tensor, share: float) -> Tensor:
    """A share of the windows with a rectangle of a background window in front, at one side.

    It covers up to two fifths of the window's height from below, or of its width from a side.
    """
    sources = torch.nonzero(is_background).flatten()
    if not share or not len(sources):
        return windows
    n, _, height, width = windows.shape
    depth = 0.4 * torch.rand(n) * (torch.rand(n) < share)
    side = torch.randint(0, 3, (n,))[:, None, None]
    x = ((torch.arange(width) + 0.5) / width)[None, None, :]
    y = ((torch.arange(height) + 0.5) / height)[None, :, None]
    from_edge = torch.where(side == 0, 1 - y, torch.where(side == 1, x, 1 - x))  # (n, h, w)
    others = windows[sources[torch.randint(0, len(sources), (n,))]]
    return torch.where((from_edge < depth[:, None, None])[:, None], others, windows)


def _vary_colours(windows: Tensor, settings: AugmentSettings) -> Tensor:
    """Windows with brightness, contrast, saturation and each channel's gain drawn anew for each.

    All of these, and turning grey, are affine maps of a pixel's colour, so one map does them all:
    3x3 numbers and an offset a window.

    Source: the weights of red, green and blue in grey are those of ITU-R BT.601.
    """
    n = len(windows)
    pixels = windows.float().flatten(2)  # (n, 3, h * w)
    brightness, contrast, saturation = 1 + settings.colour * (2 * torch.rand(3, n, 1, 1) - 1)
    gains = 1 + settings.tint * (2 * torch.rand(n, 3, 1) - 1)
    grey_share = torch.tensor([0.299, 0.587, 0.114]).expand(3, 3)
    mean = brightness * (grey_share[:1] @ pixels.mean(dim=2, keepdim=True))  # of grey, (n, 1, 1)
    colour = gains * (saturation * torch.eye(3) + (1 - saturation) * grey_share)
    offset = gains * (1 - contrast) * mean
    grey = torch.rand(n, 1, 1) < settings.grey
    to_grey = torch.where(grey, grey_share, torch.eye(3))
    varied = torch.baddbmm(to_grey @ offset, to_grey @ colour * (brightness * contrast), pixels)
    return varied.round_().clamp_(0, 255).to(torch.uint8).view_as(windows)


class _Coarser(v2.Transform):  # type: ignore[misc]
    """Made smaller and large again, as small things in enlarged frames are: down to `smallest`."""

    def __init__(self, smallest: float) -> None:
        super().__init__()
        self.smallest = smallest

    def forward(self, crops: Tensor) -> Tensor:
        share = float(self.smallest + (0.9 - self.smallest) * torch.rand(()))
        height, width = crops.shape[-2:]
        small = [max(1, round(side * share)) for side in (height, width)]
        coarse = F.interpolate(crops.float(), small, mode="bilinear", antialias=True)
        large = F.interpolate(coarse, (height, width), mode="bilinear")
        return large.round().clamp(0, 255).to(torch.uint8)


class _Noise(v2.Transform):  # type: ignore[misc]
    """Gaussian noise of a random deviation up to `largest` grey levels."""

    def __init__(self, largest: float) -> None:
        super().__init__()
        self.largest = largest

    def forward(self, crops: Tensor) -> Tensor:
        deviation = self.largest * torch.rand(len(crops), 1, 1, 1)
        noisy = crops.float() + deviation * torch.randn(crops.shape)
        return noisy.round().clamp(0, 255).to(torch.uint8)
