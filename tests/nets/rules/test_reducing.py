"""Means, sums and maxima of places and of channels, in every spelling."""

import pytest
import torch
from torch import nn

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.mean([2, 3]),
        lambda x: x.mean((-1, -2)),
        lambda x: x.mean((2, 3), keepdim=True),
        lambda x: torch.mean(x, dim=(2, 3)),
        lambda x: x.mean(3).mean(2),
        lambda x: x.mean(2, True).mean(3, True),
        lambda x: x.flatten(2).mean(-1),
        lambda x: x.view(x.size(0), x.size(1), -1).mean(2),
        lambda x: x.permute(0, 2, 3, 1).mean((1, 2)),
        lambda x: x.flatten(2).transpose(1, 2).mean(1),
        lambda x: x.sum((2, 3)),
        lambda x: x.sum(dim=-1).sum(-1),
        lambda x: x.amax((2, 3)),
        lambda x: x.amax(3),
        lambda x: x.max(3)[0].max(2).values,
        lambda x: torch.max(x.flatten(2), -1, keepdim=True)[0],
        lambda x: x.mean(3),
        lambda x: x.sum(2, keepdim=True),
        lambda x: x[:, :, 1:-1, ::2].mean((2, 3)),
        lambda x: x[:, 1:, :-1].flatten(2).mean(-1),
        lambda x: x.clamp(min=0.1).pow(3).mean((2, 3)).pow(1 / 3),
    ],
)
def test_every_spelling_of_a_global_or_a_rows_pooling_converts(check_written, pool):
    check_written(
        lambda net, x: net.dense(torch.tanh(pool(net.trunk(x))).flatten(1)),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.LazyLinear(3),
    )


@pytest.mark.parametrize(
    "reduce",
    [
        lambda x: x.mean(1),
        lambda x: x.sum(1, keepdim=True),
        lambda x: x.amax(1),
        lambda x: x.amin(1, True),
        lambda x: x.max(1, keepdim=True)[0],
        lambda x: torch.maximum(x.max(1)[0], x[:, 0]),
        lambda x: torch.max(x, x.flip(1)),
        lambda x: x.logsumexp(1),
        lambda x: x.var(1),
        lambda x: x.var(1, False),
        lambda x: x.std(dim=1, unbiased=False, keepdim=True),
        lambda x: torch.var(x, 1, correction=0),
        lambda x: x.permute(0, 2, 3, 1).mean(-1),
        lambda x: x[:, 1:3].mean(1),
        lambda x: x / x.sum(1, keepdim=True),
        lambda x: x.mean((1, 2, 3), keepdim=True),
    ],
)
def test_what_is_taken_over_the_channels_of_a_place_converts(check_written, reduce):
    check_written(
        lambda net, x: net.dense(reduce(net.trunk(x).exp()).flatten(1)),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.LazyLinear(3),
    )


def test_the_window_is_closed_by_one_pooling_of_all_its_units(check_written):
    fcn = check_written(
        lambda net, x: net.dense(net.trunk(x).mean((2, 3))),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.LazyLinear(3),
    )
    assert fcn.units_hw == (5, 5)
