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
    fold_normalisations,
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
    classifier = nn.Sequential(*layers).eval()
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


@given(cases(padded=False), st.sampled_from(list(TOLERANCES)))
@settings(max_examples=60, deadline=None)
def test_every_cell_of_an_unpadded_net_is_the_classifier_on_the_windows_pixels(
    randomised, deviation, case: Case, dtype: torch.dtype
) -> None:
    classifier = randomised(case.classifier.to(dtype))
    fcn = to_fully_convolutional(classifier, case.crop_hw)
    assert fcn.exact == (not case.leaves_crop)
    image_hw = case.image_hw if fcn.exact else case.crop_hw
    assert deviation(classifier, fcn, image_hw) <= TOLERANCES[dtype]


@given(cases(padded=True))
@settings(max_examples=60, deadline=None)
def test_a_padded_net_says_so_and_still_equals_the_classifier_on_a_crop(
    randomised, deviation, case: Case
) -> None:
    classifier = randomised(case.classifier.double())
    fcn = to_fully_convolutional(classifier, case.crop_hw)
    assert fcn.exact == (not case.leaves_crop)
    assert deviation(classifier, fcn, case.crop_hw) <= 1e-12


@given(cases(padded=True))
@settings(max_examples=60, deadline=None)
def test_a_padded_net_of_a_finer_stride_equals_the_classifier_on_a_crop_or_is_refused(
    randomised, deviation, case: Case
) -> None:
    classifier = randomised(case.classifier.double())
    fcn = _finer_or_refusal(classifier, case.crop_hw)
    if isinstance(fcn, ConversionError):
        assert "cannot be dilated" in str(fcn)
        assert fcn.layer.isdigit()
    else:
        assert deviation(classifier, fcn, case.crop_hw) <= 1e-12


def _finer_or_refusal(classifier: nn.Module, crop_hw: HW) -> FullyConvolutional | ConversionError:
    try:
        return to_fully_convolutional(classifier, crop_hw, stride=1)
    except ConversionError as error:
        return error


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
@settings(max_examples=40, deadline=None)
def test_the_map_has_one_cell_for_each_window_wholly_inside_the_image(case: Case) -> None:
    fcn = to_fully_convolutional(case.classifier, case.crop_hw)
    with torch.no_grad():
        logits = fcn(torch.zeros(2, 3, *case.image_hw))
        classes = case.classifier(torch.zeros(1, 3, *case.crop_hw)).shape[1]
    sides = zip(case.image_hw, case.crop_hw, fcn.stride_hw, strict=True)
    assert logits.shape == (2, classes, *((h - crop) // stride + 1 for h, crop, stride in sides))


@given(cases(padded=False).filter(lambda case: not case.leaves_crop))
@settings(max_examples=20, deadline=None)
def test_folding_normalisations_changes_no_score(randomised, difference, case: Case) -> None:
    fcn = to_fully_convolutional(randomised(case.classifier.double()), case.crop_hw)
    images = torch.rand(1, 3, *case.image_hw, dtype=torch.float64)
    with torch.no_grad():
        assert difference(fold_normalisations(fcn)(images), fcn(images)) <= 1e-12


def _zoo_net(name: str, crop_hw: HW, outputs: int = 2) -> nn.Sequential:
    torch.manual_seed(1)
    return build_net(name, crop_hw, outputs).eval()


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nets_of_the_zoo_convert_as_exactly_as_they_say(
    randomised, deviation, name: str, dtype: torch.dtype
) -> None:
    classifier = randomised(_zoo_net(name, (64, 56)).to(dtype))
    fcn = to_fully_convolutional(classifier, (64, 56))
    assert fcn.exact == ("not exact" not in ARCHITECTURES[name].about)
    assert deviation(classifier, fcn, (64, 56)) <= TOLERANCES[dtype]
    on_a_frame = deviation(classifier, fcn, (91, 101))
    assert (on_a_frame <= TOLERANCES[dtype]) == fcn.exact


@torch.no_grad()
def test_a_head_alone_converts_on_the_feature_map_that_it_takes() -> None:
    head = nn.Sequential(nn.Flatten(), nn.Linear(16 * 4 * 4, 8), nn.ReLU(), nn.Linear(8, 3))
    fcn = to_fully_convolutional(head.double(), (4, 4))
    maps = torch.rand(1, 16, 8, 9, dtype=torch.float64)
    assert (fcn.stride_hw, fcn.exact) == ((1, 1), True)
    assert fcn(maps).shape == (1, 3, 5, 6)
    assert (fcn(maps)[:, :, 2, 3] - head(maps[:, :, 2:6, 3:7])).abs().max() <= 1e-12


def test_the_dress_net_sees_403_windows_of_two_by_four_units_in_its_frame() -> None:
    fcn = to_fully_convolutional(_zoo_net("dress", (128, 64), outputs=1), (128, 64))
    assert (fcn.units_hw, fcn.stride_hw, fcn.exact) == ((4, 2), (32, 32), False)
    with torch.no_grad():
        logits = fcn(torch.zeros(1, 3, 512, 1024))
    assert logits.shape == (1, 1, 13, 31)
    assert logits.numel() == 403


@given(cases(padded=False).filter(lambda case: not case.leaves_crop))
@settings(max_examples=20, deadline=None)
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


def test_functions_methods_and_layers_used_twice_are_converted(randomised, deviation) -> None:
    torch.manual_seed(2)
    classifier = randomised(Functional().double())
    fcn = to_fully_convolutional(classifier, (14, 18))
    assert (fcn.exact, fcn.stride_hw, fcn.units_hw) == (True, (2, 2), (3, 5))
    assert deviation(classifier, fcn, (31, 30)) <= 1e-12
