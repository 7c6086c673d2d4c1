import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.errors import ConversionError
from fcn_detect.nets import (
    ARCHITECTURES,
    FullyConvolutional,
    Normalize,
    build_net,
    dense_to_convolution,
    fold_batch_norms,
    to_fully_convolutional,
)

# torch warns once of an even kernel that pads more on one side
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

HW = tuple[int, int]
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}

# What may stand between two layers of a trunk, by the number of channels.
BETWEEN: list[Callable[[int], nn.Module]] = [
    lambda _: nn.Identity(),
    lambda _: nn.ReLU(inplace=True),
    lambda _: nn.LeakyReLU(0.1),
    lambda _: nn.SiLU(),
    lambda _: nn.Tanh(),
    lambda _: nn.Dropout(0.5),
    lambda _: nn.Dropout2d(0.5),
    nn.PReLU,
    nn.BatchNorm2d,
    lambda channels: nn.BatchNorm2d(channels, affine=False),
]


@dataclass(frozen=True)
class Case:
    """A random classifier, and what its maker knows of it."""

    classifier: nn.Sequential
    crop_hw: HW
    image_hw: HW
    leaves_crop: bool


@st.composite
def cases(draw: st.DrawFn, padded: bool) -> Case:
    """A trunk of one to four sliding layers, a closing, and a dense head."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    crop_hw = draw(st.tuples(st.integers(8, 40), st.integers(8, 40)))
    layers: list[nn.Module] = []
    leaves_crop = False
    value = torch.zeros(1, 3, *crop_hw)
    for _ in range(draw(st.integers(1, 4))):
        sliding, leaves = draw(_sliding(value.shape, padded))
        value = sliding(value).detach()
        between = draw(st.sampled_from(BETWEEN))(value.shape[1])
        layers += [sliding, between]
        leaves_crop |= leaves
    pooling = draw(st.sampled_from([None, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d]))
    features = value[0].numel() if pooling is None else value.shape[1]
    layers += [nn.Flatten()] if pooling is None else [pooling(1), nn.Flatten()]
    layers += draw(_head(features))
    extra_hw = draw(st.tuples(st.integers(0, 30), st.integers(0, 30)))
    image_hw = crop_hw[0] + extra_hw[0], crop_hw[1] + extra_hw[1]
    classifier = _randomised(nn.Sequential(*layers))
    return Case(classifier, crop_hw, image_hw, leaves_crop)


@st.composite
def _sliding(draw: st.DrawFn, shape: tuple[int, ...], padded: bool) -> tuple[nn.Module, bool]:
    """A convolution or a pooling that fits a map, and whether any of its windows leaves it."""
    _, channels, *map_hw = shape
    kernel = tuple(draw(st.integers(1, min(5, side))) for side in map_hw)
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = tuple(draw(st.integers(0, k // 2)) if padded else 0 for k in kernel)
    dilation = tuple(
        draw(st.integers(1, 2 if 2 * (k - 1) < side else 1))
        for k, side in zip(kernel, map_hw, strict=True)
    )
    kind = draw(st.sampled_from(["convolution", "convolution", "same", "max", "average"]))
    if kind == "convolution":
        groups = draw(st.sampled_from([g for g in (1, 2) if channels % g == 0]))
        sizes: Any = (channels, 4, kernel, stride, padding, dilation, groups)
        return nn.Conv2d(*sizes, bias=draw(st.booleans())), any(padding)
    if kind == "same":
        kernel = kernel if padded else (1, 1)
        return nn.Conv2d(channels, 3, kernel, padding="same"), kernel != (1, 1)

    def pool(ceil_mode: bool) -> nn.Module:
        if kind == "max":
            return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil_mode)
        return nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil_mode)

    module = pool(draw(st.booleans()))
    zeros = torch.zeros(shape)
    partial = module(zeros).shape != pool(ceil_mode=False)(zeros).shape
    return module, any(padding) or partial


@st.composite
def _head(draw: st.DrawFn, features: int) -> list[nn.Module]:
    """One to three dense layers, with batch norms and activations between, softmax after."""
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(0, 2))):
        width = draw(st.integers(1, 5))
        layers.append(nn.Linear(features, width, bias=draw(st.booleans())))
        if draw(st.booleans()):
            layers.append(nn.BatchNorm1d(width, affine=draw(st.booleans())))
        layers.append(draw(st.sampled_from([nn.ReLU(), nn.GELU(), nn.Dropout(0.5)])))
        features = width
    layers.append(nn.Linear(features, draw(st.integers(1, 3))))
    return layers + draw(st.sampled_from([[], [nn.Softmax(1)], [nn.LogSoftmax(-1)]]))


def _randomised(net: nn.Sequential) -> nn.Sequential:
    """The net with batch norms as after a training, in eval mode."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias)
    return net.eval()


