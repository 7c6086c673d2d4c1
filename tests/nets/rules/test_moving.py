"""Views, permutes, slices and concatenations in every spelling."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


def _convolution(outputs=4, kernel=3, stride=2, **settings):
    return nn.LazyConv2d(outputs, kernel, stride, **settings)


@pytest.mark.parametrize(
    "flatten",
    [
        nn.Flatten(),
        lambda x: torch.flatten(x, 1),
        lambda x: torch.flatten(x, start_dim=1),
        lambda x: torch.flatten(input=x, start_dim=1),
        lambda x: x.flatten(1),
        lambda x: x.flatten(-3),
        lambda x: x.flatten(2).flatten(1),
        lambda x: x.view(x.size(0), -1),
        lambda x: x.view(x.shape[0], -1),
        lambda x: x.view(len_of(x), x.size(1) * x.size(2) * x.size(3)),
        lambda x: x.reshape((-1, 100)),
        lambda x: x.reshape(-1, 4 * 5 * 5),
        lambda x: torch.reshape(x, (x.shape[0], -1)),
        lambda x: x.contiguous().view(-1, 100),
        lambda x: x.view(x.size()[:1] + (-1,)),  # noqa: RUF005
        lambda x: x.unflatten(1, (2, 2)).flatten(1),
    ],
)
def test_every_spelling_of_flatten_converts(check_written, flatten):
    fcn = check_written(
        lambda net, x: net.dense(net.flatten(net.trunk(x))),
        trunk=_convolution(),
        flatten=flatten,
        dense=nn.LazyLinear(3),
    )
    assert (fcn.units_hw, fcn.stride_hw) == ((5, 5), (2, 2))


def len_of(x):
    n, _, _, _ = x.shape
    return n


@pytest.mark.parametrize(
    "order",
    [
        lambda x: x.permute(0, 2, 3, 1),  # channels last, as Keras and TensorFlow flatten
        lambda x: x.permute(0, 3, 2, 1),
        lambda x: torch.permute(x, (0, 2, 1, 3)),
        lambda x: x.transpose(1, 3),
        lambda x: torch.movedim(x, 1, -1),
        lambda x: x.flatten(2).mT,
        lambda x: x.flip(1, 3),
        lambda x: x[:, :, 1:, :4],
        lambda x: x[:, [2, 0, 3]],
        lambda x: x[:, 1],
        lambda x: x[..., ::2],
        lambda x: x.narrow(2, 1, 3),
        lambda x: x.select(1, 2),
        lambda x: x.unsqueeze(2).squeeze(2),
        lambda x: torch.stack([x[:, :2], x[:, 2:]], 2),
        lambda x: torch.stack(x.unbind(1), -1),
        lambda x: torch.cat([x, x[:, :1]], 1),
        lambda x: torch.cat([x[:, :, 2:], x[:, :, :2]], 2),
        lambda x: torch.cat(tensors=torch.split(x, [1, 3], dim=1)[::-1], dim=1),
    ],
)
def test_in_whatever_order_a_map_is_flattened_each_weight_finds_its_place(check_written, order):
    check_written(
        lambda net, x: net.dense(torch.relu(order(net.trunk(x))).flatten(1)),
        trunk=_convolution(),
        dense=nn.LazyLinear(3),
    )


@pytest.mark.parametrize(
    "place",
    [
        lambda x: x[:, :, 3, 2],
        lambda x: x[..., -1, -1],
        lambda x: x[:, :, 0, 0],
        lambda x: x.flatten(2)[:, :, 7],
    ],
)
def test_one_place_of_the_map_closes_the_window(check_written, place):
    check_written(
        lambda net, x: net.dense(place(net.trunk(x))), trunk=_convolution(), dense=nn.LazyLinear(3)
    )


def _shuffled(x, groups):
    n, channels, height, width = x.size()
    x = x.view(n, groups, channels // groups, height, width)
    return torch.transpose(x, 1, 2).contiguous().view(n, channels, height, width)


SHUFFLES = [
    lambda x: _shuffled(x, 3),
    lambda x: x.view(-1, 3, 2, 5, 5).transpose(1, 2).reshape(-1, 6, 5, 5),
    lambda x: x.unflatten(1, (2, 3)).transpose(1, 2).flatten(1, 2),
    lambda x: x[:, [0, 2, 4, 1, 3, 5]],
    nn.ChannelShuffle(2),
    lambda x: F.channel_shuffle(x, 3),
    lambda x: torch.index_select(x, 1, torch.tensor([5, 1, 1, 0])),
]


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_a_channel_shuffle_converts(check_written, shuffle):
    check_written(
        lambda net, x: net.dense(net.behind(net.shuffle(net.trunk(x))).flatten(1)),
        trunk=_convolution(6),
        shuffle=shuffle,
        behind=_convolution(4, 2, 1, groups=2),
        dense=nn.LazyLinear(3),
    )


def test_a_shuffle_net_block_converts(check_written):
    """Half of the channels pass by, the others are convolved, both are shuffled; three times."""

    def forward(net, x):
        x = net.stem(x)
        for block in net.blocks:
            skip, x = x.chunk(2, dim=1)
            x = _shuffled(torch.cat((skip[:, :, 1:-1, 1:-1], block(x)), dim=1), 2)
        return net.dense(x.mean([2, 3]))

    def block():
        return nn.Sequential(
            nn.LazyConv2d(4, 1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.Conv2d(4, 4, 3, groups=4), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1),
        )  # fmt: skip

    blocks = nn.ModuleList(block() for _ in range(3))
    check_written(forward, (24, 21), stem=_convolution(8), blocks=blocks, dense=nn.LazyLinear(3))


def test_branches_beside_each_other_are_concatenated(check_written):
    """An inception block without padding, and a block of it within a block."""

    def forward(net, x):
        x = net.stem(x)
        inner = torch.cat([net.b3(x), net.b1(x)[:, :, 1:-1, 1:-1]], 1)
        pooled = F.max_pool2d(x, 3, stride=1)
        return net.dense(torch.cat([inner, pooled, inner[:, 2:5]], dim=1).flatten(1))

    check_written(
        forward,
        stem=_convolution(),
        b1=_convolution(3, 1, 1),
        b3=_convolution(5, 3, 1),
        dense=nn.LazyLinear(3),
    )


def test_a_dense_net_block_converts(check_written):
    """Each layer reads all features before it, cropped to the last one's size."""

    def forward(net, x):
        features = [net.stem(x)]
        for layer in net.layers:
            new = F.relu(layer(torch.cat(features, 1)))
            features = [*(f[:, :, 1:-1, 1:-1] for f in features), new]
        return net.dense(torch.cat(features, 1).mean((2, 3)))

    layers = nn.ModuleList(_convolution(2, 3, 1) for _ in range(2))
    check_written(forward, stem=_convolution(), layers=layers, dense=nn.LazyLinear(3))


def test_global_pools_of_maps_of_two_strides_are_concatenated(check_written):
    """The coarser one decides; the finer one is taken at its windows."""

    def forward(net, x):
        fine = net.fine(x)
        coarse = net.coarse(fine)
        return net.dense(torch.cat([fine.mean((2, 3)), coarse.amax((2, 3))], 1))

    fcn = check_written(
        forward, fine=_convolution(), coarse=_convolution(5, 2, 2), dense=nn.LazyLinear(3)
    )
    assert fcn.stride_hw == (4, 4)


def test_dropout_stays_out(check_written):
    check_written(
        lambda net, x: F.dropout(
            net.dense(net.drop(F.dropout2d(net.trunk(x), 0.5, net.training)).flatten(1)),
            training=False,
        ),
        trunk=_convolution(),
        drop=nn.Dropout(0.3),
        dense=nn.LazyLinear(3),
    )
