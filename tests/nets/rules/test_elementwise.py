"""Functions of each number, and sums and products of maps, weights and numbers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


@pytest.fixture
def check_between(check_written):
    """A function between a convolution and a dense layer: `check_between(function, **layers)`."""

    def checked(function, exact=True, **layers):
        return check_written(
            lambda net, x: net.dense(function(net, net.trunk(x)).flatten(1)),
            exact=exact,
            trunk=nn.Conv2d(3, 4, 3, 2),
            dense=nn.LazyLinear(3),
            **layers,
        )

    return checked


@pytest.mark.parametrize(
    "skip",
    [
        lambda x: x[:, :, 1:-1, 1:-1],
        lambda x: x[..., 1 : x.size(2) - 1, 1 : x.shape[3] - 1],
        lambda x: x[:, :, 1:4, 1:4],
        lambda x: F.pad(x, (-1, -1, -1, -1)),
        lambda x: x.narrow(2, 1, 3).narrow(3, 1, 3),
        lambda x: F.avg_pool2d(x, 3, 1),
    ],
)
def test_a_residual_adds_a_skip_that_is_cropped_to_its_size(check_between, skip):
    check_between(lambda net, x: torch.relu(net.branch(x) + skip(x)), branch=nn.Conv2d(4, 4, 3))


@pytest.mark.parametrize(
    "skip",
    [
        lambda x: x[:, :, ::2, ::2],
        lambda x: x[:, :, 0:5:2, 0:5:2],
        lambda x: F.max_pool2d(x, 1, 2),
    ],
)
def test_a_residual_whose_branch_has_a_stride_adds_every_second_place(check_between, skip):
    """ResNet's option A: places skipped, channels added with zeros."""

    def forward(net, x):
        wide = F.pad(skip(x), (0, 0, 0, 0, 1, 1))
        return net.branch(x) + wide

    check_between(forward, exact=False, branch=nn.Conv2d(4, 6, 3, 2, 1))


def test_two_residual_blocks_one_with_a_stride(check_written):
    def forward(net, x):
        x = net.stem(x)
        x = torch.relu(net.a(x) + x[:, :, 1:-1, 1:-1])
        x = net.b(x) + net.short(x)[:, :, : net.b(x).shape[2]]
        return net.dense(x.flatten(1))

    check_written(
        forward,
        (25, 25),
        stem=nn.Conv2d(3, 4, 3, 2),
        a=nn.Conv2d(4, 4, 3),
        b=nn.Conv2d(4, 5, (3, 2), 2),
        short=nn.Conv2d(4, 5, 1, 2),
        dense=nn.LazyLinear(3),
    )


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x * net.scale,
        lambda net, x: net.shift - x,
        lambda net, x: torch.add(x, net.scale, alpha=2),
        lambda net, x: x / net.flat[:, None, None],
        lambda net, x: x.permute(0, 2, 3, 1) * net.flat,
        lambda net, x: (x.flatten(2).transpose(1, 2) + net.flat).mT,
        lambda net, x: x[:, 1:3] * net.scale[1:3],
        lambda net, x: x.permute(0, 2, 3, 1)[..., 1:3] * net.flat[1:3],
        lambda net, x: x * net.one,
        lambda net, x: net.one[0] + x,
        lambda net, x: x.clamp(min=0.1).pow(net.one),
        lambda net, x: torch.mul(input=x, other=net.scale),
        lambda net, x: x * net.scale.expand(x.size(0), 4, 1, 1),
        lambda _, x: 2**x + 1 / (x * x + 1) - x / 3,
        lambda net, x: torch.maximum(x, net.scale),
        lambda net, x: x.mean((2, 3)) * net.flat,
        lambda net, x: x.mean((2, 3)) + net.flat.view(1, 4),
        lambda net, x: x.amax((2, 3), True) * net.scale,
    ],
)
def test_weights_and_numbers_meet_the_channels_of_a_map(check_between, function):
    check_between(
        function,
        scale=torch.ones(4, 1, 1),
        shift=torch.ones(1, 4, 1, 1),
        flat=torch.ones(4),
        one=torch.ones(1),
    )


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x * torch.sigmoid(net.gate(x)),
        lambda net, x: net.gate(x).sigmoid() * x,
        lambda _, x: x + x[:, :1],
        lambda _, x: x[:, :1] - x,
        lambda net, x: x * net.gate(x).squeeze(1).unsqueeze(1),
        lambda net, x: x.permute(0, 2, 3, 1) * net.gate(x).permute(0, 2, 3, 1),
        lambda net, x: x.flatten(2) * net.gate(x).flatten(2),
    ],
)
def test_one_channel_weighs_all_channels_of_a_place(check_between, function):
    check_between(function, gate=nn.Conv2d(4, 1, 1))


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a * b,
        lambda a, b: a + torch.sigmoid(b),
        lambda a, b: a.flip(1) + b,
        lambda a, b: a.flatten(1) - b.flatten(1),
        lambda a, b: a.permute(0, 2, 3, 1) * b.permute(0, 2, 3, 1),
        lambda a, b: a.mean((2, 3)) * b.amax((2, 3)),
        lambda a, b: a.abs() ** b,
    ],
)
@pytest.mark.parametrize(
    "halves",
    [lambda x: x.chunk(2, 1), lambda x: (x[:, :2], x[:, 1:3]), lambda x: (x[:, ::2], x[:, 1::2])],
)
def test_two_parts_of_a_map_meet(check_between, function, halves):
    def forward(_, x):
        parts = halves(x)
        return function(parts[0], parts[1])

    check_between(forward)