def _windows(images: Tensor, crop_hw: HW, stride_hw: HW) -> Tensor:
    """Every window wholly inside the images: `(n, rows, cols, channels, crop_h, crop_w)`."""
    windows = images.unfold(2, crop_hw[0], stride_hw[0]).unfold(3, crop_hw[1], stride_hw[1])
    return windows.permute(0, 2, 3, 1, 4, 5)


@torch.no_grad()
def _brute_force(classifier: nn.Module, images: Tensor, crop_hw: HW, stride_hw: HW) -> Tensor:
    """The unconverted classifier on every window, as `(n, classes, rows, cols)`."""
    windows = _windows(images, crop_hw, stride_hw)
    n, rows, cols = windows.shape[:3]
    logits = torch.cat([classifier(w) for w in windows.flatten(0, 2).split(64)])
    return logits.reshape(n, rows, cols, -1).permute(0, 3, 1, 2)


def _difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / max(1.0, float(b.abs().max())))


@torch.no_grad()
def _deviation(
    classifier: nn.Module, fcn: FullyConvolutional, image_hw: HW, dtype: torch.dtype
) -> float:
    """Largest difference of the map and the classifier on every window of a random image."""
    like = next(classifier.parameters())
    assert like.dtype == dtype
    scale = 255 if any(isinstance(m, Normalize) for m in classifier.modules()) else 1
    images = torch.rand(1, 3, *image_hw, dtype=dtype) * scale
    oracle = _brute_force(classifier, images, fcn.crop_hw, fcn.stride_hw)
    return _difference(fcn(images), oracle)


@given(cases(padded=False), st.sampled_from(list(TOLERANCES)))
@settings(max_examples=150, deadline=None)
def test_every_cell_of_an_unpadded_net_is_the_classifier_on_the_windows_pixels(
    case: Case, dtype: torch.dtype
) -> None:
    classifier = case.classifier.to(dtype)
    fcn = to_fully_convolutional(classifier, case.crop_hw)
    assert fcn.exact == (not case.leaves_crop)
    image_hw = case.image_hw if fcn.exact else case.crop_hw
    assert _deviation(classifier, fcn, image_hw, dtype) <= TOLERANCES[dtype]


@given(cases(padded=True))
@settings(max_examples=80, deadline=None)
def test_a_padded_net_says_so_and_still_equals_the_classifier_on_a_crop(case: Case) -> None:
    classifier = case.classifier.double()
    fcn = to_fully_convolutional(classifier, case.crop_hw)
    assert fcn.exact == (not case.leaves_crop)
    assert _deviation(classifier, fcn, case.crop_hw, torch.float64) <= 1e-12


@pytest.mark.parametrize(
    "sliding",
    [
        nn.Conv2d(3, 4, 3, stride=3, padding=1),
        nn.Conv2d(3, 4, 3, stride=3, padding=(0, 1)),
        nn.Conv2d(3, 4, 2, padding="same"),
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
        nn.MaxPool2d(3, padding=1),
        nn.AvgPool2d(3, padding=1),
        nn.MaxPool2d(2, ceil_mode=True),
    ],
    ids=str,
)
def test_whatever_leaves_the_crop_makes_a_net_not_exact(sliding: nn.Module) -> None:
    """On 9×9, three windows 3 apart cover the crop to the pixel, and yet begin outside of it."""
    features = sliding(torch.zeros(1, 3, 9, 9)).numel()
    classifier = nn.Sequential(sliding, nn.Flatten(), nn.Linear(features, 2))
    assert not to_fully_convolutional(classifier, (9, 9)).exact


