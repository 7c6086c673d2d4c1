"""What has no exact convolutional form is refused, with the layer's path and the reason."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fcn_detect.errors import ConversionError
from fcn_detect.nets import to_fully_convolutional

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules")


class Block(nn.Module):
    """A function in a submodule's forward, with the layers that it uses."""

    def __init__(self, function, layers):
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            setattr(self, name, nn.Parameter(layer) if isinstance(layer, torch.Tensor) else layer)

    def forward(self, x):
        return self.function(self, x)


def _refusal(classifier, crop_hw=(8, 8)):
    """The error; its message is one line that names the layer."""
    with pytest.raises(ConversionError) as caught:
        to_fully_convolutional(classifier, crop_hw)
    error = caught.value
    assert isinstance(error, ValueError)
    assert "\n" not in str(error)
    assert str(error).startswith(f"layer '{error.layer}': " if error.layer else "")
    return error


def _around(function, layers):
    """Crops of 8x8 to a map of 4 channels and 6x6 places, the function at "1.1", a dense head."""
    block = Block(function, layers)
    trunk = nn.Sequential(nn.ReLU(), block)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), trunk, nn.Flatten(), nn.LazyLinear(2)).eval()
    with torch.no_grad():
        net(torch.zeros(2, 3, 8, 8))
    return net


