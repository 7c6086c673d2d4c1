"""What each process of a group does in tests; new processes import it by its name."""

import os

import numpy as np
import torch
from torch import nn

from fcn_detect.config import AugmentSettings, ModelSettings, TrainSettings
from fcn_detect.nets import build_net
from fcn_detect.train.augment import Augmentation
from fcn_detect.train.crop_set import CropSet
from fcn_detect.train.group import Group
from fcn_detect.train.loop import Trainer
from fcn_detect.train.whole_batch import with_whole_batch

ROWS = 11


def small_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(5 * 4 * 6, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2),
    )  # fmt: skip


def one_step(group: Group, folder: str, size: int) -> None:
    """Loss, gradients and running values of one batch; written by each process."""
    torch.manual_seed(7)
    net = small_net().double()
    batch = torch.randn(ROWS, 3, 6, 8, dtype=torch.float64)
    rows = slice(*(ROWS * r // size for r in (group.rank, group.rank + 1)))
    if size > 1:
        net = with_whole_batch(net, group, rows, ROWS)
    torch.manual_seed(8)
    loss = net(batch[rows]).square().sum()
    loss.backward()
    gradients = [group.total(p.grad) for p in net.parameters()]
    values = [group.total(loss.detach()), *gradients, *net.buffers()]
    np.savez(f"{folder}/{size}-{group.rank}.npz", *[v.numpy() for v in values])
    group.from_all(None)  # nobody leaves before all have written


class InDouble(nn.Module):
    """A net in double precision: its losses are in single, and differ in their last digit."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.double()

    def forward(self, images: torch.Tensor) -> "torch.Tensor":
        return self.net(images.double())


def trainer(group: Group, batch_size: int) -> Trainer:
    """Of people, halves of them as background, and box offsets, in double precision."""
    torch.manual_seed(0)
    model = ModelSettings(net="valid-half", crop=(64, 32), window=(56, 28))
    crops = np.random.default_rng(0).integers(0, 256, (150, 64, 32, 3), dtype=np.uint8)
    augment = Augmentation(AugmentSettings(), model, (6.0, 4.0, 22.0, 52.0))
    settings = TrainSettings(batch_size=batch_size)
    crops = CropSet(crops, np.arange(150) % 2, [""] * 150)
    net = InDouble(build_net("valid-half", (56, 28), 4))
    return Trainer(net, settings, augment, 0, 2, crops, 1, group=group)


def two_epochs(group: Group, folder: str) -> None:
    own = trainer(group, 40)
    done: list[float] = []
    for _ in range(2):
        own.run_epoch(lambda _step, _steps, loss: done.append(loss))
    values = [torch.tensor(done), *own.average.module.state_dict().values()]
    np.savez(f"{folder}/{group.size}-{group.rank}.npz", *[v.numpy() for v in values])
    group.from_all(None)


def dies(group: Group) -> None:
    group.from_first(None)
    os._exit(5)