@given(st.booleans().flatmap(lambda padded: cases(padded=padded)))
@settings(max_examples=80, deadline=None)
def test_the_map_has_one_cell_for_each_window_wholly_inside_the_image(case: Case) -> None:
    fcn = to_fully_convolutional(case.classifier, case.crop_hw)
    with torch.no_grad():
        logits = fcn(torch.zeros(2, 3, *case.image_hw))
        classes = case.classifier(torch.zeros(1, 3, *case.crop_hw)).shape[1]
    sides = zip(case.image_hw, case.crop_hw, fcn.stride_hw, strict=True)
    assert logits.shape == (2, classes, *((h - crop) // stride + 1 for h, crop, stride in sides))


@given(cases(padded=False).filter(lambda case: not case.leaves_crop))
@settings(max_examples=20, deadline=None)
def test_folding_batch_norms_changes_no_score(case: Case) -> None:
    fcn = to_fully_convolutional(case.classifier.double(), case.crop_hw)
    images = torch.rand(1, 3, *case.image_hw, dtype=torch.float64)
    with torch.no_grad():
        assert _difference(fold_batch_norms(fcn)(images), fcn(images)) <= 1e-12


def _zoo_net(name: str, crop_hw: HW, outputs: int = 2) -> nn.Sequential:
    torch.manual_seed(1)
    return _randomised(build_net(name, crop_hw, outputs))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nets_of_the_zoo_convert_as_exactly_as_they_say(name: str, dtype: torch.dtype) -> None:
    classifier = _zoo_net(name, (64, 56)).to(dtype)
    fcn = to_fully_convolutional(classifier, (64, 56))
    assert fcn.exact == ("not exact" not in ARCHITECTURES[name].about)
    assert _deviation(classifier, fcn, (64, 56), dtype) <= TOLERANCES[dtype]
    deviation = _deviation(classifier, fcn, (91, 101), dtype)
    assert (deviation <= TOLERANCES[dtype]) == fcn.exact


def test_the_dress_net_sees_403_windows_of_two_by_four_units_in_its_frame() -> None:
    fcn = to_fully_convolutional(_zoo_net("dress", (128, 64), outputs=1), (128, 64))
    assert (fcn.units_hw, fcn.stride_hw, fcn.exact) == ((4, 2), (32, 32), False)
    with torch.no_grad():
        logits = fcn(torch.zeros(1, 3, 512, 1024))
    assert logits.shape == (1, 1, 13, 31)
    assert logits.numel() == 403


@given(cases(padded=False).filter(lambda case: not case.leaves_crop))
@settings(max_examples=30, deadline=None)
def test_the_units_of_a_window_see_no_pixel_outside_of_it(case: Case) -> None:
    fcn = to_fully_convolutional(case.classifier, case.crop_hw)
    field = fcn.receptive_field
    for units, stride, size, crop in zip(
        fcn.units_hw, field.stride_hw, field.size_hw, case.crop_hw, strict=True
    ):
        assert (units - 1) * stride + size <= crop


class Functional(nn.Module):
    """A classifier whose forward uses functions, methods and one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.normalize = Normalize()
        self.first = nn.Conv2d(3, 4, 3)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, stride=2), nn.BatchNorm2d(4))
        self.twice = nn.Conv2d(4, 4, 2, groups=2)
        self.activation = nn.ReLU()
        self.hidden = nn.Linear(4 * 3 * 5, 6)
        self.logits = nn.Linear(6, 2)

    def forward(self, crops: Tensor) -> Tensor:
        x = F.relu(self.first(self.normalize(crops)))
        x = self.activation(self.block(x))
        x = self.activation(self.twice(self.twice(x)))
        x = torch.sigmoid(self.hidden(torch.flatten(x, 1)))
        return self.logits(-x).flatten(1)


def test_functions_methods_and_layers_used_twice_are_converted() -> None:
    torch.manual_seed(2)
    classifier = Functional().double().eval()
    fcn = to_fully_convolutional(classifier, (14, 18))
    assert (fcn.exact, fcn.stride_hw, fcn.units_hw) == (True, (2, 2), (3, 5))
    assert _deviation(classifier, fcn, (31, 30), torch.float64) <= 1e-12


class TwoNorms(nn.Module):
    """One convolution before two different batch norms."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3)
        self.norms = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3))
        self.logits = nn.Linear(3, 2)

    def forward(self, crops: Tensor) -> Tensor:
        x = self.norms[0](self.convolution(crops))
        x = self.norms[1](self.convolution(x))
        return self.logits(x.flatten(1))


def test_a_batch_norm_is_not_folded_into_a_convolution_that_is_used_elsewhere() -> None:
    torch.manual_seed(3)
    classifier = TwoNorms().double()
    _randomised(nn.Sequential(classifier))
    fcn = to_fully_convolutional(classifier, (5, 5))
    images = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    with torch.no_grad():
        assert _difference(fold_batch_norms(fcn)(images), fcn(images)) <= 1e-12


