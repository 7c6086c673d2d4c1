"""Nets that earlier versions of the conversion got wrong, refused or made slow."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = [
    pytest.mark.filterwarnings("ignore:Lazy modules"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths"),
]

EXACT = {
    # Filled with float64 weights while they were still float32: 7 digits were left.
    "norms behind a dense layer": lambda net, x: net.batch(net.layer(net.wide(x.flatten(1)))),
    # Both are arranged as 3 channels, one of them on a map of 4: refused.
    "the first channels and a map of as many": lambda net, x: (
        x[:, :3] + net.narrow(x)
    ),
    # The same with one channel: broadcast over all 4.
    "the first channel and a map of one": lambda net, x: x[:, :1] + net.gate(x),
    # torch.var took the True for `unbiased`, and gave no channel axis.
    "variance of the channels": lambda _, x: x.var(1, False),
    # A tensor of one number was written into the graph's code.
    "a learned number": lambda net, x: x * net.number - net.number,
    # After PReLU a vector was a map of 1x1, whose last axis is not the classes.
    "softmax of the last axis behind PReLU": lambda net, x: net.slope(x.amax((2, 3))).softmax(-1),
    # After GroupNorm a map of 1x1 was a vector, which has no axes 2 and 3.
    "means behind GroupNorm": lambda net, x: net.group(x.mean((2, 3), True)).mean((2, 3)),
    # The logarithm was also taken of channels that are not used; a weight of 0 times NaN is NaN.
    "what is not used is not a number": lambda _, x: torch.cat([x.exp(), -x.exp()], 1)[:, :4].log(),
    # The same for rows.
    "rows that are not used": lambda _, x: F.pad(x.exp(), (0, 0, 0, -2)).log(),
    # Joined before the slice was cut: maps of 5x5 and 3x3 units.
    "a cropped skip that is concatenated": lambda _, x: torch.cat(
        [x[:, :, 1:-1, 1:-1], F.max_pool2d(x, 3, 1)], 1
    ),
    # The weights, spread by a size of the batch, were taken for something made from pixels.
    "weights expanded to the batch": lambda net, x: x * net.scale.expand(x.size(0), 4, 1, 1),
    # Halves of a flattened map have no axis of channels.
    "halves, flattened": lambda _, x: x[:, :2].flatten(1) * x[:, 2:].flatten(1),
    # Gates of which each one is read by all channels of a channels-last map.
    "a gate, channels last": lambda net, x: (
        x.permute(0, 2, 3, 1) * net.gate(x).permute(0, 2, 3, 1)
    ),
    # GeM pooling: a power that is a tensor, and its reciprocal.
    "a learned power": lambda net, x: F.avg_pool2d(
        x.clamp(min=1e-3).pow(net.number), x.shape[2:]
    ).pow(1.0 / net.number),
}  # fmt: skip

PADDED = {
    # Dilated, "same" puts half of an odd number of places before the map, the classifier none.
    "an even kernel with padding same": lambda net, x: net.even(x),
    # Padded by more than half of the dilated kernel, which torch refuses when it runs.
    "a padded max pooling of two": lambda _, x: F.max_pool2d(x, 2, 1, 1),
    # Cut and padded at once: refused.
    "a padding that also cuts": lambda _, x: F.pad(x, (1, -1, -2, 1)),
}


def _layers():
    return {
        "trunk": nn.Conv2d(3, 4, 3, 2), "wide": nn.Linear(100, 6), "layer": nn.LayerNorm(6),
        "batch": nn.BatchNorm1d(6), "narrow": nn.Conv2d(4, 3, 1), "gate": nn.Conv2d(4, 1, 1),
        "even": nn.Conv2d(4, 4, (2, 4), padding="same", dilation=(3, 1)), "slope": nn.PReLU(4),
        "group": nn.GroupNorm(2, 4), "number": torch.ones(1), "scale": torch.ones(4, 1, 1),
        "dense": nn.LazyLinear(2),
    }  # fmt: skip


@pytest.mark.parametrize("function", EXACT.values(), ids=list(EXACT))
def test_every_cell_is_the_classifier_on_its_window(check_written, function):
    check_written(lambda net, x: net.dense(function(net, net.trunk(x)).flatten(1)), **_layers())


@pytest.mark.parametrize("function", PADDED.values(), ids=list(PADDED))
def test_a_padded_net_is_the_classifier_on_a_crop_at_any_stride(check_written, function):
    check_written(
        lambda net, x: net.dense(function(net, net.trunk(x)).flatten(1)), exact=False, **_layers()
    )


def test_the_window_is_closed_by_both_axes_of_a_mean_at_once(check_written):
    """First the columns were pooled, so that a window was said to have 5x1 units."""
    fcn = check_written(lambda net, x: net.dense(net.trunk(x).mean((2, 3))), **_layers())
    assert fcn.units_hw == (5, 5)


def test_even_bins_before_a_dense_layer_cost_no_more_than_in_the_classifier(
    written, check, multiply_adds
):
    """Folded into the dense layer, each weight was spread over all units of its bin."""
    classifier = written(
        lambda net, x: net.dense(F.adaptive_avg_pool2d(net.trunk(x), 3).flatten(1)),
        (14, 14),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.Linear(36, 50),
    )
    fcn = check(classifier, (14, 14))
    assert multiply_adds(fcn, (14, 14)) == multiply_adds(classifier, (14, 14))
