"""À trous, shift-and-stitch and brute force give the same map."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fcn_detect.errors import ConversionError
from fcn_detect.nets import ARCHITECTURES, build_net, to_fully_convolutional
from fcn_detect.nets.finer_stride import shift_and_stitch

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}
EXACT = [name for name in ARCHITECTURES if "not exact" not in ARCHITECTURES[name].about]


@pytest.fixture
def assert_three_ways_agree(brute_force, difference):
    def checked(classifier, crop_hw, images, strides, tolerance):
        fcn = to_fully_convolutional(classifier, crop_hw)
        for stride in strides:
            finer = to_fully_convolutional(classifier, crop_hw, stride)
            stitched = shift_and_stitch(fcn, images, stride)
            with torch.no_grad():
                a_trous = finer(images)
            assert finer.stride_hw == (stride, stride)
            assert finer.exact
            assert difference(a_trous, stitched) <= tolerance
            oracle = brute_force(classifier, images, crop_hw, (stride, stride))
            assert difference(a_trous, oracle) <= tolerance

    return checked


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", EXACT)
def test_an_unpadded_net_of_the_zoo_has_one_map_a_stride_in_all_three_ways(
    assert_three_ways_agree, randomised, name, dtype
):
    torch.manual_seed(4)
    classifier = randomised(build_net(name, (48, 52), outputs=2)).to(dtype)
    images = torch.rand(1, 3, 59, 61, dtype=dtype) * 255
    own = to_fully_convolutional(classifier, (48, 52)).stride_hw[0]
    strides = [stride for stride in (8, 4, 2, 1) if stride <= own]
    assert_three_ways_agree(classifier, (48, 52), images, strides, TOLERANCES[dtype])


def _residual(net, x):
    x = F.avg_pool2d(net.stem(x), (3, 2))
    x = torch.relu(net.branch(x) + net.skip(x)[:, :, 1:-1:2, 1:-1:2])
    return net.dense(x.flatten(1))


NETS = {
    "average pools and a strided skip": _residual,
    "a whole-window pooling": lambda net, x: net.dense(
        F.avg_pool2d(net.stem(x), 4, 3).mean((2, 3))
    ),
    "folded bins": lambda net, x: net.dense(F.adaptive_avg_pool2d(net.stem(x), 5).flatten(1)),
    "even bins": lambda net, x: net.dense(
        F.adaptive_avg_pool2d(net.stem(x), (6, 4)).exp().flatten(1)
    ),
    "a slice": lambda net, x: net.dense(net.stem(x)[:, :, 1::3, 2:-1].flatten(1)),
    "two depths": lambda net, x: net.dense(
        torch.cat(
            [net.stem(x).mean((2, 3)), net.skip(F.max_pool2d(net.stem(x), 3)).amax((2, 3))], 1
        )
    ),
}


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize("forward", NETS.values(), ids=list(NETS))
def test_a_written_net_has_one_map_a_stride_in_all_three_ways(
    assert_three_ways_agree, written, forward
):
    classifier = written(
        forward,
        (27, 26),
        stem=nn.Conv2d(3, 4, (5, 4), 2),
        branch=nn.Conv2d(4, 5, 3, 2),
        skip=nn.Conv2d(4, 5, 1),
        dense=nn.LazyLinear(2),
    )
    own = to_fully_convolutional(classifier, (27, 26)).stride_hw
    strides = [s for s in (6, 4, 3, 2, 1) if own[0] % s == own[1] % s == 0]
    images = torch.rand(2, 3, 40, 37, dtype=torch.float64)
    assert_three_ways_agree(classifier, (27, 26), images, strides, 1e-12)


@pytest.mark.parametrize("stride", [16, 8])
def test_a_padded_net_agrees_where_no_unit_sees_beyond_the_image(randomised, stride):
    """At the image's border, the two pad at different places: each shift has its own border."""
    crop_hw = (64, 64)
    torch.manual_seed(5)
    classifier = randomised(build_net("dress", crop_hw, outputs=1)).double()
    images = torch.rand(1, 3, 256, 224, dtype=torch.float64) * 255
    fcn = to_fully_convolutional(classifier, crop_hw)
    finer = to_fully_convolutional(classifier, crop_hw, stride)
    with torch.no_grad():
        a_trous = finer(images)
    stitched = shift_and_stitch(fcn, images, stride)
    assert a_trous.shape == stitched.shape
    gap = (a_trous - stitched).abs()[0, 0] / max(1.0, float(stitched.abs().max()))
    margin = -(-fcn.receptive_field.padding_hw[0] // stride)
    assert gap[margin:-margin, margin:-margin].max() <= 1e-12
    assert gap.max() > 1e-3  # the border, which no padded net has in common


def test_a_stride_that_does_not_divide_the_nets_own_is_refused():
    classifier = build_net("valid-small", (48, 48), outputs=2)
    fcn = to_fully_convolutional(classifier, (48, 48))
    for stride in (3, 16, 0, -1):
        with pytest.raises(
            ConversionError, match=f"the net's stride is 8x8; a stride of {stride} "
        ):
            to_fully_convolutional(classifier, (48, 48), stride)
        with pytest.raises(ValueError, match=f"a stride of {stride} does not divide"):
            shift_and_stitch(fcn, torch.zeros(1, 3, 60, 60), stride)


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_partial_windows_refuse_a_finer_stride_and_are_named(pool):
    classifier = nn.Sequential(
        nn.Conv2d(3, 4, 3, 2),
        nn.Sequential(nn.ReLU(), pool(2, ceil_mode=True)),
        nn.Flatten(),
        nn.Linear(4 * 3 * 3, 2),
    )
    assert to_fully_convolutional(classifier, (11, 11)).stride_hw == (4, 4)
    with pytest.raises(ConversionError, match="partial windows") as caught:
        to_fully_convolutional(classifier, (11, 11), stride=1)
    assert caught.value.layer == "1.1"


def test_the_finer_net_has_the_weights_of_the_coarse_one(randomised):
    classifier = randomised(build_net("valid-small", (48, 48), outputs=2))
    fcn, finer = (to_fully_convolutional(classifier, (48, 48), stride) for stride in (None, 2))
    coarse = dict(fcn.named_parameters())
    assert {name for name, _ in finer.named_parameters()} == set(coarse)
    assert all(torch.equal(p, coarse[name]) for name, p in finer.named_parameters())


def test_a_frame_of_one_window_has_one_cell_at_any_stride(randomised):
    classifier = randomised(build_net("valid-small", (48, 48), outputs=2))
    fcn = to_fully_convolutional(classifier, (48, 48))
    images = torch.rand(1, 3, 48, 50)
    assert shift_and_stitch(fcn, images, 4).shape == (1, 2, 1, 1)
    assert shift_and_stitch(fcn, images, 2).shape == (1, 2, 1, 2)
