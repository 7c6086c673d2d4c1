"""Layers that look at a whole batch, for processes that have a share of it each.

Batch norm takes its mean and variance over the batch, and dropout draws random numbers for it in
one go. In these forms both give a share what they would give its rows in the whole batch.
"""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from torchvision.ops import StochasticDepth

from fcn_detect.errors import SettingsError
from fcn_detect.train.group import Group

# Layers with random numbers of their own while training.
DRAWING = (_DropoutNd, StochasticDepth)


def with_whole_batch(net: nn.Module, group: Group, rows: slice, batch_size: int) -> nn.Module:
    """A copy of a net, with the same names of its weights, whose layers see the whole batch.

    Args:
        net: to be trained.
        group: of the processes that train it.
        rows: of the batch, that this process has.
        batch_size: rows of all processes.

    Raises:
        SettingsError: a layer draws random numbers in a way that no share of a batch can follow.
    """
    copy = deepcopy(net)
    for name, module in list(copy.named_modules()):
        form: nn.Module
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            form = WholeBatchNorm(module, group.total)
        elif isinstance(module, nn.Dropout):
            form = WholeBatchDropout(module.p, rows, batch_size)
        elif isinstance(module, DRAWING):
            raise SettingsError(
                f"--devices: layer '{name}' draws random numbers for whole batches "
                f"({type(module).__name__}); train this net with one process"
            )
        else:
            continue
        parent, _, own_name = name.rpartition(".")
        setattr(copy.get_submodule(parent), own_name, form)
    return copy


class WholeBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm whose mean and variance are those of all processes' rows.

    torch's own `SyncBatchNorm` is for GPUs alone.

    Args:
        norm: whose weights and running values it goes on with.
        total: the sum of a tensor over all processes, differentiable.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, total: Callable[[Tensor], Tensor]):
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine)
        self.total = total
        self.load_state_dict(norm.state_dict())
        self.to(norm.running_mean)

    def _check_input_dim(self, _: Tensor) -> None:
        """Both `(n, c)` and `(n, c, h, w)` will do."""

    def forward(self, values: Tensor) -> Tensor:
        """Normalises `(n, c, ...)`, by the running values where the net is not being trained."""
        if not self.training:
            return super().forward(values)
        assert self.momentum is not None
        exact = values if values.dtype == torch.float64 else values.float()
        over = [0, *range(2, values.ndim)]
        shape = [1, -1, *[1] * (values.ndim - 2)]
        count = exact.new_tensor([values.numel() / values.shape[1]])
        sums = self.total(torch.cat([exact.sum(over), count]))
        n = float(sums[-1].detach())
        mean = sums[:-1] / n
        centred = exact - mean.view(shape)
        variance = self.total((centred * centred).sum(over)) / n
        with torch.no_grad():
            self.get_buffer("running_mean").lerp_(mean, self.momentum)
            self.get_buffer("running_var").lerp_(variance * n / max(1, n - 1), self.momentum)
            self.get_buffer("num_batches_tracked").add_(1)
        scale = torch.rsqrt(variance + self.eps) * self.weight
        return (centred * scale.view(shape) + self.bias.view(shape)).to(values.dtype)


class WholeBatchDropout(nn.Module):
    """Dropout that draws for the whole batch, as one process would, and takes its own rows.

    Args:
        p: share of the values set to zero.
        rows: of the batch, that this process has.
        batch_size: rows of all processes.
    """

    def __init__(self, p: float, rows: slice, batch_size: int) -> None:
        super().__init__()
        self.p, self.rows, self.batch_size = p, rows, batch_size

    def forward(self, values: Tensor) -> Tensor:
        """Sets a share of `(n, ...)` to zero while training."""
        if not self.training:
            return values
        whole = values.new_empty(self.batch_size, *values.shape[1:])
        return values * (whole.bernoulli_(1 - self.p)[self.rows] / (1 - self.p))