def _attention_by_hand(_, x):
    tokens = x.flatten(2).transpose(1, 2)
    return (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens


def _attention(net, x):
    tokens = x.flatten(2).mT
    return net.it(tokens, tokens, tokens)[0]


DENSE = nn.Linear(4, 4)
SQUEEZE = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
EXCITE = "joins maps of 6x6 and 1x1 units: what has seen the whole window .* squeeze-and-excite"
LOOK = "lets every place of the frame look at every other, as attention does"
ACROSS = "acts across the places of a window before the window is closed"
PLACES = "differ from place to place of the window, such as a position embedding"


@pytest.mark.parametrize(
    "function, layers, reason",
    [
        (lambda net, x: x * net.it(x), {"it": SQUEEZE}, EXCITE),
        (lambda net, x: x * net.it(x.mean((2, 3)))[:, :, None, None], {"it": DENSE}, EXCITE),
        (lambda _, x: x * x.mean((2, 3), keepdim=True).expand(-1, -1, 6, 6), {}, EXCITE),
        (lambda _, x: x - x.amax((2, 3), keepdim=True), {}, "sub joins maps of 6x6 and 1x1"),
        (lambda _, x: torch.bmm(x.flatten(2), x.flatten(2).mT), {}, f"bmm {LOOK}"),
        (lambda _, x: torch.einsum("nchw,nchw->nc", x, x), {}, f"einsum {LOOK}"),
        (lambda _, x: F.scaled_dot_product_attention(x, x, x), {}, LOOK),
        (_attention_by_hand, {}, "matmul multiplies what the places of a window give"),
        (_attention, {"it": nn.MultiheadAttention(4, 2, batch_first=True)}, LOOK),
        (lambda net, x: net.it(x), {"it": nn.InstanceNorm2d(4)}, "norms a channel over the whole"),
        (lambda _, x: F.instance_norm(x), {}, "instance_norm norms a channel over the whole frame"),
        (lambda net, x: net.it(x), {"it": nn.GroupNorm(2, 4)}, "norms over all places of the"),
        (lambda _, x: F.group_norm(x, 2), {}, "group_norm norms over all places of the frame"),
        (lambda net, x: net.it(x), {"it": nn.LayerNorm([4, 6, 6])}, "norms over all places of the"),
        (lambda _, x: F.layer_norm(x, x.shape[1:]), {}, "layer_norm norms over all places"),
        (lambda net, x: net.it(x), {"it": nn.LayerNorm(6)}, ACROSS),
        (lambda _, x: x.softmax(-1), {}, f"softmax {ACROSS}"),
        (
            lambda net, x: net.it(x),
            {"it": nn.BatchNorm2d(4, track_running_stats=False)},
            "keeps no running statistics",
        ),
        (lambda _, x: F.batch_norm(x, None, None, training=True), {}, "the whole frame"),
        (lambda net, x: net.it(x.flatten(1)), {"it": nn.BatchNorm1d(144)}, ACROSS),
        (lambda net, x: net.it(x), {"it": nn.Linear(6, 6)}, f"Linear {ACROSS}"),
        (lambda net, x: net.it(x.flatten(2)), {"it": nn.Linear(36, 5)}, ACROSS),
        (lambda net, x: net.it(x), {"it": nn.Upsample((12, 12))}, "stretches the whole frame"),
        (lambda _, x: F.interpolate(x, scale_factor=2), {}, "interpolate stretches the whole"),
        (lambda net, x: net.it(x), {"it": nn.ConvTranspose2d(4, 4, 2)}, "has no known"),
        (lambda _, x: torch.cumsum(x, 2), {}, "cumsum reads the places of the frame one after"),
        (lambda _, x: torch.fft.fft2(x).real, {}, "fft_fft2 has no known convolutional form"),
        (lambda net, x: torch.relu(x + net.it), {"it": torch.rand(4, 6, 6)}, PLACES),
        (lambda net, x: x.flatten(2).mT + net.it, {"it": torch.rand(1, 36, 4)}, PLACES),
        (
            lambda net, x: torch.cat([net.it.expand(x.size(0), -1, -1), x.flatten(2)], 2),
            {"it": torch.rand(1, 4, 1)},
            "joins what the pixels give with what they do not, such as a class token",
        ),
        (lambda _, x: x - x.mean(0), {}, "mean mixes the images of a batch"),
        (lambda _, x: x / x.std(), {}, "std mixes the images of a batch"),
        (lambda _, x: x.sum() * x, {}, "sum mixes the images of a batch"),
        (lambda _, x: x + x.flip(0), {}, "flip does not keep the images of a batch apart"),
        (lambda _, x: x.mT.reshape(-1, 4).view(-1, 144), {}, "reshape does not keep the images"),
        (lambda _, x: torch.cat([x, x]).chunk(2)[0], {}, "cat does not keep the images of a batch"),
        (
            lambda net, x: torch.relu(net.it(x)),
            {"it": nn.AdaptiveAvgPool2d(4)},
            "adaptive pooling of 6x6 units to 4x4 uneven bins with no dense layer behind it",
        ),
        (lambda _, x: F.adaptive_avg_pool2d(x, (6, 4)).exp(), {}, "6x6 units to 6x4 uneven bins"),
        (lambda net, x: net.it(x), {"it": nn.AdaptiveMaxPool2d(4)}, "6x6 units to 4x4 uneven bins"),
        (
            lambda net, x: net.it(x)[0],
            {"it": nn.MaxPool2d(2, return_indices=True)},
            "gives places beside values",
        ),
        (lambda _, x: x.max(1)[1].float(), {}, "takes where the largest number lies"),
        (lambda _, x: x.amin((2, 3)), {}, "amin takes the places of a window together"),
        (lambda _, x: x.var((2, 3)), {}, "var takes several axes together"),
        (lambda _, x: x.flatten(2)[..., :7].mean(-1), {}, "takes some places of a window together"),
        (lambda net, x: net.it(x.mT), {"it": nn.Conv2d(4, 4, 3)}, "places were moved or flattened"),
        (lambda net, x: net.it(x.flip(3)), {"it": nn.Conv2d(4, 4, 3)}, "places were moved"),
        (lambda _, x: x + x.mT, {}, "add joins maps whose places stand in different orders"),
        (lambda _, x: F.max_pool2d(x, 2) + x[:, :, :3, :3], {}, "joins maps of different strides"),
        (lambda _, x: F.pad(x.flatten(1), (1, 1)), {}, "pad is understood around the rows"),
        (lambda _, x: F.dropout(x, 0.5), {}, "drops numbers in evaluation too"),
        (lambda _, x: x.double().float(), {}, "double turns numbers into torch.float64"),
        (lambda _, x: x * torch.allclose(x, x), {}, "allclose turns pixels into Python's"),
        (lambda _, x: x if x.sum() > 0 else -x, {}, "cannot be traced: .* control flow"),
        (lambda _, x: x.clamp(min=x), {}, "clamp takes a tensor where only a number is understood"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_layer_and_the_reason(function, layers, reason):
    error = _refusal(_around(function, layers))
    of_its_own = isinstance(layers.get("it"), nn.Module) and reason is not EXCITE
    assert error.layer == ("1.1.it" if of_its_own else "1.1")
    assert re.search(reason, str(error))


def test_a_function_of_the_nets_own_forward_is_named_as_in_the_graph():
    net = Block(
        lambda net, x: net.dense(torch.cumsum(x, 2).flatten(1)), {"dense": nn.Linear(12, 2)}
    )
    error = _refusal(net, (2, 2))
    assert (error.layer, str(error)[:31]) == ("cumsum", "layer 'cumsum': cumsum reads th")


@pytest.mark.parametrize(
    "layers, reason",
    [
        ([nn.ReLU()], "layer '1': the net ends without a dense or pooling layer"),
        ([nn.Flatten()], "layer '1': the net ends without a dense or pooling layer"),
        (
            [nn.AdaptiveAvgPool2d(4), nn.Flatten()],
            "layer '1': adaptive pooling of 6x6 units to 4x4",
        ),
        ([nn.MaxPool2d(9), nn.Flatten(), nn.Linear(4, 2)], "rejects a crop of 8x8: .*too small"),
        ([nn.Flatten(), nn.Linear(9, 2)], "rejects a crop of 8x8: .*mat1 and mat2"),
        ([nn.Flatten(), nn.Linear(144, 2), nn.Softmax(2)], "rejects a crop of 8x8"),
        ([nn.Flatten(), nn.Linear(144, 2), nn.Softmax(0)], "layer '3': Softmax needs the axis"),
        ([Block(lambda _, x: (x.mean((2, 3)), 3), {})], "must return tensors made from its crops"),
    ],
)
def test_a_classifier_that_gives_no_logits_of_a_crop_is_refused(layers, reason):
    assert re.search(reason, str(_refusal(nn.Sequential(nn.Conv2d(3, 4, 3), *layers))))


def _view_in_place(_, x):
    y = x.flatten(1)
    return y.relu_() + x.flatten(1)


def _part_in_place(_, x):
    return x[:, :2].mul_(2).sum((1, 2, 3)) + x.mean((1, 2, 3))


@pytest.mark.parametrize("function", [_view_in_place, _part_in_place])
def test_what_is_changed_in_place_through_a_view_and_read_again_is_refused(function):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), Block(function, {}))
    error = _refusal(net)
    assert error.layer == "0"
    assert "changed in place, and then used again" in str(error)


def test_further_arguments_of_a_classifier_keep_their_defaults(check):
    class Optional(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.dense = nn.Conv2d(3, 4, 3, 2), nn.Linear(4, 2)

        def forward(self, x, mask=None, features_only=False):
            x = self.trunk(x).mean((2, 3))
            if mask is not None:
                x = x * mask
            return x if features_only else self.dense(x)

    check(Optional().double(), (8, 9))
