"""The crop classifiers that `train --net NAME` knows: our own in one table, and torchvision's.

Every net is an `nn.Sequential` from RGB crops `(n, 3, crop_h, crop_w)` in [0, 255] to logits
`(n, outputs)`; its first layer is `Normalize`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from fcn_detect.errors import SettingsError, did_you_mean
from fcn_detect.nets.normalize import Normalize
from fcn_detect.nets.torchvision_nets import PREFIX, build_torchvision

HW = tuple[int, int]


@dataclass(frozen=True)
class Architecture:
    """One row of the zoo.

    Attributes:
        build: `(crop_hw, outputs)` to a classifier with random weights.
        about: one line for people who choose.
    """

    build: Callable[[HW, int], nn.Sequential]
    about: str


def build_net(name: str, crop_hw: HW, outputs: int) -> nn.Sequential:
    """A classifier of the zoo, or `torchvision:NAME`, with random weights.

    Raises:
        SettingsError: there is no net of that name, or the crop is too small for it.
    """
    if name.startswith(PREFIX):
        return build_torchvision(name, outputs)
    if name not in ARCHITECTURES:
        raise SettingsError(
            f"no net is called '{name}'; there are {', '.join(ARCHITECTURES)}, and torchvision's "
            f"classifiers, such as torchvision:resnet18{did_you_mean(name, ARCHITECTURES)}"
        )
    return ARCHITECTURES[name].build(crop_hw, outputs)


def _valid(widths: tuple[int, int, int, int], hidden: int) -> Callable[[HW, int], nn.Sequential]:
    """An unpadded net of stride 8: two thirds of its work is done at a quarter of the pixels."""

    def build(crop_hw: HW, outputs: int) -> nn.Sequential:
        c1, c2, c3, c4 = widths
        trunk = [
            *_convolution(3, c1, kernel=6, stride=2),
            *_convolution(c1, c2),
            nn.MaxPool2d(2),
            *_convolution(c2, c3),
            *_convolution(c3, c3),
            nn.MaxPool2d(2),
            *_convolution(c3, c4),
        ]
        units_h, units_w = (_valid_units(side) for side in crop_hw)
        if min(units_h, units_w) < 1:
            raise SettingsError(
                f"crops of {crop_hw[1]}x{crop_hw[0]} are too small for a net of stride 8; "
                "both sides need 48 px or more, and with the net valid-half 27"
            )
        head = _head(units_h * units_w * c4, hidden, outputs)
        return nn.Sequential(Normalize(), *trunk, *head)

    return build


def _valid_units(side: int) -> int:
    """Units along one side of the last feature map of a `_valid` net."""
    side = (side - 6) // 2 + 1 - 2  # first two convolutions
    side = side // 2 - 4  # pooling, two convolutions
    return side // 2 - 2  # pooling, last convolution


def _valid_fine(crop_hw: HW, outputs: int) -> nn.Sequential:
    """An unpadded net of stride 4 for small crops: 28×28 ones end as 3×3 units."""
    units_h, units_w = (((side - 4) // 2 - 2) // 2 - 2 for side in crop_hw)
    if min(units_h, units_w) < 1:
        raise SettingsError(
            f"crops of {crop_hw[1]}x{crop_hw[0]} are too small for a net of stride 4 whose first "
            "convolution is 5x5; both sides need 20 px or more"
        )
    return nn.Sequential(
        Normalize(),
        *_convolution(3, 16, kernel=5),
        nn.MaxPool2d(2),
        *_convolution(16, 32),
        nn.MaxPool2d(2),
        *_convolution(32, 48),
        *_head(units_h * units_w * 48, 48, outputs),
    )


def _valid_deep(crop_hw: HW, outputs: int) -> nn.Sequential:
    """An unpadded net of stride 4 that tells much in small crops: 24×24 ones end as one unit."""
    units_h, units_w = (((side - 4) // 2 - 4) // 2 - 2 for side in crop_hw)
    if min(units_h, units_w) < 1:
        raise SettingsError(
            f"crops of {crop_hw[1]}x{crop_hw[0]} are too small for this net of stride 4; "
            "both sides need 24 px or more"
        )
    return nn.Sequential(
        Normalize(),
        *_convolution(3, 24),
        *_convolution(24, 24),
        nn.MaxPool2d(2),
        *_convolution(24, 48),
        *_convolution(48, 48),
        nn.MaxPool2d(2),
        *_convolution(48, 96),
        *_head(units_h * units_w * 96, 96, outputs),
    )


def _valid_half(crop_hw: HW, outputs: int) -> nn.Sequential:
    """An unpadded net of stride 4 for crops of half the usual size: 28×56 ones end as 1×8 units.

    Half of its work is done at a sixteenth of the pixels; few channels go into the dense layer,
    which as a convolution would cost as much as all the rest.
    """
    units_h, units_w = (((side - 5) // 2 + 1 - 2) // 2 - 4 for side in crop_hw)
    if min(units_h, units_w) < 1:
        raise SettingsError(
            f"crops of {crop_hw[1]}x{crop_hw[0]} are too small for this net of stride 4; "
            "both sides need 27 px or more"
        )
    return nn.Sequential(
        Normalize(),
        *_convolution(3, 16, kernel=5, stride=2),
        *_convolution(16, 16),
        nn.MaxPool2d(2),
        *_convolution(16, 40),
        *_convolution(40, 48),
        *_convolution(48, 24, kernel=1),
        *_head(units_h * units_w * 24, 64, outputs),
    )


def _head(inputs: int, hidden: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    ]


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


def _dress(crop_hw: HW, outputs: int) -> nn.Sequential:
    """Five padded convolutions, each halved: 64×128 crops end as 2×4 units, then 4 hidden units."""
    if min(crop_hw) < 32:
        raise SettingsError(
            f"crops of {crop_hw[1]}x{crop_hw[0]} vanish under five halvings; "
            "both sides need 32 px or more"
        )
    layers: list[nn.Module] = [Normalize()]
    channels = 3
    for width in (16, 32, 32, 64, 64):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    units = (crop_hw[0] // 32) * (crop_hw[1] // 32)
    head = [nn.Flatten(), nn.Linear(units * channels, 4), nn.ReLU(), nn.Linear(4, outputs)]
    return nn.Sequential(*layers, *head)


ARCHITECTURES: dict[str, Architecture] = {
    "valid-small": Architecture(_valid((12, 16, 24, 32), 24), "unpadded, stride 8, exact"),
    "valid-medium": Architecture(_valid((16, 24, 32, 48), 48), "unpadded, stride 8, exact"),
    "valid-large": Architecture(_valid((24, 32, 64, 96), 96), "unpadded, stride 8, exact"),
    "valid-fine": Architecture(_valid_fine, "unpadded, stride 4, exact; crops from 20 px"),
    "valid-deep": Architecture(_valid_deep, "unpadded, stride 4, exact; crops from 24 px"),
    "valid-half": Architecture(_valid_half, "unpadded, stride 4, exact; for crops of 32x64"),
    "dress": Architecture(_dress, "padded, stride 32, as in the dress detector; not exact"),
}
