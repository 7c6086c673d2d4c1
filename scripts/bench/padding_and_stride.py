"""What padding and stride do to the equivalence, measured on photos: two tables and a plot.

python scripts/bench/padding_and_stride.py data/penn_fudan/images/PennPed00008.jpg \
    [-m trained-resnet18.safetensors] --plot docs/images/padding-gap.png
"""

import statistics
import time
from pathlib import Path

import click
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from fcn_detect import to_fully_convolutional
from fcn_detect.backends.torch_backend import untrained
from fcn_detect.images import read_image
from fcn_detect.nets import Normalize, build_net, load_model

CROP_HW = (128, 64)


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("-m", "--model", type=click.Path(path_type=Path), help="A trained resnet18.")
@click.option("--plot", type=click.Path(path_type=Path), help="Where the decay is drawn.")
def main(photo: Path, model: Path | None, plot: Path | None) -> None:
    image = torch.from_numpy(read_image(photo).pixels.copy()).permute(2, 0, 1)[None].float()
    torch.manual_seed(0)
    print_stride(image)
    print_padding(image[..., :288, :256])
    if plot is not None:
        draw_decay(image, model, plot)


@torch.no_grad()
def print_stride(image: Tensor) -> None:
    """The same net at finer strides, and its map of a photo that was moved by a few pixels."""
    classifier = build_net("valid-medium", CROP_HW, 1).eval()
    own = to_fully_convolutional(classifier, CROP_HW)
    print("| stride | windows | from the classifier | time |\n|---|---|---|---|")
    for stride in (8, 4, 2, 1):
        fcn = to_fully_convolutional(classifier, CROP_HW, stride)
        logits = fcn(image)
        ratio = statistics.median(seconds(fcn, image) / seconds(own, image) for _ in range(5))
        difference = sampled_difference(classifier, fcn, image)
        print(f"| {stride} | {logits[0, 0].numel()} | {difference:.1e} | {ratio:.2f} |")
    scale = own(image).std()
    print("\n| photo moved by | map of stride 8, from its unmoved one, in deviations |")
    print("|---|---|")
    for pixels in range(9):
        print(f"| {pixels} px | {moved_difference(own, image, pixels) / scale:.1e} |")


def moved_difference(fcn: nn.Module, image: Tensor, pixels: int) -> float:
    """Largest difference between the map and that of the photo without its first columns.

    The moved map's cell is compared with the one whose window begins nearest to the same place.
    """
    cells = round(pixels / fcn.stride_hw[1])
    moved, still = fcn(image[..., pixels:]), fcn(image)[..., cells:]
    columns = min(moved.shape[3], still.shape[3])
    return float((moved[..., :columns] - still[..., :columns]).abs().max())


def sampled_difference(classifier: nn.Module, fcn: nn.Module, image: Tensor) -> float:
    """Largest difference from the classifier on 500 windows of the map."""
    logits, (height, width) = fcn(image)[0, 0], CROP_HW
    cells = torch.randint(logits.numel(), (500,))
    rows, columns = cells // logits.shape[1], cells % logits.shape[1]
    windows = [
        image[0, :, y : y + height, x : x + width]
        for y, x in zip(rows * fcn.stride_hw[0], columns * fcn.stride_hw[1], strict=True)
    ]
    return float((classifier(torch.stack(windows))[:, 0] - logits[rows, columns]).abs().max())


def seconds(fcn: nn.Module, image: Tensor) -> float:
    start = time.perf_counter()
    fcn(image)
    return time.perf_counter() - start


def padded_net(padding: int, mode: str = "zeros") -> nn.Sequential:
    """Four convolutions of 3×3, halved twice; the same weights whatever the padding."""
    torch.manual_seed(1)
    layers: list[nn.Module] = [Normalize()]
    for inputs, outputs in ((3, 16), (16, 16), (16, 16), (16, 16)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=padding, padding_mode=mode), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if len(layers) in (5, 10) else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d((4, 2)), nn.Flatten(), nn.Linear(128, 1))


