"""Norms and softmax, per channel and over the channels of a place."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


@pytest.fixture
def check_on_map(check_written):
    def checked(function, **layers):
        return check_written(
            lambda net, x: net.dense(function(net, net.trunk(x)).flatten(1)),
            trunk=nn.Conv2d(3, 4, 3, 2),
            dense=nn.LazyLinear(3),
            **layers,
        )

    return checked


@pytest.fixture
def check_on_vector(check_written):
    def checked(function, **layers):
        return check_written(
            lambda net, x: net.logits(function(net, net.dense(net.trunk(x).flatten(1)))),
            trunk=nn.Conv2d(3, 4, 3, 2),
            dense=nn.LazyLinear(6),
            logits=nn.LazyLinear(3),
            **layers,
        )

    return checked


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(4),
        nn.BatchNorm2d(4, affine=False),
        nn.LocalResponseNorm(3, alpha=0.5),
    ],
)
def test_norms_of_channels_convert(check_on_map, norm):
    check_on_map(lambda net, x: net.norm(x), norm=norm)


def test_a_batch_norm_as_a_function_converts(check_on_map):
    def forward(net, x):
        norm = net.norm
        x = F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        return F.batch_norm(x, norm.running_mean, norm.running_var, training=net.training)

    check_on_map(forward, norm=nn.BatchNorm2d(4))


def _rms(net, x):
    x = x.permute(0, 2, 3, 1)
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * net.scale


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.norm(x.permute(0, 2, 3, 1)),
        lambda net, x: net.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
        lambda net, x: net.norm(x.flatten(2).transpose(1, 2)),
        lambda net, x: F.layer_norm(x.permute(0, 2, 3, 1), (4,), net.scale, net.scale),
        lambda _, x: F.layer_norm(x.permute(0, 2, 3, 1), [4]),
        _rms,
        lambda _, x: F.normalize(x),
        lambda _, x: F.normalize(x.permute(0, 2, 3, 1), p=1, dim=-1),
        lambda _, x: x.softmax(1),
        lambda _, x: F.log_softmax(x.permute(0, 2, 3, 1), -1),
        lambda net, x: net.softmax(x),
    ],
)
def test_what_norms_the_channels_of_each_place_converts_before_closing(check_on_map, function):
    check_on_map(function, norm=nn.LayerNorm(4), scale=torch.ones(4), softmax=nn.Softmax(-3))


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.batch(x),
        lambda net, x: net.layer(x),
        lambda net, x: net.group(x),
        lambda net, x: net.group(x[:, :, None, None]).flatten(1),
        lambda net, x: F.group_norm(x, 2, net.scale, net.scale),
        lambda _, x: F.group_norm(x, 3),
        lambda _, x: F.normalize(x, dim=1),
        lambda _, x: x / (x * x).sum(1, keepdim=True).sqrt(),
        lambda net, x: net.whole(x.view(-1, 3, 2)).flatten(1),
        lambda _, x: x.softmax(dim=-1),
        lambda net, x: torch.relu(net.slope(x)).log_softmax(-1),
    ],
)
def test_what_norms_a_vector_converts_after_closing(check_on_vector, function):
    check_on_vector(
        function,
        batch=nn.BatchNorm1d(6),
        layer=nn.LayerNorm(6),
        group=nn.GroupNorm(3, 6),
        scale=torch.ones(6),
        whole=nn.LayerNorm((3, 2)),
        slope=nn.PReLU(6),
    )


def test_norms_keep_all_digits_of_their_weights(check_on_vector):
    """They were once filled before they were turned to float64."""
    fcn = check_on_vector(
        lambda net, x: net.layer(net.batch(x)), batch=nn.BatchNorm1d(6), layer=nn.LayerNorm(6)
    )
    assert {p.dtype for p in fcn.parameters()} == {torch.float64}


def test_a_conv_next_block_converts(check_written):
    """Channel-last norm and dense layers, a scale of each channel, a cropped skip."""

    def forward(net, x):
        x = net.stem(x)
        y = net.norm(net.depthwise(x).permute(0, 2, 3, 1))
        y = net.narrow(F.gelu(net.widen(y))) * net.scale
        x = x[:, :, 2:-2, 2:-2] + y.permute(0, 3, 1, 2)
        return net.head(net.last(x.mean([-2, -1])))

    fcn = check_written(
        forward,
        (28, 24),
        stem=nn.Conv2d(3, 4, 2, 2),
        depthwise=nn.Conv2d(4, 4, 5, groups=4),
        norm=nn.LayerNorm(4, eps=1e-6),
        widen=nn.Linear(4, 16),
        narrow=nn.Linear(16, 4),
        scale=torch.ones(4),
        last=nn.LayerNorm(4),
        head=nn.Linear(4, 2),
    )
    assert fcn.units_hw == (10, 8)
