"""Random networks of all that converts exactly: every cell is the classifier on its window."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_detect.nets import FullyConvolutional, to_fully_convolutional

HW = tuple[int, int]
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}
# Norms of two nearly equal numbers would amplify what float32 rounds.
EPS = 0.1

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=400)


class Residual(nn.Module):
    """A branch, and the skip that is cropped to its size from some place, strided as it is."""

    def __init__(self, branch: nn.Module, skip: nn.Module, start: HW, step: int, spelling: int):
        super().__init__()
        self.branch, self.skip = branch, skip
        self.start, self.step, self.spelling = start, step, spelling

    def forward(self, x: Tensor) -> Tensor:
        y = self.branch(x)
        (top, left), step = self.start, self.step
        below = top + (y.shape[2] - 1) * step + 1
        beyond = left + (y.size(-1) - 1) * step + 1
        skip = self.skip(x)
        if self.spelling == 0:
            return y + skip[:, :, top:below:step, left:beyond:step]
        if self.spelling == 1:
            skip = F.pad(skip, (-left, beyond - x.shape[3], -top, below - x.shape[2]))
            y += skip[..., ::step, ::step]
            return y.relu_()
        return torch.cat([skip[:, :, top:below, left:beyond][:, :, ::step, ::step], y], dim=1)


class PerPlace(nn.Module):
    """Channels last: a norm, two dense layers, a scale of each channel, and back."""

    def __init__(self, channels: int, as_tokens: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=EPS)
        self.widen, self.narrow = nn.Linear(channels, 7), nn.Linear(7, channels)
        self.scale = nn.Parameter(torch.ones(channels))
        self.as_tokens = as_tokens

    def forward(self, x: Tensor) -> Tensor:
        last = x.flatten(2).transpose(1, 2) if self.as_tokens else x.permute(0, 2, 3, 1)
        last = last + self.narrow(F.gelu(self.widen(self.norm(last)))) * self.scale
        if self.as_tokens:
            return last.transpose(1, 2).reshape(x.shape)
        return last.permute(0, 3, 1, 2)


class Halves(nn.Module):
    """Half of the channels pass by, the others go through a layer; then all are shuffled."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels // 2, channels // 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.size()
        kept, changed = x.chunk(2, dim=1)
        x = torch.cat((kept, torch.tanh(self.layer(changed))), 1)
        x = x.view(n, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return x.view(n, channels, height, width)


class Gate(nn.Module):
    """All channels of a place weighed by one, or by as many others."""

    def __init__(self, channels: int, gates: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, gates, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.gate(x))


class Function(nn.Module):
    """A function as a layer; torch.fx looks into it."""

    def __init__(self, name: str, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.name, self.function = name, function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.name


BETWEEN: list[Callable[[int], nn.Module]] = [
    lambda _: nn.Identity(),
    lambda _: nn.ReLU(inplace=True),
    lambda _: nn.SiLU(),
    lambda _: nn.Dropout(0.5),
    nn.PReLU,
    nn.BatchNorm2d,
    lambda _: Function("norm", lambda x: F.normalize(x, dim=1, eps=EPS)),
    lambda _: Function("abs - 0.3", lambda x: x.abs() - 0.3),
    lambda channels: PerPlace(channels, as_tokens=False),
    lambda channels: PerPlace(channels, as_tokens=True),
    lambda channels: Gate(channels, 1),
    lambda channels: Gate(channels, channels),
    lambda channels: Halves(channels) if channels % 2 == 0 else nn.Identity(),
    lambda channels: nn.ChannelShuffle(2) if channels % 2 == 0 else nn.ReLU(),
]

FLATTEN = {
    "layer": nn.Flatten(),
    "method": lambda x: x.flatten(1),
    "view": lambda x: x.contiguous().view(x.size(0), -1),
    "reshape": lambda x: torch.reshape(x, (x.shape[0], -1)),
    "channels last": lambda x: x.permute(0, 2, 3, 1).flatten(1),
    "transposed": lambda x: x.transpose(2, 3).reshape(x.shape[0], -1),
    "tokens": lambda x: x.flatten(2).mT.flatten(1),
    "cut": lambda x: x[:, :, x.shape[2] // 2 :, : x.shape[3] // 2 + 1].flatten(1),
    "mean": lambda x: x.mean([2, 3]),
    "mean kept": lambda x: x.mean((2, 3), keepdim=True).flatten(1),
    "means": lambda x: x.mean(3).mean(2),
    "tokens' mean": lambda x: x.flatten(2).mean(-1),
    "rows' mean": lambda x: x.mean(2).flatten(1),
    "sum": lambda x: x.sum((2, 3)) / 9,
    "amax": lambda x: x.amax((2, 3)),
    "max of rows": lambda x: x.max(3)[0].flatten(1),
    "pooled": lambda x: F.avg_pool2d(x, x.shape[2:]).flatten(1),
    "adaptive": lambda x: torch.flatten(F.adaptive_avg_pool2d(x, 1), 1),
    "adaptive max": lambda x: F.adaptive_max_pool2d(x, 1)[:, :, 0, 0],
    "a place": lambda x: x[:, :, x.shape[2] // 2, -1],
    "two pools": lambda x: torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1),
    "3x3 bins": lambda x: F.adaptive_avg_pool2d(x, 3).flatten(1),
    "5x2 bins, channels last": lambda x: (
        F.adaptive_avg_pool2d(x, (5, 2)).permute(0, 2, 3, 1).flatten(1)
    ),
}


class Classifier(nn.Module):
    """A trunk, a flattening, dense layers; and where asked a second head, on an earlier map."""

    def __init__(
        self, trunk: nn.Sequential, flatten: str, head: nn.Module, early: nn.Module | None
    ):
        super().__init__()
        self.trunk, self.head, self.early = trunk, head, early
        layer = FLATTEN[flatten]
        self.flatten = layer if isinstance(layer, nn.Module) else Function(flatten, layer)

    def forward(self, x: Tensor) -> Any:
        first = x = self.trunk[0](x)
        for layer in self.trunk[1:]:
            x = layer(x)
        logits = self.head(self.flatten(x))
        return logits if self.early is None else {"late": logits, "early": self.early(first)}


@dataclass(frozen=True)
class Case:
    """A random classifier, an image's size, and which divisor of its stride is asked for."""

    classifier: Classifier
    crop_hw: HW
    extra_hw: HW
    divisor: int
    dtype: torch.dtype


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Trunks of one to four blocks, each with something between, and one or two heads."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    crop_hw = draw(st.tuples(st.integers(6, 28), st.integers(6, 28)))
    blocks: list[nn.Module] = []
    maps = torch.zeros(2, 3, *crop_hw)
    for _ in range(draw(st.integers(1, 4))):
        block = draw(_blocks(maps.shape[1], tuple(maps.shape[2:]))).eval()
        maps = block(maps).detach()
        block = nn.Sequential(block, draw(st.sampled_from(BETWEEN))(maps.shape[1]))
        blocks.append(block)
    flatten = draw(st.sampled_from(list(FLATTEN)))
    head = draw(_head(FLATTEN[flatten](maps).shape[1]))
    channels = blocks[0][0](torch.zeros(2, 3, *crop_hw)).shape[1]
    early = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2))
    early = draw(st.sampled_from([None, None, None, early]))
    classifier = Classifier(nn.Sequential(*blocks), flatten, head, early)
    extra_hw = draw(st.tuples(st.integers(0, 14), st.integers(0, 14)))
    dtype = draw(st.sampled_from(list(TOLERANCES)))
    return Case(classifier, crop_hw, extra_hw, draw(st.integers(1, 6)), dtype)


@st.composite
def _blocks(draw: st.DrawFn, channels: int, map_hw: HW) -> nn.Module:
    """A sliding layer, a residual, or branches beside each other, that fit a map."""
    kind = draw(st.sampled_from(["slide", "slide", "slide", "residual", "beside"]))
    if kind == "slide":
        return draw(_sliding(channels, map_hw))
    kernel = tuple(draw(st.integers(1, min(3, side))) for side in map_hw)
    step = draw(st.integers(1, 2))
    spelling = draw(st.integers(0, 1)) if kind == "residual" else 2
    outputs = draw(st.integers(1, 5))
    branch: nn.Module = nn.Conv2d(channels, outputs, kernel, step)
    if draw(st.booleans()):
        branch = nn.Sequential(
            nn.Conv2d(channels, 4, 1), nn.ReLU(True), nn.Conv2d(4, outputs, kernel, step)
        )
    skip = nn.Conv2d(channels, outputs, 1) if outputs != channels else nn.Identity()
    start = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    return Residual(branch, skip, start, step, spelling)


@st.composite
def _sliding(draw: st.DrawFn, channels: int, map_hw: HW) -> nn.Module:
    """A convolution or a pooling without padding."""
    kernel = tuple(draw(st.integers(1, min(4, side))) for side in map_hw)
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = tuple(
        draw(st.integers(1, 2 if 2 * (k - 1) < side else 1))
        for k, side in zip(kernel, map_hw, strict=True)
    )
    kind = draw(st.sampled_from(["convolution", "convolution", "max", "average"]))
    if kind == "max":
        return nn.MaxPool2d(kernel, stride, 0, dilation)
    if kind == "average":
        return nn.AvgPool2d(kernel, draw(st.sampled_from([None, stride])))
    groups = draw(st.sampled_from([g for g in (1, 2, channels) if channels % g == 0]))
    outputs = groups * draw(st.integers(1, 3)) if groups > 1 else draw(st.integers(1, 6))
    return nn.Conv2d(channels, outputs, kernel, stride, 0, dilation, groups, draw(st.booleans()))


@st.composite
def _head(draw: st.DrawFn, features: int) -> nn.Sequential:
    """One to three dense layers with norms and activations between, maybe a softmax."""
    layers: list[nn.Module] = draw(st.sampled_from([[], [nn.Dropout(0.5)]]))
    for _ in range(draw(st.integers(0, 2))):
        width = draw(st.sampled_from([4, 6]))
        layers = [*layers, nn.Linear(features, width, bias=draw(st.booleans()))]
        norms = [
            nn.Identity(),
            nn.BatchNorm1d(width),
            nn.LayerNorm(width, EPS),
            nn.GroupNorm(2, width, EPS),
        ]
        layers.append(draw(st.sampled_from(norms)))
        layers.append(draw(st.sampled_from([nn.ReLU(), nn.GELU(), nn.PReLU(width)])))
        features = width
    last = draw(st.sampled_from([[], [nn.Softmax(1)], [nn.LogSoftmax(-1)]]))
    return nn.Sequential(*layers, nn.Linear(features, draw(st.integers(1, 3))), *last)


@pytest.fixture(scope="session")
def check_case(randomised, deviation, multiply_adds) -> Callable[[Case], None]:
    def checked(case: Case) -> None:
        classifier = randomised(case.classifier).to(case.dtype)
        fcn = to_fully_convolutional(classifier, case.crop_hw)
        strides = [s for s in range(1, 7) if all(own % s == 0 for own in fcn.stride_hw)]
        stride = strides[case.divisor % len(strides)]
        finer = to_fully_convolutional(classifier, case.crop_hw, stride)
        assert fcn.exact
        assert finer.exact
        assert finer.stride_hw == (stride, stride)
        image_hw = tuple(c + e for c, e in zip(case.crop_hw, case.extra_hw, strict=True))
        assert deviation(classifier, fcn, image_hw) <= TOLERANCES[case.dtype]
        assert deviation(classifier, finer, image_hw) <= TOLERANCES[case.dtype]
        uneven = "bins" in str(case.classifier.flatten)  # folded into a kernel of all units
        in_step = _in_step(classifier.trunk, fcn, image_hw, case.dtype)
        if case.classifier.early is None and not uneven and in_step:
            one_pass = _one_pass(classifier, fcn, image_hw, multiply_adds)
            assert multiply_adds(fcn, image_hw) <= 1.1 * one_pass

    return checked


def _in_step(
    trunk: nn.Sequential, fcn: FullyConvolutional, image_hw: HW, dtype: torch.dtype
) -> bool:
    """Whether the trunk as written has a unit for each cell.

    It has fewer where a pooling over the whole window is written with a stride, which conversion
    rightly takes for one: what follows runs at more places than the trunk alone would.
    """
    windows = zip(image_hw, fcn.crop_hw, fcn.stride_hw, strict=True)
    cells = [(side - crop) // stride for side, crop, stride in windows]
    with torch.inference_mode():
        crop, image = (trunk(torch.zeros(1, 3, *hw, dtype=dtype)) for hw in (fcn.crop_hw, image_hw))
    return [b - a for a, b in zip(crop.shape[2:], image.shape[2:], strict=True)] == cells


def _one_pass(
    classifier: Classifier, fcn: FullyConvolutional, image_hw: HW, multiply_adds: Any
) -> int:
    """The classifier's own trunk over the image, and its dense layers once for each cell."""
    trunk, crop_hw = nn.Sequential(classifier.trunk), fcn.crop_hw
    heads = multiply_adds(classifier, crop_hw) - multiply_adds(trunk, crop_hw)
    cells = math.prod(
        (side - crop) // stride + 1
        for side, crop, stride in zip(image_hw, crop_hw, fcn.stride_hw, strict=True)
    )
    return multiply_adds(trunk, image_hw) + cells * heads


@given(cases())
@FEW
def test_every_cell_of_a_random_net_is_the_classifier_in_one_pass_at_any_stride(
    check_case, case: Case
) -> None:
    check_case(case)


@pytest.mark.slow
@given(cases())
@MANY
def test_every_cell_of_hundreds_of_random_nets_is_the_classifier_in_one_pass_at_any_stride(
    check_case, case: Case
) -> None:
    check_case(case)