def test_folding_leaves_no_batch_norm_in_a_net_of_the_zoo_and_the_original_alone() -> None:
    fcn = to_fully_convolutional(_zoo_net("valid-small", (48, 48)), (48, 48))
    before = copy.deepcopy(fcn.state_dict())
    folded = fold_batch_norms(fcn)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    assert (folded.crop_hw, folded.stride_hw, folded.exact) == ((48, 48), (8, 8), True)
    _assert_same_state(fcn.state_dict(), before)


def _assert_same_state(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_classifier_is_left_as_it_was() -> None:
    classifier = _zoo_net("valid-small", (48, 48)).train()
    state = copy.deepcopy(classifier.state_dict())
    modules = [(name, type(module), module.training) for name, module in classifier.named_modules()]
    to_fully_convolutional(classifier, (48, 48))
    _assert_same_state(classifier.state_dict(), state)
    assert modules == [
        (name, type(module), module.training) for name, module in classifier.named_modules()
    ]


def test_weights_are_copied_not_shared() -> None:
    classifier = _zoo_net("valid-small", (48, 48))
    fcn = to_fully_convolutional(classifier, (48, 48))
    before = copy.deepcopy(fcn.state_dict())
    for tensor in classifier.state_dict().values():
        tensor.zero_()
    _assert_same_state(fcn.state_dict(), before)


def test_a_net_in_training_is_converted_as_it_is_in_evaluation() -> None:
    classifier = _zoo_net("valid-small", (48, 48))
    images = torch.rand(1, 3, 48, 48) * 255
    fcn = to_fully_convolutional(copy.deepcopy(classifier).train(), (48, 48))
    assert not any(module.training for module in fcn.modules())
    with torch.no_grad():
        assert _difference(fcn(images)[:, :, 0, 0], classifier(images)) <= 1e-5


@pytest.fixture(scope="module")
def converted() -> FullyConvolutional:
    return to_fully_convolutional(_zoo_net("valid-small", (48, 56)), (48, 56))


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 3, 60, 70) * 255


@torch.no_grad()
def test_a_converted_net_is_a_plain_module_of_any_precision(
    converted: FullyConvolutional, images: Tensor
) -> None:
    double = copy.deepcopy(converted).double()
    logits = double(images.double())
    assert logits.dtype == torch.float64
    assert _difference(converted(images).double(), logits) <= 1e-5
    assert _difference(double.to("cpu", torch.float32)(images), converted(images)) <= 1e-5
    half = copy.deepcopy(converted).to(torch.bfloat16)(images.bfloat16())
    assert (half.dtype, half.shape) == (torch.bfloat16, logits.shape)


@torch.no_grad()
def test_a_state_dict_carries_a_converted_net_into_another(
    converted: FullyConvolutional, images: Tensor
) -> None:
    other = to_fully_convolutional(build_net("valid-small", (48, 56), 2), (48, 56))
    assert not torch.equal(other(images), converted(images))
    other.load_state_dict(converted.state_dict())
    assert torch.equal(other(images), converted(images))


@torch.no_grad()
def test_a_deep_copy_of_a_converted_net_lives_on_its_own(
    converted: FullyConvolutional, images: Tensor
) -> None:
    copied = copy.deepcopy(converted)
    assert torch.equal(copied(images), converted(images))
    before = converted(images)
    for parameter in copied.parameters():
        parameter.zero_()
    assert torch.equal(converted(images), before)


@torch.no_grad()
def test_a_converted_net_can_be_scripted(converted: FullyConvolutional, images: Tensor) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit", category=FutureWarning)
        scripted = torch.jit.script(converted)
    assert torch.equal(scripted(images), converted(images))
    assert scripted(images[:, :, :48, :56]).shape == (2, 2, 1, 1)


def test_a_converted_net_can_be_trained_on(converted: FullyConvolutional, images: Tensor) -> None:
    net = copy.deepcopy(converted)
    net(images).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_layers_keep_their_names(converted: FullyConvolutional) -> None:
    classifier = build_net("valid-small", (48, 56), 2)
    names = {name for name, _ in classifier.named_parameters()}
    assert {name.removeprefix("net.") for name, _ in converted.named_parameters()} == names