def test_the_first_channels_of_a_map_meet_a_map_of_as_many(check_between):
    """Both are arranged alike, on maps of different channels."""
    check_between(lambda net, x: x[:, :3] + net.narrow(x), narrow=nn.Conv2d(4, 3, 1))
    check_between(lambda net, x: net.narrow(x) + x[:, :1], narrow=nn.Conv2d(4, 1, 1))


def _in_place_sum(net, x):
    y = net.branch(x)
    y += x[:, :, 1:-1, 1:-1]
    return y.relu_()


def _in_place_layer_whose_input_is_used_again(net, x):
    """The classifier adds what its ReLU has overwritten."""
    y = net.overwriting(x)
    return y + x


def _in_place_twice(net, x):
    y = x.relu_()
    y.mul_(2).add_(1)
    return x - net.branch(F.pad(y, (1, 1, 1, 1)))


@pytest.mark.parametrize(
    "function, exact",
    [
        (_in_place_sum, True),
        (_in_place_layer_whose_input_is_used_again, True),
        (lambda _, x: x + F.relu(x, inplace=True), True),
        (lambda _, x: torch.relu(x) + x, True),
        (_in_place_twice, False),
    ],
)
def test_what_works_in_place_is_seen_by_all_who_read_it_later(check_between, function, exact):
    check_between(
        function, exact, branch=nn.Conv2d(4, 4, 3), overwriting=nn.LeakyReLU(0.2, inplace=True)
    )


@pytest.mark.parametrize(
    "name",
    ["relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
     "hardswish", "hardsigmoid", "softsign", "tanhshrink", "softshrink", "hardshrink",
     "logsigmoid"],
)  # fmt: skip
def test_activations_convert_as_functions(check_between, name):
    check_between(lambda _, x: getattr(F, name)(x))


@pytest.mark.parametrize(
    "activation",
    [
        lambda x: F.leaky_relu(x, 0.1, True),
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: F.hardtanh(x, -0.5, 0.5, False),
        lambda x: F.threshold(x, 0.2, -1.0),
        lambda x: x.clamp(-0.3, 0.3).abs().add(1).log().sqrt().neg(),
        lambda x: torch.clip(x, min=0) + torch.erf(x).sin().cos().square(),
        lambda x: torch.rsqrt(x.exp()).reciprocal().log1p(),
        lambda x: x.to(x.dtype).type_as(x).contiguous().clone(),
    ],
)
def test_functions_of_each_number_convert_with_their_settings(check_between, activation):
    check_between(lambda _, x: activation(x))


@pytest.mark.parametrize("slopes", [1, 4])
def test_a_learned_slope_converts(check_between, slopes):
    check_between(lambda net, x: net.slope(x), slope=nn.PReLU(slopes))
    check_between(lambda net, x: net.slope(x.mean((2, 3))), slope=nn.PReLU(slopes))