@torch.no_grad()
def print_padding(image: Tensor) -> None:
    """One net under four paddings: the map against the classifier on every window."""
    print("\n| padding of each convolution | exact | windows | mean gap | largest gap | flipped |")
    print("|---|---|---|---|---|---|")
    for name, net in {
        "none": padded_net(0),
        "1, zeros": padded_net(1),
        "1, edge repeated": padded_net(1, "replicate"),
        "1, mirrored": padded_net(1, "reflect"),
    }.items():
        net.double().eval()
        fcn = to_fully_convolutional(net, CROP_HW)
        logits = fcn(image.double())
        windows = image.double().unfold(2, 128, fcn.stride_hw[0]).unfold(3, 64, fcn.stride_hw[1])
        windows = windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        oracle = torch.cat([net(batch) for batch in windows.split(128)]).view_as(logits)
        middle, scale = oracle.mean(), oracle.std()
        gap = (logits - oracle).abs() / scale
        flipped = ((logits > middle) != (oracle > middle)) & (gap > 1e-4)
        print(
            f"| {name} | {'yes' if fcn.exact else 'no'} | {logits.numel()} | {gap.mean():.1e} "
            f"| {gap.max():.1e} | {int(flipped.sum())} |"
        )


def draw_decay(image: Tensor, model: Path | None, path: Path) -> None:
    """The gap of single units against their distance to the window's border, as a picture."""
    resnet = load_model(model)[1] if model else untrained("torchvision:resnet18", CROP_HW)[1]
    trained = "trained" if model else "random weights"
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    print("\n| layer | stride | gap by distance to the border, px: gap |\n|---|---|---|")
    for name in ("1.maxpool", "1.layer1", "1.layer2", "1.layer3"):
        distances, gaps, stride = unit_gaps(resnet.eval(), name, image)
        axes.plot(distances, np.maximum(gaps, 1e-8), "o-", label=f"{name[2:]}, stride {stride}")
        line = ", ".join(f"{d:g}: {g:.0e}" for d, g in zip(distances, gaps, strict=True))
        print(f"| {name[2:]} | {stride} | {line} |")
    axes.set(yscale="log", xlabel="distance of a unit to the window's border, px")
    axes.set(ylabel="mean |map - crop| / mean |crop|", title=f"resnet18, {trained}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


@torch.no_grad()
def unit_gaps(net: nn.Module, name: str, image: Tensor) -> tuple[list[float], list[float], int]:
    """Mean relative gap of the units of one layer, by distance to the border of the window."""
    kept: dict[str, Tensor] = {}
    hook = net.get_submodule(name).register_forward_hook(lambda *a: kept.update(map=a[2]))
    height, width = (side // 32 * 32 for side in image.shape[2:])
    net(image[:, :, :height, :width])
    whole = kept["map"]
    windows = image.unfold(2, 128, 32).unfold(3, 64, 32)[:, :, 1:-1, 1:-1]
    rows, columns = windows.shape[2:4]
    net(windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2))
    hook.remove()
    single, stride = kept["map"], height // whole.shape[2]
    units_h, units_w = single.shape[2:]
    inside = whole[:, :, 32 // stride :, 32 // stride :]
    inside = inside.unfold(2, units_h, 32 // stride).unfold(3, units_w, 32 // stride)
    inside = inside[:, :, :rows, :columns].permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
    gap = (inside - single).abs().mean((0, 1)) / single.abs().mean()
    y, x = torch.arange(units_h)[:, None], torch.arange(units_w)
    steps = torch.minimum(torch.minimum(y, units_h - 1 - y), torch.minimum(x, units_w - 1 - x))
    found = sorted(set(steps.flatten().tolist()))
    gaps = [float(gap[steps == step].mean()) for step in found]
    return [(step + 0.5) * stride for step in found], gaps, stride


if __name__ == "__main__":
    main()