@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_a_dense_layer_is_a_convolution_whose_kernel_is_the_map(bias: bool) -> None:
    dense = nn.Linear(3 * 4 * 2, 5, bias=bias).double()
    maps = torch.rand(6, 3, 4, 2, dtype=torch.float64)
    convolution = dense_to_convolution(dense, (4, 2))
    assert convolution.kernel_size == (4, 2)
    assert _difference(convolution(maps)[:, :, 0, 0], dense(maps.flatten(1))) <= 1e-12


class Attention(nn.Module):
    """Every place of the map looks at every other."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        return self.heads(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)


class SqueezeAndExcite(nn.Module):
    """Channels weighted by what the whole map holds."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x)


class Custom(nn.Module):
    """A function that the rules do not know."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cumsum(x, 2)


class Transposing(nn.Module):
    """A parameter-free reordering before the flatten."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


HEAD = (nn.Flatten(), nn.Linear(4 * 6 * 6, 2))


def _trunk(*layers: nn.Module) -> nn.Sequential:
    """Crops of 8×8 to a map of 4 channels and 6×6 places, and what comes after."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), *layers), *HEAD)


@pytest.mark.parametrize(
    "classifier, layer, reason",
    [
        (_trunk(nn.InstanceNorm2d(4)), "1.1", "InstanceNorm2d has no known"),
        (_trunk(nn.LayerNorm([4, 6, 6])), "1.1", "LayerNorm has no known"),
        (_trunk(nn.GroupNorm(2, 4)), "1.1", "GroupNorm has no known"),
        (_trunk(nn.BatchNorm2d(4, track_running_stats=False)), "1.1", "running statistics"),
        (_trunk(nn.Linear(6, 6)), "1.1", "not on a flattened"),
        (_trunk(nn.Softmax(1)), "1.1", "after the dense layers"),
        (_trunk(nn.AdaptiveAvgPool2d(3), nn.Upsample((6, 6))), "1.1", "to (3, 3)"),
        (_trunk(nn.Upsample((6, 6))), "1.1", "Upsample has no known"),
        (_trunk(Attention()), "1.1", "flatten must turn"),
        (_trunk(SqueezeAndExcite()), "1.1", "joins several branches"),
        (_trunk(Custom()), "1.1", "cumsum has no known"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), "1", "without a dense or pooling layer"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()), "1", "without a dense or pooling layer"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1)), "1", "closes the window"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), Transposing(), HEAD[1]), "1", "permute has no known"),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.BatchNorm1d(144), HEAD[1]),
            "2",
            "flatten of several places",
        ),
        (
            nn.Sequential(
                nn.Conv2d(3, 4, 3),
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(4, 4, 1, stride=2),
                nn.Flatten(),
            ),
            "2",
            "stride of (2, 2) after the window was closed",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2, return_indices=True)),
            "1",
            "other than one tensor",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_names_the_layer_and_the_reason(
    classifier: nn.Module, layer: str, reason: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        to_fully_convolutional(classifier, (8, 8))
    assert caught.value.layer.split(".")[: layer.count(".") + 1] == layer.split(".")
    assert reason in str(caught.value)
    assert f"layer '{caught.value.layer}'" in str(caught.value)
    assert isinstance(caught.value, ValueError)


class DataDependent(nn.Module):
    """Control flow that depends on pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class TwoOutputs(nn.Module):
    """A pair where logits are expected."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.relu(x), torch.sigmoid(x)


@pytest.mark.parametrize(
    "classifier, reason",
    [
        (_trunk(DataDependent()), "cannot be traced"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), TwoOutputs()), "one tensor of logits"),
        (nn.Sequential(nn.Conv2d(3, 4, 9), *HEAD), "rejects a crop of 8x8"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(9, 2)), "rejects a crop"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), *HEAD, nn.Softmax(2)), "rejects a crop"),
    ],
)
def test_a_module_that_cannot_be_read_as_layers_is_refused(
    classifier: nn.Module, reason: str
) -> None:
    with pytest.raises(ConversionError, match=reason) as caught:
        to_fully_convolutional(classifier, (8, 8))
    assert "\n" not in str(caught.value)


def test_a_stride_is_taken_when_it_is_the_nets_own_and_refused_else() -> None:
    classifier = _zoo_net("valid-small", (48, 48))
    assert to_fully_convolutional(classifier, (48, 48), stride=8).stride_hw == (8, 8)
    with pytest.raises(ConversionError, match="a stride of 4 is not possible"):
        to_fully_convolutional(classifier, (48, 48), stride=4)
