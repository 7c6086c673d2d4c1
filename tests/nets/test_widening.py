"""Widened nets are equal nets, and hold no convolution that 8-bit code is known to get wrong."""

import pytest
import torch
from torch import nn

from fcn_detect.nets import build_net, fold_normalisations, to_fully_convolutional
from fcn_detect.nets.widening import widen_for_int8


def channels(fcn):
    return [m.in_channels for m in fcn.modules() if isinstance(m, nn.Conv2d)]


@torch.no_grad()
@pytest.mark.parametrize(
    "net, crop_hw, before, after",
    [
        ("valid-half", (56, 28), [3, 16, 16, 40, 48, 24, 64], [3, 16, 16, 40, 48, 32, 64]),
        ("valid-half", (64, 32), [3, 16, 16, 40, 48, 24, 64], [3, 16, 16, 40, 48, 24, 64]),
        ("valid-large", (112, 56), [3, 24, 32, 64, 64, 96, 96], [3, 24, 32, 64, 64, 96, 96]),
    ],
)
def test_only_tall_kernels_on_few_channels_are_widened(
    randomised, difference, net, crop_hw, before, after
):
    classifier = randomised(build_net(net, crop_hw, 2).double())
    fcn = fold_normalisations(to_fully_convolutional(classifier, crop_hw))
    widened = widen_for_int8(fcn)
    assert (channels(fcn), channels(widened)) == (before, after)
    images = torch.rand(1, 3, 130, 90, dtype=torch.float64) * 255
    assert difference(widened(images), fcn(images)) <= 1e-12


@torch.no_grad()
def test_what_else_uses_the_narrow_map_is_left_as_it_is(written):
    classifier = written(
        lambda net, x: net.logits(net.tall(y := net.narrow(x)).flatten(1) + y[:, :, :1].flatten(1)),
        crop_hw=(8, 1),
        narrow=nn.Conv2d(3, 16, 1),
        tall=nn.Conv2d(16, 16, (8, 1)),
        logits=nn.LazyLinear(2),
    )
    fcn = to_fully_convolutional(classifier, (8, 1))
    assert channels(widen_for_int8(fcn)) == channels(fcn)
