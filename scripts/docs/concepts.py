"""Draws the pictures of docs/concepts.md: every panel is what the software computes.

    python scripts/docs/concepts.py

It renders crops and trains a small dress detector in runs/docs (less than a minute of one core;
kept for the next start), and draws into docs/images.
"""

import io
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor, nn

from fcn_detect import to_fully_convolutional
from fcn_detect.config import DetectSettings, read_settings
from fcn_detect.detect import level_plan
from fcn_detect.detect.dense import pyramid_passes
from fcn_detect.geometry import plan_pyramid
from fcn_detect.headers import read_header
from fcn_detect.images import Halves, paint_passes
from fcn_detect.nets import Normalize, load_model
from fcn_detect.scenes import render_scene, write_crops
from fcn_detect.train import TrainingJob, train

CROP_HW = (128, 64)
SETTINGS: dict[str, dict[str, Any]] = {
    "model": {"net": "valid-small", "object_box": [7.5, 16, 56.5, 112]},
    "train": {"epochs": 8, "batch_size": 64},
}
ORANGE, BLUE = "#d9541e", "#2a6fb0"


@click.command()
@click.option("--work", type=click.Path(path_type=Path), default=Path("runs/docs"))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("docs/images"))
def main(work: Path, output: Path) -> None:
    model = work / "dress.safetensors"
    if not model.exists():
        write_crops(work / "crops", np.random.default_rng(1), per_class=200)
        train(TrainingJob(work / "crops", model, read_settings(None, SETTINGS)), say=click.echo)
    scene = render_scene(np.random.default_rng(11), (320, 448), 3, (90, 130))
    fits = np.argmin(np.abs(scene.boxes[:, 3] - scene.boxes[:, 1] - 96))
    box = scene.boxes[fits]  # as tall as a dress is in a crop
    figures = {
        "concept-dense": draw_dense(model, scene.image, box),
        "concept-cell": draw_cell(model, scene.image, box),
        "concept-padding": draw_padding(scene.image[:240, :288]),
        "concept-pyramid": draw_pyramid(model),
    }
    for name, figure in figures.items():
        save(figure, output / f"{name}.png")


def save(figure: Figure, path: Path) -> None:
    """As a PNG of 192 colours, a third of the size of one of all."""
    whole = io.BytesIO()
    figure.savefig(whole, dpi=100, bbox_inches="tight")
    Image.open(whole).convert("RGB").quantize(192).save(path, optimize=True)
    click.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


