"""The processes of one training: each takes a share of every batch, and all end as one would.

A group of one is the plain case: nothing is sent, and nothing waits.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch import distributed as dist

T = TypeVar("T")

# The others wait while the first one validates, calibrates and draws.
PATIENCE = timedelta(hours=1)


class Group:
    """Who takes part in a training.

    Attributes:
        rank: number of this process, from 0 on; the first one says, saves and draws.
        size: how many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    def own(self, items: Sequence[T]) -> Sequence[T]:
        """This process's share of a list: neighbours, so that all shares in turn are the list."""
        n = len(items)
        return items[n * self.rank // self.size : n * (self.rank + 1) // self.size]

    def from_first(self, value: T | None) -> T:
        """What the first process has; the others' own values are not looked at."""
        values = [value]
        if self.size > 1:
            dist.broadcast_object_list(values)
        return cast(T, values[0])

    def from_all(self, value: T) -> list[T]:
        """What each process has, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, of which gradients flow back to each of them."""
        return values if self.size == 1 else _Total.apply(values)

    def weight(self, count: int, device: torch.device) -> float:
        """What turns a mean over `count` things here into this process's part of the mean over all.

        The mean of the weighted means, over all processes, is the mean over all their things.
        """
        if self.size == 1:
            return 1.0
        everywhere = float(self.total(torch.tensor(float(count), device=device)))
        return count * self.size / max(1.0, everywhere)

    def mean(self, value: Tensor) -> float:
        """The mean of a number over all processes."""
        return float(self.total(value.detach())) / self.size


class _Total(torch.autograd.Function):
    """The sum of a tensor over all processes; backwards, the sum of what each wants changed."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def join(rank: int, size: int, local_rank: int, store: Any = None) -> Group:
    """Enters a group of processes; returns when all are there.

    Args:
        rank: number of this process.
        size: how many there are.
        local_rank: number among those of this machine, which is also that of its GPU.
        store: of torch.distributed, where they meet; None: where torchrun has said.
    """
    on_gpus = torch.cuda.is_available()
    if on_gpus:
        torch.cuda.set_device(local_rank)
    backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    return Group(rank, size)
