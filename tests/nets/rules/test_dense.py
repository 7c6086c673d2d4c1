"""Dense layers over windows and over channels, and the heads of a classifier."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


@pytest.mark.parametrize("crop_hw", [(3, 3), (4, 3), (7, 12), (13, 8)])
@pytest.mark.parametrize("bias", [True, False])
def test_dense_layers_after_a_map_of_any_size_convert(check_written, crop_hw, bias):
    check_written(
        lambda net, x: net.logits(F.relu(net.hidden(net.trunk(x).flatten(1)))),
        crop_hw,
        trunk=nn.Conv2d(3, 4, 3, 2),
        hidden=nn.LazyLinear(5, bias=bias),
        logits=nn.LazyLinear(2, bias=bias),
    )


def test_a_product_with_a_matrix_is_a_dense_layer(check_written):
    check_written(
        lambda net, x: net.trunk(x).flatten(1) @ net.hidden @ net.logits,
        trunk=nn.Conv2d(3, 4, 3, 2),
        hidden=torch.zeros(100, 5),
        logits=torch.zeros(5, 2),
    )


@pytest.mark.parametrize(
    "per_place",
    [
        lambda net, x: net.dense(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
        lambda net, x: net.dense(x.permute(0, 2, 3, 1)),
        lambda net, x: net.dense(x.flatten(2).transpose(1, 2)),
        lambda net, x: net.dense(x.transpose(1, 3)[..., :, 1:, :]),
    ],
)
def test_a_dense_layer_on_the_channels_of_each_place_converts(check_written, per_place):
    check_written(
        lambda net, x: net.logits(torch.relu(per_place(net, net.trunk(x))).flatten(1)),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.Linear(4, 6),
        logits=nn.LazyLinear(2),
    )


def _heads(net, x):
    x = torch.relu(net.trunk(x))
    return net.a(x.flatten(1)), net.b(x.mean((2, 3)))


def _heads_of_two_depths(net, x):
    """Windows of the first lie 2 apart, of the second 4."""
    x = net.trunk(x)
    return net.a(x.flatten(1)), net.b(net.deeper(x).amax((2, 3)))


@pytest.mark.parametrize(
    "forward, stride",
    [
        (_heads, 2),
        (lambda net, x: list(_heads(net, x)), 2),
        (lambda net, x: {"a": _heads(net, x)[0], "b": _heads(net, x)[1]}, 2),
        (lambda net, x: {"all": _heads(net, x), "softmax": _heads(net, x)[0].softmax(1)}, 2),
        (lambda net, x: torch.cat(_heads(net, x), 1), 2),
        (lambda net, x: torch.stack(_heads(net, x), 1), 2),
        (lambda net, x: _heads(net, x)[0] - _heads(net, x)[1], 2),
        (lambda net, x: _heads(net, x)[0][:, 0], 2),
        (lambda net, x: _heads(net, x)[0].view(-1, 3, 1, 1), 2),
        (lambda net, x: net.trunk(x).mean((1, 2, 3)), 2),
        (_heads_of_two_depths, 4),
        (lambda net, x: dict(zip("ab", _heads_of_two_depths(net, x), strict=True)), 4),
        (lambda net, x: torch.cat(_heads_of_two_depths(net, x), 1), 4),
        (lambda net, x: sum(_heads_of_two_depths(net, x)), 4),
    ],
)
def test_heads_give_what_they_gave_with_a_map_for_each_vector(check_written, forward, stride):
    fcn = check_written(
        forward,
        trunk=nn.Conv2d(3, 4, 3, 2),
        deeper=nn.Conv2d(4, 4, 2, 2),
        a=nn.Linear(100, 3),
        b=nn.Linear(4, 3),
    )
    assert fcn.stride_hw == (stride, stride)


def test_strides_after_closing_are_taken(check_written):
    fcn = check_written(
        lambda net, x: net.logits(
            F.conv2d(net.dense(net.trunk(x)), net.kernel, stride=3).flatten(1)
        ),
        trunk=nn.Conv2d(3, 4, 3, 2),
        dense=nn.Conv2d(4, 5, 5),
        kernel=torch.zeros(6, 5, 1, 1),
        logits=nn.LazyLinear(2),
    )
    assert fcn.stride_hw == (6, 6)


def test_squeeze_and_excite_after_closing_converts(check_written):
    def forward(net, x):
        x = net.trunk(x).mean((2, 3), keepdim=True)
        return net.logits((x * net.excite(torch.relu(net.squeeze(x))).sigmoid()).flatten(1))

    check_written(
        forward,
        trunk=nn.Conv2d(3, 4, 3, 2),
        squeeze=nn.Conv2d(4, 2, 1),
        excite=nn.Conv2d(2, 4, 1),
        logits=nn.LazyLinear(2),
    )