@torch.no_grad()
def draw_dense(model: Path, image: Any, box: Any) -> Figure:
    """A dense layer on a crop's feature map, and the same weights as a kernel on a photo's."""
    _, classifier = load_model(model)
    classifier.eval()
    flatten = next(i for i, m in enumerate(classifier) if isinstance(m, nn.Flatten))
    dense = next(m for m in classifier[flatten:] if isinstance(m, nn.Linear))
    trunk, fcn = classifier[:flatten], to_fully_convolutional(classifier, CROP_HW)
    photo = as_tensor(image)
    (stride, _), (units_h, units_w) = fcn.stride_hw, fcn.units_hw
    row, col = window_on(box, stride, photo)
    y, x = row * stride, col * stride
    crop = photo[..., y : y + 128, x : x + 64]
    own, whole, scores = trunk(crop)[0], trunk(photo)[0], fcn(photo)[0, 0]
    weights = dense.weight.view(len(dense.weight), -1, units_h, units_w)
    unit = int(weights.abs().sum((1, 2, 3)).argmax())
    channel = int((weights[unit] * own).abs().sum((1, 2)).argmax())
    kernel, score = weights[unit, channel], float(classifier(crop)[0, 0])

    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    panels = figure.subplots(2, 4, width_ratios=[1.4, 1.4, 0.6, 1.4])
    high = float(whole[channel].max())
    small = {"cmap": "gray", "vmin": 0, "vmax": high}
    weight = {
        "cmap": "RdBu_r",
        "vmin": -float(kernel.abs().max()),
        "vmax": float(kernel.abs().max()),
    }
    show(panels[0, 0], image[y : y + 128, x : x + 64], "crop, 64x128 px")
    show(panels[0, 1], own[channel], f"its feature map: {units_w}x{units_h} units", **small)
    show(panels[0, 2], kernel, f"weights of a\ndense layer: {units_w}x{units_h}", **weight)
    panels[0, 3].axis("off")
    panels[0, 3].text(0.5, 0.5, f"logit {score:.4f}", ha="center", fontsize=15, color=ORANGE)
    show(panels[1, 0], image, f"photo, {image.shape[1]}x{image.shape[0]} px")
    frame(panels[1, 0], x, y, 64, 128)
    rows, cols = whole.shape[1:]
    show(panels[1, 1], whole[channel], f"its feature map: {cols}x{rows} units", **small)
    frame(panels[1, 1], col - 0.5, row - 0.5, units_w, units_h)
    show(panels[1, 2], kernel, "the same weights,\na kernel that slides", **weight)
    show(panels[1, 3], scores, f"score map: {scores.shape[1]}x{scores.shape[0]} logits")
    frame(panels[1, 3], col - 0.5, row - 0.5, 1, 1)
    found = float(scores[row, col])
    panels[1, 3].set_xlabel(f"logit of this window: {found:.4f}", fontsize=11, color=ORANGE)
    click.echo(f"dense layer {score:.6f}, convolution {found:.6f}: {abs(score - found):.0e} apart")
    return figure


@torch.no_grad()
def draw_cell(model: Path, image: Any, box: Any) -> Figure:
    """Two neighbouring cells, their windows in the photo, and the object box inside one."""
    header, classifier = load_model(model)
    fcn = to_fully_convolutional(classifier, CROP_HW)
    scores = torch.sigmoid(fcn(as_tensor(image)))[0, 0]
    stride = fcn.stride_hw[0]
    row, col = window_on(box, stride, as_tensor(image))
    figure = Figure(figsize=(9.6, 4.1), layout="constrained")
    photo, grid = figure.subplots(1, 2, width_ratios=[1.25, 1])
    show(photo, image, "photo: windows of 64x128 px")
    for shift, colour in ((4, BLUE), (0, ORANGE)):
        frame(photo, (col + shift) * stride, row * stride, 64, 128, colour)
        frame(grid, col + shift - 0.5, row - 0.5, 1, 1, colour)
    x0, y0, x1, y1 = header.object_box
    frame(photo, col * stride + x0, row * stride + y0, x1 - x0, y1 - y0, ORANGE, style=":")
    rows, cols = scores.shape
    show(grid, scores, f"score map: {cols}x{rows} cells", cmap="gray", vmin=0, vmax=1)
    grid.set_xlabel(f"one cell to the right is {stride} px to the right")
    return figure


@torch.no_grad()
def draw_padding(image: Any) -> Figure:
    """How far the map lies from the classifier on every window, without and with padding."""
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    panels = figure.subplots(1, 2)
    photo = as_tensor(image).double()
    for panel, padding in zip(panels, (0, 1), strict=True):
        net = four_convolutions(padding).double().eval()
        fcn = to_fully_convolutional(net, CROP_HW)
        scores = fcn(photo)
        windows = photo.unfold(2, 128, fcn.stride_hw[0]).unfold(3, 64, fcn.stride_hw[1])
        windows = windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        alone = torch.cat([net(batch) for batch in windows.split(256)]).view_as(scores)
        gap = ((scores - alone).abs() / alone.std())[0, 0]
        name = "padded with zeros" if padding else "no padding"
        title = (
            f"{name}: largest gap {float(gap.max()):.0e}"
            if not padding
            else (f"{name}: largest gap {float(gap.max()):.2f}")
        )
        drawn = show(panel, gap.clamp(min=1e-16).log10(), title, cmap="magma", vmin=-16, vmax=0)
        click.echo(f"{name}: {gap.numel()} windows, mean gap {float(gap.mean()):.1e}, {title}")
    bar = figure.colorbar(drawn, ax=panels, shrink=0.8, ticks=[-16, -12, -8, -4, 0])
    bar.ax.set_yticklabels(["1e-16", "1e-12", "1e-8", "1e-4", "1"])
    bar.set_label("|map - classifier|, in deviations of the scores")
    return figure


