"""Every family of torchvision's classifiers: converted and measured, or refused; in Markdown.

python scripts/bench/torchvision_families.py PHOTO... [--net NAME]...

Weights are random. So that the figures mean something, batch norms first see windows of the
photos, residual branches that are scaled almost to nothing at the start (ConvNeXt) count in full,
and the one logit is scaled to mean 0 and deviation 1 over the windows. Each net takes the first of
the crops that it accepts.
"""

from pathlib import Path

import click
import numpy as np
import torch
from torch import nn

from fcn_detect.backends.torch_backend import TorchBackend, untrained
from fcn_detect.detect import cut_windows, level_pixels, level_plan, verify_images
from fcn_detect.errors import ConversionError
from fcn_detect.images import read_image
from fcn_detect.results import ModelHeader

# One net of each family, the smallest.
FAMILIES = [
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_x_400mf",
    "regnet_y_400mf",
    "resnet18",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11",
    "vgg11_bn",
    "vit_b_16",
]
CROPS_HW = [(128, 64), (128, 128), (224, 224)]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PHOTO...")
@click.option("--net", "nets", multiple=True, default=FAMILIES, metavar="NAME")
def main(paths: tuple[str, ...], nets: tuple[str, ...]) -> None:
    photos = [(path, read_image(Path(path)).pixels) for path in paths]
    for name in nets:
        try:
            print(measured(name, photos), flush=True)
        except ConversionError as error:
            print(f"| `{name}` | refused | {reason(error)} | | | | |", flush=True)


def reason(error: ConversionError) -> str:
    return str(error).replace(f"layer '{error.layer}'", f"`{error.layer}`")


def measured(name: str, photos: list) -> str:
    """One line of the table: what `verify` finds on the photos."""
    header, net = with_first_crop(name)
    plan = level_plan(header)
    levels = [(path, pixels, plan.level(pixels.shape[:2], 1.0)) for path, pixels in photos]
    backend = TorchBackend(header, settled(net, windows_of(levels, header)))
    images = list(verify_images(backend, levels))
    (crop_h, crop_w), stride = backend.header.crop_hw, backend.header.stride_hw[0]
    return (
        f"| `{name}` | {crop_w}x{crop_h}, stride {stride} "
        f"| {'exact' if backend.header.exact else 'padded'} "
        f"| {max(image.head_difference for image in images):.1e} "
        f"| {sum(image.windows for image in images)} "
        f"| {max(image.max_difference for image in images):.1e} "
        f"| {sum(image.flipped for image in images)} |"
    )


def with_first_crop(name: str) -> tuple[ModelHeader, nn.Module]:
    """The net on the first crop that it accepts.

    Raises:
        ConversionError: a layer has no convolutional form, or no crop is accepted.
    """
    for crop_hw in CROPS_HW:
        try:
            return untrained(f"torchvision:{name}", crop_hw)
        except ConversionError as error:
            last = error
            if error.layer:
                break
    raise last


def windows_of(levels: list, header: ModelHeader) -> torch.Tensor:
    """`(n, 3, crop_h, crop_w)`: windows spread over the photos."""
    windows = []
    for _, image, level in levels:
        grid = level.grid(header.crop_hw, header.stride_hw)
        cells = np.linspace(0, np.prod(grid.size_hw) - 1, 24).astype(int)
        rows, cols = np.unravel_index(cells, grid.size_hw)
        windows.append(cut_windows(level_pixels(image, level), grid, rows, cols))
    return torch.from_numpy(np.concatenate(windows)).permute(0, 3, 1, 2).float()


@torch.no_grad()
def settled(net: nn.Module, windows: torch.Tensor) -> nn.Module:
    """The net with the statistics of these windows, and logits of mean 0 and deviation 1."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over batches
            module.train()
    for name, parameter in net.named_parameters():
        if name.endswith("layer_scale"):
            parameter.fill_(1)
    for batch in windows.split(24):
        net(batch)
    logits = net.eval()(windows)
    scale = nn.Linear(1, 1)
    scale.weight.fill_(1 / logits.std())
    scale.bias.fill_(-logits.mean() / logits.std())
    return nn.Sequential(*net, scale).eval()


if __name__ == "__main__":
    main()
