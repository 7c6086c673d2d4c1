"""Convolutions, pools and padding, as layers and as functions."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytestmark = [
    pytest.mark.filterwarnings("ignore:Lazy modules"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths"),
]


@pytest.fixture
def check_slid(check_written):
    """A sliding layer or function between a convolution and a dense layer."""

    def checked(slide, **settings):
        return check_written(
            lambda net, x: net.dense(net.behind(net.slide(net.trunk(x))).flatten(1)),
            trunk=nn.Conv2d(3, 4, 2, 2),
            behind=nn.LazyConv2d(3, 1),
            dense=nn.LazyLinear(3),
            slide=slide,
            **settings,
        )

    return checked


def _name(slide):
    """A layer by its settings; functions are numbered by pytest."""
    return str(slide)[:40] if isinstance(slide, nn.Module) else None


UNPADDED = [
    nn.Conv2d(4, 6, 3, 2),
    nn.Conv2d(4, 6, (2, 3), (1, 2), padding="valid"),
    nn.Conv2d(4, 6, 2, dilation=(2, 3)),
    nn.Conv2d(4, 6, 3, groups=2, bias=False),
    nn.Conv2d(4, 8, 3, groups=4),
    nn.MaxPool2d(2),
    nn.MaxPool2d(2, stride=1, dilation=2),
    nn.MaxPool2d((2, 3), 2, ceil_mode=True),
    nn.AvgPool2d((3, 2)),
    nn.AvgPool2d(2, 2, divisor_override=3),
    nn.AvgPool2d(2, 1, ceil_mode=True, count_include_pad=False),
    nn.AdaptiveMaxPool2d((2, 1)),
    lambda x: F.max_pool2d(x, 2),
    lambda x: F.max_pool2d(x, (2, 3), stride=1),
    lambda x: F.avg_pool2d(x, 2, 1),
    lambda x: F.avg_pool2d(x, kernel_size=x.shape[2:]),
    lambda x: F.avg_pool2d(x, (x.size(-2), x.size(-1))),
    nn.AvgPool2d((6, 5)),
    nn.MaxPool2d((6, 5)),
    lambda x: F.adaptive_avg_pool2d(x, 1),
    lambda x: F.adaptive_avg_pool2d(x, (3, 1)),
    lambda x: F.adaptive_avg_pool2d(x, (None, 1)),
    lambda x: F.adaptive_max_pool2d(x, (3, 5)),
    lambda x: F.pad(x, (-1, 0, -2, -1)),
    lambda x: F.pad(x, (0, 0, 0, 0, 1, 2)),
    lambda x: F.pad(x, (0, 0, 0, 0, -1, 2), value=0.7),
]


@pytest.mark.parametrize("slide", UNPADDED, ids=_name)
def test_every_cell_behind_a_sliding_layer_is_the_classifiers(check_slid, slide):
    check_slid(slide)


PADDED = [
    nn.Conv2d(4, 6, 3, 2, padding=1),
    nn.Conv2d(4, 6, 3, padding="same"),
    nn.Conv2d(4, 6, (2, 4), padding="same", dilation=(3, 1)),
    nn.MaxPool2d(2, 1, padding=1),
    nn.MaxPool2d(3, 2, padding=(1, 0)),
    nn.AvgPool2d(3, 2, padding=1),
    nn.ZeroPad2d(1),
    nn.ZeroPad2d((1, 0, -1, 2)),
    nn.ConstantPad2d((0, 1, 0, 1), 0.3),
    lambda x: F.pad(x, (1, -1, -2, 2), value=0.5),
    lambda x: F.pad(x, (1, 1, 0, 0, 1, 1), value=0.5),
]


@pytest.mark.parametrize("slide", PADDED, ids=_name)
def test_what_pads_equals_the_classifier_on_a_crop_at_any_stride(check_slid, slide):
    check_slid(slide, exact=False)


NOT_DILATED = [
    nn.MaxPool2d(2, 2, ceil_mode=True),
    nn.AvgPool2d(2, 2, ceil_mode=True),
    nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
    nn.ReflectionPad2d(1),
    nn.ReplicationPad2d((1, 0, 2, 0)),
    nn.CircularPad2d(1),
    nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
    lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"),
]


@pytest.mark.parametrize("slide", NOT_DILATED, ids=_name)
def test_what_cannot_be_dilated_still_converts_at_its_own_stride(check_slid, slide):
    check_slid(slide, exact=False, finer=False)


@pytest.mark.parametrize(
    "bins, units_hw",
    [
        (4, (6, 5)),  # uneven bins of 2 and of 3 units
        (7, (6, 5)),  # more bins than units, as VGG and AlexNet have on small crops
        ((3, 9), (6, 5)),
        ((7, 1), (6, 5)),
        ((6, 5), (6, 5)),
        (1, (6, 5)),
        ((3, 1), (3, 1)),  # even bins stay a pooling, of the trunk's own stride
        ((2, 5), (2, 5)),
        ((6, 2), (6, 2)),  # even, though they overlap: units 0 to 2, 2 to 4
    ],
)
def test_an_adaptive_average_before_a_dense_layer_costs_no_stride(check_written, bins, units_hw):
    fcn = check_written(
        lambda net, x: net.dense(net.drop(torch.flatten(net.pool(net.trunk(x)), 1))),
        trunk=nn.Conv2d(3, 4, 2, 2),
        pool=nn.AdaptiveAvgPool2d(bins),
        drop=nn.Dropout(0.5),
        dense=nn.LazyLinear(3),
    )
    assert (fcn.units_hw, fcn.stride_hw) == (units_hw, (2, 2))


def test_folded_bins_may_be_permuted_and_split_before_the_dense_layer(check_written):
    def forward(net, x):
        first, second = F.adaptive_avg_pool2d(net.trunk(x), 4).chunk(2, 1)
        return net.a(first.permute(0, 2, 3, 1).flatten(1)) + net.b(second.flatten(1))

    check_written(forward, trunk=nn.Conv2d(3, 4, 2, 2), a=nn.LazyLinear(3), b=nn.LazyLinear(3))


@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d])
@pytest.mark.parametrize("bins", [1, 2, 3, 6, (6, 2), (5, 1)])
def test_even_bins_before_a_non_linearity_become_a_windowed_pooling(check_written, pool, bins):
    check_written(
        lambda net, x: net.dense(torch.relu(net.pool(net.trunk(x)) - 0.5).flatten(1)),
        trunk=nn.Conv2d(3, 4, (1, 2), 2),
        pool=pool(bins),
        dense=nn.LazyLinear(3),
        crop_hw=(11, 12),
    )


def test_a_weight_standardised_convolution_converts(check_written):
    """Its weights are made by the classifier's own code, and come to the function as a tensor."""

    def forward(net, x):
        weight = net.weight - net.weight.mean((1, 2, 3), keepdim=True)
        x = F.conv2d(x, weight, net.bias, stride=2)
        x = F.conv2d(x, net.depthwise, groups=4, dilation=2)
        return F.linear(x.flatten(1), net.dense, net.shift)

    check_written(
        forward,
        weight=torch.zeros(4, 3, 3, 3),
        bias=torch.zeros(4),
        depthwise=torch.zeros(4, 1, 2, 2),
        dense=torch.zeros(3, 4 * 3 * 3),
        shift=torch.zeros(3),
    )


def test_parametrised_layers_convert(check_written):
    norm = nn.utils.parametrizations.weight_norm
    check_written(
        lambda net, x: net.dense(torch.relu(net.trunk(x)).flatten(1)),
        trunk=norm(nn.Conv2d(3, 4, 3, 2)),
        dense=norm(nn.Linear(100, 3)),
    )


def test_a_layer_used_twice_converts(check_written):
    check_written(
        lambda net, x: net.dense(net.dense(net.conv(net.conv(x)).flatten(1))),
        conv=nn.Conv2d(3, 3, 3, 2),
        dense=nn.Linear(12, 12),
    )


class Renamed(nn.BatchNorm2d):
    """A torch layer under another name: it is not looked into."""


def test_a_layer_that_only_has_another_name_converts(check_slid):
    check_slid(nn.Sequential(Renamed(4), nn.MaxPool2d(2)))