def four_convolutions(padding: int) -> nn.Sequential:
    """The net of scripts/bench/padding_and_stride.py: the same weights whatever the padding."""
    torch.manual_seed(1)
    layers: list[nn.Module] = [Normalize()]
    for inputs, outputs in ((3, 16), (16, 16), (16, 16), (16, 16)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=padding), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if len(layers) in (5, 10) else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d((4, 2)), nn.Flatten(), nn.Linear(128, 1))


def draw_pyramid(model: Path) -> Figure:
    """A photo's pyramid on its canvas, and on which level, in which window, each dress lies."""
    scene = render_scene(np.random.default_rng(23), (400, 560), 4, (60, 240))
    header = read_header(model)
    plan = level_plan(header, DetectSettings(min_height=60))
    levels = plan_pyramid(scene.image.shape[:2], plan)
    passes = pyramid_passes(levels, header.stride_hw)
    (canvas,) = paint_passes(Halves(scene.image), levels, passes)
    corners = dict(zip(passes[0].pieces, passes[0].canvas.corners_yx, strict=True))
    figure = Figure(figsize=(8.2, 3.9), layout="constrained")
    photo, packed = figure.subplots(1, 2, width_ratios=[1, 1.05])
    show(photo, scene.image, "each dress fills a window of one level")
    show(packed, canvas, f"its {len(levels)} levels on one canvas")
    packed.set_xlabel("every window is 64x128 px here", color=ORANGE)
    for i, (top, left) in corners.items():
        frame(packed, left, top, *levels[i].size_hw[::-1], colour="white", line=0.6)
    for box in scene.boxes:
        height = box[3] - box[1]
        i = min(range(len(levels)), key=lambda i: abs(levels[i].scale * height - 96))
        grid = levels[i].grid(header.crop_hw, header.stride_hw)
        middle = np.array([box[1] + box[3], box[0] + box[2]]) / 2 * grid.scale
        cell = (middle - grid.origin_xy[::-1] - np.array(CROP_HW) / 2) / header.stride_hw
        row, col = np.clip(np.round(cell), 0, np.array(grid.size_hw) - 1).astype(int)
        x0, y0, x1, y1 = grid.windows_xyxy(np.array([row]), np.array([col]))[0]
        frame(photo, x0, y0, x1 - x0, y1 - y0)
        top, left = np.array(corners[i]) + np.array([row, col]) * header.stride_hw
        frame(packed, left, top, 64, 128)
    return figure


def as_tensor(image: Any) -> Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()


def window_on(box: Any, stride: int, photo: Tensor) -> tuple[int, int]:
    """Row and column of the window whose middle is nearest to a box's."""
    x, y = (box[0] + box[2]) / 2 - 32, (box[1] + box[3]) / 2 - 64
    last_row, last_col = (
        (side - crop) // stride for side, crop in zip(photo.shape[2:], CROP_HW, strict=True)
    )
    row, col = round(float(y) / stride), round(float(x) / stride)
    return min(max(row, 0), last_row), min(max(col, 0), last_col)


def show(axes: Any, picture: Any, title: str, **how: Any) -> Any:
    axes.set_title(title, fontsize=11)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes.imshow(picture, interpolation="nearest", **how)


def frame(
    axes: Any,
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str = ORANGE,
    line: float = 2.0,
    style: str = "-",
) -> None:
    axes.add_patch(Rectangle((x, y), width, height, fill=False, ec=colour, lw=line, ls=style))


if __name__ == "__main__":
    main()
